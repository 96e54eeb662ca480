using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges the share of requests that meet every limit at the declared rate, and reports it over a sweep (PERF-07).</summary>
/// <remarks>
/// Reads one server load without a prefix, as <see cref="SloThroughput"/> does, and any number of loads <c>cN.</c>, the curve. A request is
/// good if it was answered whole, long enough, and within both limits. Divided by all that were due, not by those that succeeded.
/// </remarks>
internal static class GoodputShare
{
    public static ImmutableArray<string> Limits { get; } = [.. TextEvidence.Limits, "share_permille", "declared_share_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (TextClass.TryLimits(clause, plan, out var reason) is not { } limits
            || TextEvidence.TryRead(clause, m, "", out reason) is not { } run)
            return clause.Found(new Verdict.Inconclusive(reason));
        if (SloThroughput.Unlike(run.Load) is { } unlike)
            return clause.Invalid(unlike);
        if (!run.Load.Terms.IsCounted)
            return clause.Found(new Verdict.Inconclusive("tokens were not counted: a chunk is not a token, and an id that a server sends is its claim; give the runner the model's tokenizer"));
        var figures = ImmutableArray.CreateBuilder<Figure>();
        var goodput = Goodput.Of(run.Load, run.Stage, limits);
        figures.AddRange(Of(goodput, "declared rate", clause.Limit("share_permille")));
        figures.AddRange(run.Conduct(clause, m));
        foreach (var streams in ConcurrencySweep.Points(m))
        {
            if (TextEvidence.TryRead(clause, m, ConcurrencySweep.Prefix(streams), out reason) is not { } point)
                return clause.Found(new Verdict.Inconclusive(reason), figures.ToImmutable());
            figures.AddRange(Of(Goodput.Of(point.Load, point.Stage, limits), $"{streams} streams", null));
        }

        if (plan.Declared.RequestRateMilli is not { } declared)
            return clause.Found(new Verdict.Inconclusive("the profile declares no request rate; state it in requests per second"), figures.ToImmutable());
        return clause.Found((Int128)run.Load.Terms.RateMilli * 1_000_000 < (Int128)declared * clause.Limit("declared_share_ppm")
            ? new Verdict.Inconclusive("the rate offered is below what the profile declares; goodput is judged at the declared rate")
            : EarlyStopping.Judge("a limit", goodput.Misses, goodput.Requests, clause.Count("share_permille"), TextEvidence.Confidence(clause)), figures.ToImmutable());
    }

    private static IEnumerable<Figure> Of(Goodput goodput, string where, long? sharePerMille) =>
    [
        new($"goodput, {where}", "%", Reading.Milli(goodput.SharePpm / 1e4), LimitMilli: sharePerMille * 100),
        new($"good requests per second, {where}", "requests/s", goodput.RequestsMilli),
        new($"good tokens per second, {where}", "tokens/s", goodput.TokensMilli),
    ];
}
