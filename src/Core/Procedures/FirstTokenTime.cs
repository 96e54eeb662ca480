using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges the time to the first token against the limit of the model's class (PERF-02).</summary>
/// <remarks>
/// Reads one load without a prefix; see <see cref="TextEvidence"/>. A failed request is late. The share of late ones is judged by the
/// exact binomial rule of <see cref="EarlyStopping"/>.
/// </remarks>
internal static class FirstTokenTime
{
    public static ImmutableArray<string> Limits { get; } = [.. TextEvidence.Limits, "percentile_permille"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (TextEvidence.TryRead(clause, m, "", out var reason) is not { } run)
            return clause.Found(new Verdict.Inconclusive(reason));
        var times = TextPopulation.Of(run.Requests.Select(run.Load.FirstToken));
        var limit = TextClass.TryLimit(clause, plan, TextClass.FirstToken, plan.Declared.TtftP99Micros, out reason);
        ImmutableArray<Figure> figures =
        [
            .. TextEvidence.Percentiles("TTFT", times, clause, limit),
            .. TextEvidence.Percentiles("wire TTFT", TextPopulation.Of(run.Requests.Select(run.Load.WireFirstToken)), clause),
            .. run.Conduct(clause, m),
        ];
        return clause.Found(limit is not { } nanos
            ? new Verdict.Inconclusive(reason)
            : Named(run, nanos, EarlyStopping.Judge(
                $"a TTFT of {Reading.Duration(nanos)}", times.Later(nanos), times.Count, clause.Count("percentile_permille"), TextEvidence.Confidence(clause))), figures);
    }

    /// <summary>Says of a server that is late, and began its answers in time, that what it began with was nothing.</summary>
    private static Verdict Named(TextEvidence run, long limit, Verdict verdict)
    {
        var late = run.Requests.Where(request => request.IsAnswered && run.Load.FirstToken(request) > limit).ToArray();
        var hollow = late.Count(request => request.FirstByte - request.Sent <= limit);
        return verdict is Verdict.Fail fail && hollow > 0 && 2 * hollow >= late.Length
            ? fail with { Measured = $"{fail.Measured}; {hollow} of those answers began in time, with events that hold no content" }
            : verdict;
    }
}
