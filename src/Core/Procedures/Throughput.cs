using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges offline throughput against what the profile declares (PERF-05).</summary>
/// <remarks>
/// Reads the series <c>completed</c> (ns since the load began, one per answered sample, ascending) and the facts
/// <c>duration_ns</c>, <c>failed</c> and, of these, <c>wrong</c>. The duration is cut into equal windows and the mean of their rates bounded after Student.
/// </remarks>
internal static class Throughput
{
    private const string Unit = "samples/s";

    public static ImmutableArray<string> Limits { get; } = ["min_seconds", "declared_share_ppm", "confidence_ppm", "windows"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (LoadRun.TryRead(m, "completed", "duration_ns", out var problem) is not { } run)
            return clause.Invalid(problem);
        if (m.Number("failed") is not { } failed)
            return clause.Invalid("the fact failed is no count");

        var rates = run.WindowRates(clause.Count("windows"));
        var (lower, upper) = Statistics.MeanBounds(rates, clause.Share("confidence_ppm"));
        double? limit = plan.Declared.ThroughputMilli is > 0 and var declared ? declared / 1000.0 * clause.Share("declared_share_ppm") : null;
        var minimum = clause.Limit("min_seconds");
        ImmutableArray<Figure> figures =
        [
            Reading.Rate("throughput", Unit, Statistics.Mean(rates), lower, upper, limit),
            new("duration", "s", Reading.Milli(run.DurationSeconds), LimitMilli: Reading.Milli(minimum)),
            new("failed requests", "count", Reading.Milli(failed), LimitMilli: 0),
        ];
        if (failed > 0)
        {
            return m.Number("wrong") is > 0 and var wrong
                ? clause.Fails($"{wrong} of the answers that were looked at are wrong under load", "answers as right as those of an idle server", figures)
                : clause.Fails($"{failed} requests failed", "an answer to every request", figures);
        }

        if (run.DurationNanos < (Int128)minimum * 1_000_000_000)
            return clause.Found(new Verdict.Inconclusive(
                $"the load lasted {Seconds(run.DurationSeconds)}; {Seconds(minimum)} are asked for, "
                + $"{Seconds(minimum - run.DurationSeconds)} more"), figures);
        return clause.Found(
            limit is { } asked ? Against(asked, Statistics.Mean(rates), lower, upper, run.DurationSeconds)
            : new Verdict.Inconclusive("the profile declares no throughput; state it in samples per second"), figures);
    }

    private static Verdict Against(double limit, double mean, double lower, double upper, double seconds)
    {
        if (lower >= limit)
            return new Verdict.Pass();
        if (upper < limit)
            return new Verdict.Fail(
                $"{Reading.Rate(mean, Unit)}, at most {Reading.Rate(upper, Unit)}", $"{Reading.Rate(limit, Unit)} (the share asked for of what the profile declares)");

        // The interval narrows with the square root of the time.
        var longer = mean > limit ? seconds * Math.Pow((mean - lower) / (mean - limit), 2) : double.PositiveInfinity;
        return new Verdict.Inconclusive(
            $"{Reading.Rate(mean, Unit)}, between {Reading.Rate(lower, Unit)} and {Reading.Rate(upper, Unit)}; limit {Reading.Rate(limit, Unit)}; "
            + (longer < 1e7 ? $"a load of about {Seconds(Math.Ceiling(longer))} as steady as this one would do"
                : "no longer load is likely to do: declare less, or find what slows the backend"));
    }

    private static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###} s");
}
