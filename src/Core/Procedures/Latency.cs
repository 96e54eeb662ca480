using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges end-to-end latency at a low and a high number of parallel streams (PERF-04).</summary>
/// <remarks>
/// Reads, for each number of streams, the series <c>latency.STREAMS</c> (ns, one per request, failed ones included) and
/// <c>client_error.before.STREAMS</c> and <c>client_error.after.STREAMS</c> (ns: the same client against an echo of no latency).
/// Where the profile declares a 99th percentile, the share of later requests is bounded after Clopper and Pearson (1934);
/// where it does not, the figures are reported, and a run of too few requests to report a percentile is inconclusive.
/// Source of the sample sizes: MLPerf inference rules, early stopping.
/// </remarks>
internal static class Latency
{
    public static ImmutableArray<string> Limits { get; } =
        ["confidence_ppm", "late_share_ppm", "client_error_p50_max_micros", "streams_low", "streams_high"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        ImmutableArray<int> columns = [.. new[] { clause.Count("streams_low"), clause.Count("streams_high") }.Distinct()];
        foreach (var streams in columns)
        {
            string[] needed = [$"latency.{streams}", $"client_error.before.{streams}", $"client_error.after.{streams}"];
            if (m.Unusable("ns", needed) is { } problem)
                return clause.Invalid(problem);
            if (needed.FirstOrDefault(name => m.Samples(name).IsEmpty) is { } empty)
                return clause.Invalid($"the series {empty} holds no sample");
        }

        ImmutableArray<Figure> figures = [.. columns.SelectMany(streams => Figures(clause, plan, m, streams))];
        ImmutableArray<Verdict> verdicts =
            [.. columns.Select(streams => Void(clause, m, streams) ?? Column(clause, m, streams, Declared(plan, streams)))];
        return clause.Found(Reading.Gravest(verdicts.AsSpan()), figures);
    }

    private static long? Declared(Plan plan, int streams) =>
        plan.Declared.LatencyP99Micros is { } declared && declared.TryGetValue(streams, out var micros) ? micros : null;

    // A client that errs says nothing of the backend, neither good nor bad.
    private static Verdict.Inconclusive? Void(Clause clause, Measurement m, int streams)
    {
        var limit = (Int128)clause.Limit("client_error_p50_max_micros") * 1000;
        foreach (var when in new[] { "before", "after" })
        {
            var error = m.Samples($"client_error.{when}.{streams}").Sort();
            if (error[^1] == long.MaxValue)
                return new($"void: the echo left requests unanswered {when} the load of {streams} streams; run it again");
            if (Statistics.Percentile<long>(error.AsSpan(), 500) is var median && median > limit)
                return new(
                    $"void: the client erred by {Reading.Duration(median)} (p50) {when} the load of {streams} streams, "
                    + $"limit {Reading.Duration(limit)}; run it on a quieter machine");
        }

        return null;
    }

    private static Verdict Column(Clause clause, Measurement m, int streams, long? declaredMicros)
    {
        var samples = m.Samples($"latency.{streams}");
        var failed = samples.Count(sample => sample == long.MaxValue);
        if (failed > 0)
            return new Verdict.Fail($"{failed} of {samples.Length} requests failed at {streams} streams", "an answer to every request");

        var (share, confidence) = (clause.Share("late_share_ppm"), clause.Share("confidence_ppm"));
        if (declaredMicros is not { } micros)
        {
            var enough = Statistics.TrialsNeeded(0, share, confidence);
            return samples.Length >= enough
                ? new Verdict.Pass()
                : new Verdict.Inconclusive($"{samples.Length} requests at {streams} streams; a percentile is reported from {enough} on");
        }

        var late = samples.Count(sample => sample > (Int128)micros * 1000);
        var (lower, upper) = Statistics.ShareBounds(late, samples.Length, confidence);
        var words = $"{late} of {samples.Length} requests at {streams} streams later than {Reading.Duration((Int128)micros * 1000)}";
        return upper <= share ? new Verdict.Pass()
            : lower > share ? new Verdict.Fail($"{words}, at least {Reading.Percent(lower)} of all", $"{Reading.Percent(share)} of all")
            : new Verdict.Inconclusive(
                $"{words}: between {Reading.Percent(lower)} and {Reading.Percent(upper)} of all, limit {Reading.Percent(share)}; "
                + $"{Statistics.TrialsNeeded(late, share, confidence)} requests with no more late ones would do");
    }

    private static IEnumerable<Figure> Figures(Clause clause, Plan plan, Measurement m, int streams)
    {
        var sorted = m.Samples($"latency.{streams}").Sort();
        var confidence = clause.Share("confidence_ppm");
        var suffix = string.Create(CultureInfo.InvariantCulture, $"{streams} {(streams == 1 ? "stream" : "streams")}");
        var limit = Declared(plan, streams) is { } micros ? Reading.Milli(micros) : (long?)null;
        yield return Quantile($"latency p50, {suffix}", sorted, 500, confidence, null);
        yield return Quantile($"latency p99, {suffix}", sorted, 990, confidence, limit);
        yield return Reading.Counted($"requests, {suffix}", sorted.Length);
        foreach (var when in new[] { "before", "after" })
        {
            var error = m.Samples($"client_error.{when}.{streams}").Sort();
            var (p50, p99) = (Statistics.Percentile<long>(error.AsSpan(), 500), Statistics.Percentile<long>(error.AsSpan(), 990));
            var allowed = Reading.Milli(clause.Limit("client_error_p50_max_micros"));
            yield return new($"client error p50 {when}, {suffix}", "us", p50, LimitMilli: allowed);
            yield return new($"client error p99 {when}, {suffix}", "us", p99);
        }
    }

    // Thousandths of a microsecond are nanoseconds.
    private static Figure Quantile(string name, ImmutableArray<long> sorted, int perMille, double confidence, long? limitMilli)
    {
        var (lower, upper) = Statistics.QuantileInterval<long>(sorted.AsSpan(), perMille, confidence);
        return new(name, "us", Statistics.Percentile<long>(sorted.AsSpan(), perMille), lower, upper, limitMilli);
    }
}
