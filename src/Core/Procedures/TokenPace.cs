using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges the time per output token against the limit of the model's class, and reports the gaps between tokens (PERF-03).</summary>
/// <remarks>
/// Reads one load without a prefix; see <see cref="TextEvidence"/>. TPOT is (last - first content) / (tokens - 1) with tokens counted by the
/// runner, so that what a server claims changes nothing. Late is whoever failed, streamed nothing (several tokens, one chunk), or fell
/// short of the length asked for; a whole answer of fewer than two tokens has no TPOT, is left out and counted.
/// </remarks>
internal static class TokenPace
{
    public static ImmutableArray<string> Limits { get; } = [.. TextEvidence.Limits, "percentile_permille"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (TextEvidence.TryRead(clause, m, "", out var reason) is not { } run)
            return clause.Found(new Verdict.Inconclusive(reason));
        var load = run.Load;
        if (!load.Terms.IsCounted)
            return clause.Found(new Verdict.Inconclusive("tokens were not counted: a chunk is not a token, and an id that a server sends is its claim; give the runner the model's tokenizer"));

        long? Pace(TextRecord request) => request.OutputTokens < load.Terms.LeastOutputTokens ? long.MaxValue : load.PerOutputToken(request);
        var paces = TextPopulation.Of(run.Requests.Select(Pace));
        var limit = TextClass.TryLimit(clause, plan, TextClass.PerOutputToken, plan.Declared.TpotP99Micros, out reason);
        ImmutableArray<Figure> figures =
        [
            .. TextEvidence.Percentiles("TPOT", paces, clause, limit),
            .. TextEvidence.Percentiles("ITL", TextPopulation.Of(run.Requests.SelectMany(load.TokenGaps)), clause),
            .. TextEvidence.Percentiles("gap between chunks", TextPopulation.Of(run.Requests.SelectMany(load.ChunkGaps)), clause),
            .. TextEvidence.Percentiles("NTPOT", TextPopulation.Of(run.Requests.Select(load.NormalisedPerOutputToken)), clause),
            Reading.Counted("requests of fewer than two tokens, left out", paces.Undefined),
            Reading.Counted("chunks of several tokens", load.ChunkTokens.Count(tokens => tokens > 1)),
            .. run.Conduct(clause, m),
        ];
        return clause.Found(limit is not { } nanos
            ? new Verdict.Inconclusive(reason)
            : EarlyStopping.Judge(
                $"a TPOT of {Reading.Duration(nanos)}", paces.Later(nanos), paces.Count, clause.Count("percentile_permille"), TextEvidence.Confidence(clause)), figures);
    }
}
