using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using Adaptation.Testing;

namespace Adaptation.Architecture;

/// <summary>Who may know whom: the map of the architecture, read from what the compiler put into the assemblies and from the project files.</summary>
public class DependencyTests
{
    private const string Analyzers = "Meziantou.Analyzer Microsoft.CodeAnalysis.BannedApiAnalyzers";

    /// <summary>Assembly, project, assemblies of ours that it may reference, packages that it may reference.</summary>
    public static TheoryData<string, string, string, string> Map => new()
    {
        { "Adaptation.Core", "Core", "", "" },
        { "Adaptation.Certificates", "Certificates", "Adaptation.Core", "" },
        { "Adaptation.Models", "Models", "Adaptation.Core", "" },
        { "Adaptation.Runner", "Runner", "Adaptation.Core Adaptation.Certificates Adaptation.Models", "YamlDotNet" },
        { "Adaptation.Runner.Docker", "Runner.Docker", "Adaptation.Core Adaptation.Runner", "" },
        { "adapt", "Cli", "Adaptation.Core Adaptation.Certificates Adaptation.Models Adaptation.Runner Adaptation.Runner.Docker", "System.CommandLine Spectre.Console" },
        { "Adaptation.Adapters.Abstractions", "Adapters/Abstractions", "Adaptation.Core", "" },
        { "Adaptation.Adapters.OnnxRuntime", "Adapters/OnnxRuntime", "Adaptation.Core Adaptation.Adapters.Abstractions", "" },
        { "Adaptation.Adapters.LibTorch", "Adapters/LibTorch", "Adaptation.Core Adaptation.Adapters.Abstractions", "" },
        { "Adaptation.Adapters.LlamaCpp", "Adapters/LlamaCpp", "Adaptation.Core Adaptation.Adapters.Abstractions", "" },
        { "adaptation-host", "Adapters/Host", "Adaptation.Core Adaptation.Models Adaptation.Adapters.Abstractions Adaptation.Adapters.OnnxRuntime Adaptation.Adapters.LibTorch Adaptation.Adapters.LlamaCpp", "" },
    };

    [Theory, MemberData(nameof(Map))]
    public void An_assembly_references_only_what_the_map_allows(string assembly, string project, string ours, string packages)
    {
        Assert.True(Directory.Exists(Path.Combine(Golden.Root, "src", project)));
        var allowed = $"{ours} {packages}".Split(' ');
        Assert.Empty(References(assembly).Where(name => !Frameworks.Any(folder => File.Exists(Path.Combine(folder, name + ".dll")))).Except(allowed));
    }

    [Theory, MemberData(nameof(Map))]
    public void A_project_file_names_only_what_the_map_allows_used_or_not(string assembly, string project, string ours, string packages)
    {
        var file = Directory.GetFiles(Path.Combine(Golden.Root, "src", project), "*.csproj").Single();
        var document = XDocument.Load(file);
        var referenced = document.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Assert.Empty(referenced.Except(ours.Split(' ')));
        Assert.Empty(document.Descendants("PackageReference").Select(reference => reference.Attribute("Include")!.Value).Except($"{packages} {Analyzers}".Split(' ')));
        Assert.NotEmpty(assembly);
    }

    [Fact]
    public void The_map_knows_every_project()
    {
        var mapped = Map.Select(row => row.Data.Item2).Order(StringComparer.Ordinal);
        var there = Sources.Under("src", "*.csproj").Select(file => Path.GetRelativePath(Path.Combine(Golden.Root, "src"), Path.GetDirectoryName(file)!)).Order(StringComparer.Ordinal);
        Assert.Equal(there, mapped);
    }

    [Fact]
    public void No_source_project_references_a_test()
    {
        foreach (var file in Sources.Under("src", "*.csproj"))
            Assert.DoesNotContain("tests/", File.ReadAllText(file).Replace('\\', '/'), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_package_has_one_exact_version()
    {
        var versions = XDocument.Load(Path.Combine(Golden.Root, "Directory.Packages.props")).Descendants("PackageVersion").ToArray();
        Assert.NotEmpty(versions);
        Assert.All(versions, version => Assert.Matches(@"\A[0-9]+(\.[0-9]+){1,3}\z", version.Attribute("Version")!.Value));
        foreach (var project in Sources.Under("", "*.csproj"))
            Assert.All(XDocument.Load(project).Descendants("PackageReference"), reference => Assert.Null(reference.Attribute("Version") ?? reference.Attribute("VersionOverride")));
    }

    private static string[] Frameworks { get; } =
    [
        Path.GetDirectoryName(typeof(object).Assembly.Location)!,
        .. Directory.GetDirectories(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../Microsoft.AspNetCore.App")),
    ];

    /// <summary>Read from the file, so that nothing of it is loaded.</summary>
    private static string[] References(string assembly)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
