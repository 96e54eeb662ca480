using System.Reflection;
using System.Xml.Linq;
using Adaptation.Adapters.Abstractions;
using Adaptation.Testing;

namespace Adaptation.Architecture;

public class SourceTests
{
    [Fact]
    public void Only_the_two_programs_name_concrete_engines_and_adapters() => Assert.Empty(Naming(
        ["new LocalProcessEngine(", "DockerEngine.ConnectAsync(", "new OnnxRuntimeAdapter("], ["src/Cli/Program.cs", "src/Adapters/Host/Program.cs"]));

    [Fact]
    public void Only_composition_reads_the_environment() => Assert.Empty(Naming(
        ["GetEnvironmentVariable"], ["src/Cli/Program.cs", "src/Cli/Machine.cs", "src/Adapters/Host/Program.cs"]));

    [Fact]
    public void Only_the_reader_of_yaml_knows_its_package() =>
        Assert.Empty(Naming(["YamlDotNet"], ["src/Runner/Inputs/Yaml.cs", "src/Runner/Inputs/YamlMap.cs", "src/Runner/Inputs/YamlScan.cs"]));

    [Fact]
    public void Only_the_command_line_and_the_host_s_start_touch_the_console() =>
        Assert.Empty(Naming(["Console."], ["src/Cli/", "src/Adapters/Host/Program.cs"]));

    [Fact]
    public void No_file_is_longer_than_400_lines() =>
        Assert.Empty(Sources.Under("", "*.cs").Where(file => File.ReadLines(file).Count() > 400).Select(Sources.Shown));

    [Fact]
    public void No_file_names_a_registry_of_packages_or_the_machine_that_it_was_written_on()
    {
        // put together here, so that this file does not name them
        string[] banned = ["registry." + "npmjs", "api." + "nuget", "/wor" + "k/", "deb." + "debian", "archive." + "ubuntu"];
        var texts = Sources.Under("", "*").Where(file => Path.GetExtension(file) is not (".png" or ".gz" or ".onnx" or ".bin"));
        Assert.Empty(texts.Where(file => File.ReadAllText(file) is var text && banned.Any(name => text.Contains(name, StringComparison.Ordinal))).Select(Sources.Shown));
    }

    /// <summary>What the format check without a compilation does not see.</summary>
    [Fact]
    public void Usings_stand_in_order_those_of_System_first() => Assert.Empty(Sources.Under("", "*.cs").Where(file =>
    {
        string[] names = [.. File.ReadLines(file).Where(line => line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';') && !line.Contains('=') && !line.Contains("static ", StringComparison.Ordinal)).Select(line => line[6..^1])];
        return !names.SequenceEqual(names.OrderBy(name => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal)).ThenBy(name => name, StringComparer.OrdinalIgnoreCase));
    }).Select(Sources.Shown));

    [Fact]
    public void Nothing_is_left_to_do_or_skipped_in_the_sources() => Assert.Empty(Naming(["TO" + "DO", "NotImplemented" + "Exception"], []));

    [Theory]
    [InlineData(typeof(IAdapter))]
    [InlineData(typeof(Certificates.Certificate))]
    public void Every_public_type_of_the_assemblies_that_strangers_read_is_documented(Type marker)
    {
        var documented = XDocument.Load(Path.ChangeExtension(marker.Assembly.Location, ".xml")).Descendants("member")
            .Where(member => member.Element("summary") is not null || member.Element("param") is not null || member.Element("inheritdoc") is not null)
            .Select(member => member.Attribute("name")!.Value).ToHashSet(StringComparer.Ordinal);
        var types = marker.Assembly.GetExportedTypes()
            // a case of a closed family is explained by its family
            .Where(type => !type.IsNested && type.GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is null);
        Assert.All(types, type => Assert.Contains($"T:{type.FullName!.Replace('+', '.')}", documented));
    }

    [Fact]
    public void The_warning_for_undocumented_members_is_on_where_adapters_are_written_against() =>
        Assert.Contains("NoWarn.Replace(';CS1591', '')", File.ReadAllText(Path.Combine(Golden.Root, "src/Adapters/Abstractions/Adaptation.Adapters.Abstractions.csproj")), StringComparison.Ordinal);

    private static IEnumerable<string> Naming(string[] words, string[] allowed) => Sources.Under("src", "*.cs")
        .Where(file => !allowed.Any(place => Sources.Shown(file).StartsWith(place, StringComparison.Ordinal)))
        .Where(file => File.ReadLines(file).Any(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && words.Any(word => line.Contains(word, StringComparison.Ordinal))))
        .Select(Sources.Shown);
}
