using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Testing;
using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

/// <summary>A load of 600,000 tokens in 600 s with readings of the machine before and beside it, once a second: what energy is judged from.</summary>
internal static class EnergyBench
{
    public const long IdleFrom = 5 * Second, IdleTo = 610 * Second, LoadFrom = 620 * Second, Length = 600 * Second;
    private const int LastReading = 1225;
    private const string Path = "telemetry/text-offline.json", Package = "/sys/class/powercap/intel-rapl:";

    /// <summary>100 at a time, 200 rounds of 3 s, 30 tokens each.</summary>
    public static TextLoad Tokens { get; } = Offline(100, 20_000, new Answer(3000 * Ms, 0, 30, PerChunk: 30));

    private static readonly Measurement Loaded = Measured("PERF-05-TEXT", Tokens);

    public static Plan Plan { get; } = Given.Plan with { ModelKind = "llm", Declared = new() };

    public static Clause Clause(string id, string procedure, params ReadOnlySpan<(string Key, long Value)> limits) =>
        Given.Clause(id, procedure, Level.L3, [("gap_max_millis", 2000), ("cap_factor", 10), ("idle_min_seconds", 600), ("window_max_ppm", 50_000), .. limits]) with { AppliesTo = ["llm", "tensor"] };

    public static Clause PerToken { get; } = Clause("GRN-01", "energy-per-token", ("windows", 10), ("confidence_ppm", 950_000));

    /// <summary>Watts at each second of the log: 350 idle, 1,000 from the load's beginning on.</summary>
    public static double Steps(long second) => second * Second < LoadFrom - (2 * Second) ? 350 : 1000;

    /// <summary>A management tool that prints each device's power (and memory held) as JSON.</summary>
    public static TelemetryLog Tool(params ImmutableArray<Func<long, double>> watts) => Log(
        new TelemetrySource("mthreads-gmi", IsTool: true, "") { Command = ["mthreads-gmi", "-q", "--json"] },
        second => Devices([.. watts.Select((of, device) => ((string?)$"{of(second):0.###}W", 4000m))]));

    public static string Devices(params ImmutableArray<(string? Power, decimal Held)> devices) => string.Create(CultureInfo.InvariantCulture,
        $$"""{"Driver Version": "2.1", "GPU": [{{string.Join(',', devices.Select((device, at) => $$"""{"Index": "{{at}}", "FB Memory Usage": {"Used": "{{device.Held}}MiB"}, "Power Readings": {"Power Draw ": "{{device.Power ?? "N/A"}}"} }"""))}}]}""");

    /// <summary>Counters of two packages and the memory of the first, which go through their end again and again.</summary>
    public static TelemetryLog Rapl(Func<long, double> watts, long range = 262_143_328_850)
    {
        ImmutableArray<(string Domain, double Share)> domains = [($"{Package}0", 0.5), ($"{Package}0:0", 0.2), ($"{Package}1", 0.3)];
        ImmutableArray<string> names = ["package-0", "dram", "package-1"];
        var about = string.Concat(domains.Zip(names, (domain, name) => FileLines.Line($"{domain.Domain}/name", name) + FileLines.Line($"{domain.Domain}/max_energy_range_uj", $"{range}")))
            + FileLines.Line($"{Package}0:1/name", "core") + FileLines.Line($"{Package}2/name", "psys");
        var sums = new double[LastReading + 2];
        for (var second = 0; second <= LastReading; second++)
            sums[second + 1] = sums[second] + watts(second);
        return Log(new(TelemetrySource.Rapl, IsTool: false, about), second =>
            string.Concat(domains.Select(domain => FileLines.Line($"{domain.Domain}/energy_uj", $"{(Int128)(sums[second] * domain.Share * 1e6 + 200e9) % range}")))
            + FileLines.Line($"{Package}0:1/energy_uj", $"{second * 7_000_000}") + FileLines.Line($"{Package}2/energy_uj", $"{second * 900_000_000}"));
    }

    public static TelemetryLog Log(TelemetrySource source, Func<long, string> text) => new()
    {
        Sources = [source],
        Readings = [.. Enumerable.Range(0, LastReading + 1).Select(second => new TelemetryReading(0, second * Second, (second * Second) + (20 * Ms), text(second), null))],
        Phases = [new(TelemetryPhase.Idle, IdleFrom, IdleTo), new(TelemetryPhase.LoadOf("PERF-05-TEXT"), LoadFrom, LoadFrom + Length)],
        IsClockSynchronised = true,
    };

    /// <summary>Without the readings of these seconds; the first of them says why.</summary>
    public static TelemetryLog Without(this TelemetryLog log, int from, int to, string failure) => log with
    {
        Readings = [.. log.Readings.Where(reading => reading.From < from * Second || reading.From > to * Second || reading.From == from * Second)
            .Select(reading => reading.From == from * Second ? reading with { Text = null, Failure = failure } : reading)],
    };

    public static Finding Judge(Clause clause, TelemetryLog log, Plan? plan = null, TextLoad? load = null)
    {
        var files = InMemoryFiles.Empty.With(Path, TelemetryFile.Write(log));
        var own = new Measurement
        {
            Check = clause.Id,
            Facts = ImmutableSortedDictionary<string, string>.Empty.Add("load", "PERF-05-TEXT"),
            Tensors = [new("telemetry", Path, "UINT8", [1])],
        };
        return Core.Judge.Run(Given.Standard(clause), new Evidence(plan ?? Plan, [own, load is null ? Loaded : Measured("PERF-05-TEXT", load)], files)).Finding(clause.Id);
    }
}
