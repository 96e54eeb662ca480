using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges whether a sweep over 1, 2, 4 ... streams up to saturation has a steady stage at every point (PERF-08).</summary>
/// <remarks>
/// Reads the loads <c>c1.</c>, <c>c2.</c>, <c>c4.</c> and so on. A point counts only if its longest request took less than a third of its
/// steady stage. Saturated is a sweep whose last doubling gained less than <c>saturation_gain_ppm</c>, or which reached
/// <c>streams_max</c>. Source: AISBench, trustworthiness rule.
/// </remarks>
internal static class ConcurrencySweep
{
    public static ImmutableArray<string> Limits { get; } =
        [.. TextEvidence.Limits, "longest_share_ppm", "point_seconds", "saturation_gain_ppm", "streams_max"];

    public static string Prefix(int streams) => string.Create(CultureInfo.InvariantCulture, $"c{streams}.");

    /// <summary>Numbers of streams of which the measurement has a load, ascending.</summary>
    public static ImmutableArray<int> Points(Measurement m) =>
    [
        .. m.Series.Select(series => series.Name).Where(name => name.StartsWith('c') && name.EndsWith(".due", StringComparison.Ordinal))
            .Select(name => int.TryParse(name.AsSpan(1, name.Length - 5), NumberStyles.None, CultureInfo.InvariantCulture, out var streams) ? streams : 0)
            .Where(streams => streams > 0).Order(),
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        var points = Points(m);
        if (points.IsEmpty || points.Where((streams, i) => streams != 1L << i).Any())
            return clause.Invalid($"the sweep has the points {string.Join(", ", points)}; 1, 2, 4 and so on are asked for");
        var figures = ImmutableArray.CreateBuilder<Figure>();
        var verdicts = ImmutableArray.CreateBuilder<Verdict>();
        var rates = ImmutableArray.CreateBuilder<long>();
        foreach (var streams in points)
        {
            if (TextEvidence.TryRead(clause, m, Prefix(streams), out var reason) is not { } run)
                return clause.Found(new Verdict.Inconclusive(reason), figures.ToImmutable());
            rates.Add(run.Stage.OutputRateMilli(run.Load));
            var name = $"{streams} {(streams == 1 ? "stream" : "streams")}";
            figures.Add(new($"output tokens per second, {name}", "tokens/s", rates[^1]));
            figures.AddRange(TextEvidence.Percentiles($"TTFT, {name}", TextPopulation.Of(run.Requests.Select(run.Load.FirstToken)), clause));
            figures.AddRange(TextEvidence.Percentiles($"TPOT, {name}", TextPopulation.Of(run.Requests.Select(run.Load.PerOutputToken)), clause));
            figures.AddRange(run.Conduct(clause, m));
            verdicts.Add(Point(clause, run, streams));
        }

        verdicts.Add(Saturation(clause, points, rates.ToImmutable()));
        return clause.Found(Reading.Gravest(verdicts.ToImmutable().AsSpan()), figures.ToImmutable());
    }

    private static Verdict Point(Clause clause, TextEvidence run, int streams)
    {
        var terms = run.Load.Terms;
        if (terms.Scenario != TextScenarios.Concurrency || terms.Streams != streams)
            return new Verdict.Inconclusive($"invalid evidence: the point of {streams} streams is {terms.Scenario} of {terms.Streams}");
        if (!terms.IsCounted)
            return new Verdict.Inconclusive("tokens were not counted: a chunk is not a token, and an id that a server sends is its claim; give the runner the model's tokenizer");
        var failed = run.Requests.Count(request => !request.IsAnswered);
        if (failed > 0)
            return new Verdict.Fail($"{failed} of {run.Requests.Length} requests failed at {streams} streams", "an answer to every request");
        if (run.Stage.Length < (Int128)clause.Limit("point_seconds") * 1_000_000_000)
            return new Verdict.Inconclusive($"the steady stage at {streams} streams lasted {Reading.Duration(run.Stage.Length)}; {clause.Limit("point_seconds")} s are asked for");
        return run.Stage.IsTrustworthy(run.Load, clause.Limit("longest_share_ppm")) ? new Verdict.Pass()
            : new Verdict.Inconclusive(
                $"the point of {streams} streams is not valid: its longest request took {Reading.Duration(SteadyStage.Longest(run.Load))} of a steady stage of "
                + $"{Reading.Duration(run.Stage.Length)}, and less than {Reading.Percent(clause.Share("longest_share_ppm"))} is asked for");
    }

    private static Verdict Saturation(Clause clause, ImmutableArray<int> points, ImmutableArray<long> rates)
    {
        if (points[^1] >= clause.Limit("streams_max"))
            return new Verdict.Pass();
        var isFlat = rates is [.., var before, var last] && ((Int128)last - before) * 1_000_000 < (Int128)before * clause.Limit("saturation_gain_ppm");
        return isFlat ? new Verdict.Pass()
            : new Verdict.Inconclusive($"the sweep ended at {points[^1]} streams, where throughput still rose; go on to {points[^1] * 2}");
    }
}
