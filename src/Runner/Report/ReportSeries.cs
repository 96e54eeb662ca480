using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Says which raw series a report draws, and as what. A series that fits none of these is named and not drawn.</summary>
internal static class ReportSeries
{
    private const string StartUp = "PERF-01";
    private const string Latency = "PERF-04";
    private const string Throughput = "PERF-05";

    /// <summary>Start-up times in ns: <c>cold</c> and <c>warm</c>.</summary>
    public static ImmutableArray<Series> StartUps(ReportContent content) => [.. Of(content, StartUp, "ns").Select(found => found.Series)];

    /// <summary>End-to-end latencies in ns, one series per number of parallel streams: <c>latency.10</c>.</summary>
    public static ImmutableArray<Series> Latencies(ReportContent content) =>
    [
        .. Of(content, Latency, "ns").Select(found => found.Series).Where(series => series.Name.StartsWith("latency", StringComparison.Ordinal)),
    ];

    /// <summary>In ns, ascending: instants of completion since the load began. In count: completions in each second.</summary>
    /// <returns>With each series the length of its load in ns, from the fact <c>duration_ns</c>; null where there is none.</returns>
    public static ImmutableArray<(Series Series, long? DurationNanos)> Throughputs(ReportContent content) =>
    [
        .. Of(content, Throughput, "ns").Where(found => IsAscending(found.Series.Samples))
            .Select(found => (found.Series, Duration(found.Measurement))),
        .. Of(content, Throughput, "count").Where(found => found.Series.Samples.Length > 1)
            .Select(found => (found.Series, (long?)null)),
    ];

    public static ImmutableArray<Series> NotDrawn(ReportContent content) =>
    [
        .. content.Measurements.Where(measurement => measurement.Check is StartUp or Latency or Throughput && !measurement.Series.IsDefault)
            .SelectMany(measurement => measurement.Series)
            .Except([.. StartUps(content), .. Latencies(content), .. Throughputs(content).Select(found => found.Series)]),
    ];

    /// <summary>The last whole number in a name such as <c>latency, 10 streams</c>; null if there is none.</summary>
    public static int? Streams(string name)
    {
        var end = name.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        var start = end;
        while (start > 0 && char.IsAsciiDigit(name[start - 1]))
            start--;
        return int.TryParse(name.AsSpan(start, end - start), NumberStyles.None, CultureInfo.InvariantCulture, out var streams) ? streams : null;
    }

    /// <summary>What the applicant declared for a start-up series, in ns; null if nothing.</summary>
    public static long? DeclaredStart(string name, Declaration declared)
    {
        var millis = name.Contains("cold", StringComparison.OrdinalIgnoreCase) ? declared.ColdStartMillis
            : name.Contains("warm", StringComparison.OrdinalIgnoreCase) ? declared.WarmStartMillis
            : null;
        return millis is { } some ? Scaled(some, 1_000_000) : null;
    }

    /// <summary>What the applicant declared as 99th percentile at this number of streams, in ns; null if nothing.</summary>
    public static long? DeclaredLatency(string name, Declaration declared) =>
        Streams(name) is { } streams && declared.LatencyP99Micros is { } all && all.TryGetValue(streams, out var micros) ? Scaled(micros, 1_000) : null;

    private static long Scaled(long number, long factor) => (long)Int128.Clamp((Int128)number * factor, 0, HumanNumber.Failed - 1);

    private static IEnumerable<(Measurement Measurement, Series Series)> Of(ReportContent content, string check, string unit) =>
        from measurement in content.Measurements
        where measurement.Check == check && !measurement.Series.IsDefault
        from series in measurement.Series
        where series.Unit == unit && !series.Samples.IsDefault
        select (measurement, series);

    private static long? Duration(Measurement measurement) =>
        measurement.Facts.TryGetValue("duration_ns", out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var duration) ? duration : null;

    private static bool IsAscending(ImmutableArray<long> samples)
    {
        var last = 0L;
        foreach (var sample in samples)
        {
            if (sample == HumanNumber.Failed)
                continue;
            if (sample < last)
                return false;
            last = sample;
        }

        return last > 0;
    }
}
