using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Testing;
using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

/// <summary>A telemetry file is whatever someone wrote: it is judged or refused with a reason, and nothing else ever happens.</summary>
public sealed partial class HostileTelemetryTests
{
    private const string Check = "PERF-05-TEXT", Path = "telemetry/t.json";
    private const long LoadFrom = 10 * Second, Length = 60 * Second;

    private static readonly Measurement Loaded = TextLoads.Measured(Check, Offline(10, 200, new Answer(3000 * Ms, 0, 30, PerChunk: 30)));
    private static readonly Dictionary<string, Clause> Clauses = new()
    {
        ["GRN-01"] = Quick("GRN-01", "energy-per-token", ("windows", 10), ("confidence_ppm", 950_000)),
        ["GRN-02"] = Quick("GRN-02", "idle-power", ("resident_ppm", 500_000)),
        ["GRN-03"] = Quick("GRN-03", "facility-energy"),
        ["GRN-04"] = Quick("GRN-04", "carbon-intensity", ("milligrams_per_kwh", 530_600)),
        ["GRN-05"] = Quick("GRN-05", "meter-quality", ("uncertainty_max_ppm", 10_000)),
    };

    private static readonly Plan Plan = EnergyBench.Plan with { Declared = new(Pue: new(1300, "meter", "2025")) };

    /// <summary>A tool, counters and the kernel's files, once a second.</summary>
    private static readonly TelemetryLog Sound = new()
    {
        Sources = [new("mthreads-gmi", IsTool: true, "") { Command = ["mthreads-gmi"] }, new(TelemetrySource.Rapl, IsTool: false, FileLines.Line(Package + "/name", "package-0")), new(TelemetrySource.Kernel, IsTool: false, "")],
        Readings = [.. Enumerable.Range(0, 75).SelectMany(At)],
        Phases = [new(TelemetryPhase.Idle, Second, 9 * Second), new(TelemetryPhase.LoadOf(Check), LoadFrom, LoadFrom + Length)],
        IsClockSynchronised = true,
    };

    private const string Package = "/sys/class/powercap/intel-rapl:0";

    /// <summary>What may stand in the place of any token.</summary>
    private static readonly ImmutableArray<string> Tokens =
    [
        "null", "true", "[]", "{}", "\"\"", "\"x\"", "-1", "0", "1", "1.5", "1e400", "-9223372036854775808", "9223372036854775807", "9007199254740991", "99999999999999999999", "NaN", "[[]]", "\"\\ud800\"",
        "\"/proc/stat\\tcpu 9223372036854775807 9223372036854775807 0 0 0 0 0 9223372036854775807\\n\"", "\"/proc/meminfo MemAvailable\\t9223372036854775807\\n\"",
        "\"/sys/class/powercap/intel-rapl:0/energy_uj\\t9223372036854775807\\n\"", "\"/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count\\t-9223372036854775808\\n\"",
        "\"{\\\"GPU\\\": [null]}\"", "\"{\\\"GPU\\\": [{\\\"Index\\\": 1e9, \\\"Power Readings\\\": null}]}\"",
    ];

    [Fact]
    public void The_sound_file_is_measured() => Assert.All(Clauses.Values.Where(clause => clause.Id != "GRN-05"), clause => Judged.Passes(Judge(clause, Written)));

