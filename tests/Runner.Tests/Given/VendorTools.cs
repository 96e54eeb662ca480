using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>The tools and version files of a vendor's driver, on a simulated machine; a tool prints the published capture that is nearest to the chip.</summary>
internal static partial class VendorTools
{
    private static readonly string Samples = Path.Combine(Golden.Root, "tests", "Runner.Tests", "Telemetry", "samples");

    /// <summary>Capture by the head of a profile's id; the longest head that fits counts. Several chips share their vendor's only one.</summary>
    private static readonly ImmutableSortedDictionary<string, string> Captures = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
    [
        KeyValuePair.Create("ascend/310p", "npu-smi.310p-class"), KeyValuePair.Create("ascend/910b", "npu-smi.910b3"), KeyValuePair.Create("ascend/910b4-1", "npu-smi.910b4-1-no-heading"), KeyValuePair.Create("ascend/910c", "npu-smi.910c-two-chips"),
        KeyValuePair.Create("biren/", "brsmi.banner"), KeyValuePair.Create("cambricon/", "cnmon.mlu370-x8"), KeyValuePair.Create("enflame/", "efsmi.query"),
        KeyValuePair.Create("hygon/bw1000", "hy-smi.bw1000"), KeyValuePair.Create("hygon/k100-ai", "hy-smi.k100-ai"), KeyValuePair.Create("hygon/z100", "hy-smi.z100"),
        KeyValuePair.Create("iluvatar/bi-v100", "ixsmi.bi-v100-no-heading"), KeyValuePair.Create("iluvatar/bi-v150", "ixsmi.bi-v150"), KeyValuePair.Create("iluvatar/mr-v100", "ixsmi.mr-v100-duo"),
        KeyValuePair.Create("kunlunxin/", "xpu-smi.p800"), KeyValuePair.Create("metax/c500", "mx-smi.c500"), KeyValuePair.Create("metax/c550", "mx-smi.c550"),
        KeyValuePair.Create("mthreads/s3000", "mthreads-gmi.s3000-spacing-lost"), KeyValuePair.Create("mthreads/", "mthreads-gmi.s5000"), KeyValuePair.Create("thead/", "ppu-smi.query"),
    ]);

    /// <summary>What files hold and commands print besides a vendor's table, by a piece of their place. The numbers are of nobody.</summary>
    private static readonly ImmutableArray<(string Place, string Text)> Versions =
    [
        ("/driver/version.info", "package=driver\nVersion=0.0.1\n"), ("/runtime/version.info", "Version=0.0.1\n"), ("ascend_docker_runtime_install.info", "version=0.0.1\n"),
        ("/sys/module/", "0.0.1\n"), ("/PPU_SDK/VERSION.txt", "hggcrt_version:0.0.1\n"), ("ppu-smi --query-gpu=driver_version", "0.0.1\n"),
    ];

    /// <summary>What the vendor's tool prints for the table of devices.</summary>
    public static string Text(Profile profile) => Captures.Where(pair => profile.Id.StartsWith(pair.Key, StringComparison.Ordinal)).OrderByDescending(pair => pair.Key.Length).Select(pair => pair.Value).FirstOrDefault() is { } name
        ? Read(name) : "no capture of this tool is public\n";

    /// <summary>Addresses on the bus in that text, in the form of the kernel.</summary>
    public static ImmutableArray<string> Addresses(Profile profile) =>
        [.. Address().Matches(Text(profile)).Select(match => $"0000:{match.Groups["place"].Value.ToLowerInvariant()}").Distinct(StringComparer.Ordinal)];

    /// <summary>The management tool, and whatever else versions are read from.</summary>
    public static void Install(SimulatedMachine machine, Profile profile)
    {
        var facts = profile.Facts;
        if (facts.Texts("telemetry.command") is [var tool, ..])
            Print(machine, tool, Text(profile), facts);
        foreach (var probe in VersionProbe.Parts.Select(part => facts.Probe($"probe.{part}")).OfType<FactValue.Probe>())
        {
            if (probe.File is { } file)
                machine.File(file, Versions.First(one => file.Contains(one.Place, StringComparison.Ordinal)).Text);
        }
    }

    /// <summary>A tool that prints its table, and something else where another text is known for its arguments.</summary>
    private static void Print(SimulatedMachine machine, string tool, string table, ProfileFacts facts)
    {
        var cases = VersionProbe.Parts.Select(part => facts.Probe($"probe.{part}")?.Command ?? []).Where(command => command is [var program, ..] && program == tool && !command.SequenceEqual(facts.Texts("telemetry.command")))
            .Select(command => string.Join(' ', command)).Distinct(StringComparer.Ordinal).ToArray();
        var script = new System.Text.StringBuilder("case \"$*\" in\n");
        foreach (var command in cases)
        {
            var other = tool == "efsmi" ? Read("efsmi.s60") : Versions.FirstOrDefault(one => command.StartsWith(one.Place, StringComparison.Ordinal)).Text ?? table;
            script.Append($"'{command[tool.Length..].Trim()}') {Cat(machine, $"{tool}.{script.Length}", other)} ;;\n");
        }

        var place = facts.Texts("launch.mounts").FirstOrDefault(mount => mount.EndsWith($"/{tool}", StringComparison.Ordinal)) ?? tool;
        machine.Script(place, script.Append($"*) {Cat(machine, tool, table)} ;;\nesac\n").ToString());
    }

    private static string Cat(SimulatedMachine machine, string name, string text)
    {
        machine.File($"/usr/share/simulated/{name}.txt", text);
        return $"exec cat '{Path.Join(machine.Root, "usr/share/simulated", $"{name}.txt")}'";
    }

    private static string Read(string sample) => File.ReadAllText(Path.Combine(Samples, $"{sample}.txt"));

    [GeneratedRegex(@"\b[0-9a-fA-F]{4,8}:(?<place>[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-9])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Address();
}
