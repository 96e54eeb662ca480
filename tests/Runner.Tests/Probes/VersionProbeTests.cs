using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Versions read where the facts of a stack say that they stand; what is not there is never made up.</summary>
public sealed class VersionProbeTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task A_version_is_what_the_pattern_finds_in_the_file_or_the_output()
    {
        _machine.File("/usr/local/Ascend/driver/version.info", "package=driver\nVersion=25.2.0\n").Tool("mx-smi", "mx-smi  version: 2.2.9\n");

        var read = await ReadAsync(("driver", OfFile), ("toolkit", new FactValue.Probe(null, ["mx-smi", "--version"], @"version: (\S+)")));

        Assert.Equal([("driver", "25.2.0"), ("toolkit", "2.2.9")], read.Select(reading => (reading.Part, reading.Value)));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_not_there_does_not_fit_or_is_no_version_is_read_as_nothing_with_the_reason()
    {
        _machine.File("/usr/local/Ascend/driver/version.info", "Version=\u200b\n").Tool("mx-smi", "garbage\n");

        var read = await ReadAsync(
            ("driver", OfFile), ("toolkit", new FactValue.Probe("/usr/none", [], "(.*)")), ("firmware", new FactValue.Probe(null, ["cnmon"], "(.*)")),
            ("runtime", new FactValue.Probe(null, ["mx-smi"], @"version: (\S+)")));

        Assert.All(read, reading => Assert.Null(reading.Value));
        string[] why = ["nothing in /usr/local/Ascend/driver/version.info", "/usr/none is not there", "cnmon is not installed", "nothing in"];
        Assert.All(read.Zip(why), one => Assert.StartsWith(one.Second, one.First.Problem, StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_file_that_leads_elsewhere_is_not_read_and_nothing_of_a_file_is_told_but_what_fits()
    {
        _machine.File("/etc/shadow", "root:SECRET:1:0\n").Link("/usr/local/Ascend/driver/version.info", "/etc/shadow").File("/usr/share/secret", "SECRET\n").Pipe("/usr/share/pipe");

        var read = await ReadAsync(
            ("driver", OfFile with { Pattern = "(.+)" }), ("toolkit", new FactValue.Probe("/usr/share/secret", [], @"version: (\S+)")), ("firmware", new FactValue.Probe(null, ["cat", "/etc/shadow"], "(.+)")),
            ("runtime", new FactValue.Probe(null, ["sh", "-c", "echo SECRET"], "(.+)"))).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.All(read, reading => Assert.Null(reading.Value));
        Assert.DoesNotContain(read, reading => reading.Problem!.Contains("SECRET", StringComparison.Ordinal));
        Assert.Contains("leads to /etc/shadow", read[0].Problem, StringComparison.Ordinal);
    }

    private static FactValue.Probe OfFile { get; } = new("/usr/local/Ascend/driver/version.info", [], @"(?m)^Version=(\S+)");

    private Task<ImmutableArray<VersionReading>> ReadAsync(params (string Part, FactValue.Probe Probe)[] probes) => VersionProbe.ReadAsync(
        new ProfileFacts([], probes.ToImmutableSortedDictionary(
            probe => $"probe.{probe.Part}", probe => new Fact($"probe.{probe.Part}", "p.yaml", 1, probe.Probe, ["somewhere"], FactConfidence.Seen, ""), StringComparer.Ordinal)),
        new HostMachine(_machine.Root), TestContext.Current.CancellationToken);
}
