using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges whether prompt_tokens is what the runner counts in the rendered prompt (MET-01).</summary>
/// <remarks>
/// Reads the series <c>reported</c> and <c>counted</c>, tokens of one prompt each in the same order. An answer without usage is reported as
/// <see cref="long.MaxValue"/>: nothing was said, which is as wrong as a wrong number.
/// </remarks>
internal static class PromptTokens
{
    public static ImmutableArray<string> Limits { get; } = ["difference_max", "prompts_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Unusable("count", "reported", "counted") is { } unusable)
            return clause.Invalid(unusable);
        var (reported, counted) = (m.Samples("reported"), m.Samples("counted"));
        if (reported.Length != counted.Length)
            return clause.Invalid($"{reported.Length} prompts were reported on and {counted.Length} counted");
        if (counted.Length < clause.Limit("prompts_min"))
            return clause.Found(new Verdict.Inconclusive($"{counted.Length} prompts; at least {clause.Limit("prompts_min")} are asked for"));
        return TokenCounts.Judge(clause, reported, counted, clause.Limit("difference_max"), "prompt_tokens");
    }
}

/// <summary>Two columns of token counts that should be the same.</summary>
internal static class TokenCounts
{
    /// <param name="reported">What the server said; <see cref="long.MaxValue"/> where it said nothing.</param>
    /// <param name="counted">What the runner counted.</param>
    /// <param name="what">Name of the field.</param>
    public static Finding Judge(Clause clause, ImmutableArray<long> reported, ImmutableArray<long> counted, long most, string what)
    {
        var wrong = Enumerable.Range(0, counted.Length).Where(i => Apart(reported[i], counted[i]) > most).ToImmutableArray();
        var silent = reported.Count(tokens => tokens == long.MaxValue);
        var worst = Enumerable.Range(0, counted.Length).Where(i => reported[i] != long.MaxValue).Select(i => Apart(reported[i], counted[i])).DefaultIfEmpty(0).Max();
        ImmutableArray<Figure> figures =
        [
            new($"greatest difference of {what}", "tokens", Reading.Milli(worst), LimitMilli: Reading.Milli(most)),
            Reading.Counted("answers with another count", wrong.Length),
            Reading.Counted("answers compared", counted.Length),
        ];
        if (wrong.IsEmpty)
            return clause.Found(new Verdict.Pass(), figures);
        var first = wrong[0];
        return clause.Fails(
            $"{wrong.Length} of {counted.Length} answers report another {what}{(silent > 0 ? $" ({silent} of them none)" : "")}; the first is number {first + 1}: "
            + $"{(reported[first] == long.MaxValue ? "nothing" : reported[first])} reported, {counted[first]} counted",
            $"a difference of {most} tokens", figures);
    }

    private static long Apart(long one, long other) => one > other ? one - other : other - one; // neither is negative
}