    [Theory]
    [InlineData("\"name\":\"mthreads-gmi\"", "\"name\":null")]
    [InlineData("\"about\":\"\"", "\"about\":null")]
    [InlineData("\"command\":[\"mthreads-gmi\"]", "\"command\":[null]")]
    [InlineData("[\"idle\",", "[null,")]
    [InlineData("[\"load.PERF-05-TEXT\",", "[null,")]
    [InlineData("\"texts\":[", "\"texts\":[null,")]
    [InlineData("[\"idle\",", "[\"idle\",7,")]
    public void What_is_no_text_or_too_much_is_refused_by_name(string of, string to)
    {
        Assert.Contains(of, Written, StringComparison.Ordinal);

        Assert.StartsWith("invalid evidence: the telemetry cannot be used: ", Judged.Reason(Judge(Clauses["GRN-01"], Written.Replace(of, to, StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    [Fact]
    public void Counters_that_no_kernel_shows_are_no_figures()
    {
        const string most = "9223372036854775807";
        var log = Sound with
        {
            Readings = [.. Sound.Readings.Select(reading => reading.Source != 2 ? reading : reading with
            {
                Text = $"/proc/stat\tcpu {most} {most} 0 0 0 0 0 {reading.From}\n/sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq\t{most}\n/sys/devices/system/cpu/cpufreq/policy1/scaling_cur_freq\t{most}\n"
                    + $"/proc/meminfo MemAvailable\t{most}\n/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count\t{most}\n/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count\t{most}\n",
            })],
        };

        var finding = Judge(Clauses["GRN-01"], Encoding.UTF8.GetString(TelemetryFile.Write(log)));

        Judged.Passes(finding);
        Assert.DoesNotContain(finding.Figures, figure => figure.Name is "processors busy" or "throttled for heat");
        Assert.Null(TelemetrySummary.Of(log, 0, long.MaxValue).ClockMegahertz);
        Assert.Null(TelemetrySummary.Of(log, 0, long.MaxValue).MemoryAvailable);
    }

    [Theory] // the phase may be five per cent shorter than the load was: the window then ends behind it
    [InlineData(58)]
    [InlineData(60)]
    public void A_phase_that_does_not_span_the_window_is_no_exception(long seconds)
    {
        var log = Sound with { Phases = [Sound.Phases[0], Sound.Phases[1] with { To = LoadFrom + (seconds * Second) }] };

        Judged.Passes(Judge(Clauses["GRN-01"], Encoding.UTF8.GetString(TelemetryFile.Write(log))));
    }

    [Fact]
    public void Whatever_stands_in_the_place_of_a_token_nothing_is_thrown_and_nothing_passes_that_did_not()
    {
        var gap = Encoding.UTF8.GetString(TelemetryFile.Write(Sound with { Readings = [.. Sound.Readings.Where(reading => reading.From / Second is < 20 or > 40)] }));
        var random = new Random(11);
        foreach (var (text, mayPass) in new[] { (Written, true), (gap, false) })
        {
            var places = Token().Matches(text).ToArray();
            for (var round = 0; round < 700; round++)
            {
                // half of them before the readings and texts, of which there are so many
                var place = places[random.Next(round % 2 == 0 ? Math.Min(60, places.Length) : places.Length)];
                var to = Tokens[random.Next(Tokens.Length)];
                var changed = text[..place.Index] + (random.Next(8) == 0 ? $"{place.Value},{place.Value}" : to) + text[(place.Index + place.Length)..];
                var clause = Clauses.Values.ElementAt(round % Clauses.Count);
                var finding = Judge(clause, changed);
                Assert.True(finding.Verdict is Verdict.Inconclusive { Reason.Length: > 0 } or Verdict.Fail || (mayPass && finding.Verdict is Verdict.Pass), $"{clause.Id}, {place.Value} -> {to}: {finding.Verdict}");
            }
        }
    }

    [Fact]
    public void Whatever_the_measurements_say_nothing_is_thrown()
    {
        ImmutableArray<long> samples = [0, 1, -1, long.MaxValue, long.MinValue, long.MaxValue - 1, 1L << 53, Second];
        ImmutableArray<string> facts = ["", "x", "-1", "0", "1", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "1e9", "NaN", "ids", "PERF-05-TEXT", "GRN-01"];
        var random = new Random(12);
        for (var round = 0; round < 600; round++)
        {
            var load = Loaded;
            for (var times = random.Next(1, 3); times > 0; times--)
            {
                var one = load.Series[random.Next(load.Series.Length)];
                var key = load.Facts.Keys.ElementAt(random.Next(load.Facts.Count));
                load = random.Next(5) switch
                {
                    0 => load with { Facts = load.Facts.SetItem(key, facts[random.Next(facts.Length)]) },
                    1 => load with { Facts = load.Facts.Remove(key) },
                    2 => load with { Series = load.Series.Remove(one) },
                    3 => load.WithSeries(one with { Samples = [.. one.Samples.Take(random.Next(3))] }),
                    _ when one.Samples.IsEmpty => load,
                    _ => load.WithSeries(one with { Samples = one.Samples.SetItem(random.Next(one.Samples.Length), samples[random.Next(samples.Length)]) }),
                };
            }

            var finding = Judge(Clauses.Values.ElementAt(round % Clauses.Count), Written, load);
            Assert.True(finding.Verdict is Verdict.Pass or Verdict.Inconclusive { Reason.Length: > 0 });
            Assert.All(finding.Figures, figure => Assert.NotEqual(long.MaxValue, figure.ValueMilli));
        }
    }

    private static string Written { get; } = Encoding.UTF8.GetString(TelemetryFile.Write(Sound));

    private static Clause Quick(string id, string procedure, params ReadOnlySpan<(string Key, long Value)> limits) =>
        Given.Clause(id, procedure, Level.L3, [("gap_max_millis", 2000), ("cap_factor", 10), ("idle_min_seconds", 5), ("window_max_ppm", 50_000), .. limits]) with { AppliesTo = ["llm"] };

    private static Finding Judge(Clause clause, string file, Measurement? load = null)
    {
        var own = new Measurement
        {
            Check = clause.Id,
            Facts = ImmutableSortedDictionary<string, string>.Empty.Add("load", Check),
            Tensors = [new("telemetry", Path, "UINT8", [1])],
        };
        return Core.Judge.Run(Given.Standard(clause), new Evidence(Plan, [own, load ?? Loaded], InMemoryFiles.Empty.With(Path, Encoding.UTF8.GetBytes(file)))).Finding(clause.Id);
    }

    private static IEnumerable<TelemetryReading> At(int second)
    {
        var (from, watts) = (second * Second, second < 10 ? 350 : 1000);
        yield return new(0, from, from + Ms, EnergyBench.Devices(($"{watts + (second % 3)}W", 4000m)), null);
        yield return new(1, from, from + Ms, FileLines.Line(Package + "/energy_uj", $"{(second + 1) * 90_000_000L}"), null);
        yield return new(2, from, from + Ms, FileLines.Line("/proc/stat", $"cpu {second * 10} 0 5 {second} 0 0 0 0") + FileLines.Line("/proc/meminfo MemAvailable", "1000"), null);
    }

    [GeneratedRegex("\"(\\\\.|[^\"\\\\])*\"|-?[0-9]+|true|false|null")]
    private static partial Regex Token();
}
