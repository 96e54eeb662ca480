using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges whether completion_tokens is the number of ids that were generated (MET-02).</summary>
/// <remarks>
/// <para>
/// Reads the series <c>reported</c> and <c>counted</c>, tokens of one answer each in the same order, and the fact <c>counted_by</c>: <c>ids</c> if
/// the server gave the ids of what it generated (return_token_ids, logprobs), <c>text</c> if the runner tokenized the text again.
/// </para>
/// <para>
/// Tokenizing again is not the inverse of generating: several rows of ids spell one text. So a count by text is only reported, and the verdict
/// says that it is an estimate. An answer without usage is reported as <see cref="long.MaxValue"/>.
/// </para>
/// </remarks>
internal static class CompletionTokens
{
    public static ImmutableArray<string> Limits { get; } = ["difference_max", "answers_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Unusable("count", "reported", "counted") is { } unusable)
            return clause.Invalid(unusable);
        var (reported, counted) = (m.Samples("reported"), m.Samples("counted"));
        if (reported.Length != counted.Length)
            return clause.Invalid($"{reported.Length} answers were reported on and {counted.Length} counted");
        if (counted.Length < clause.Limit("answers_min"))
            return clause.Found(new Verdict.Inconclusive($"{counted.Length} answers; at least {clause.Limit("answers_min")} are asked for"));
        var exact = TokenCounts.Judge(clause, reported, counted, clause.Limit("difference_max"), "completion_tokens");
        return m.Facts.GetValueOrDefault("counted_by") switch
        {
            "ids" => exact,
            "text" => clause.Found(
                new Verdict.Inconclusive("estimate only: the server gives no token ids (return_token_ids or logprobs), and tokenizing its text again is not exact"),
                exact.Figures),
            var other => clause.Invalid($"counted_by is {other ?? "missing"}; it is ids or text"),
        };
    }
}
