using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges the arithmetic of every usage object of a run: the total is the sum, and a detail is no more than what it is part of (MET-04).</summary>
/// <remarks>
/// Reads one sample per answer, in the same order, of <c>prompt_tokens</c>, <c>completion_tokens</c>, <c>total_tokens</c>, and of the details
/// <c>cached_tokens</c> (part of the prompt) and <c>reasoning_tokens</c> (part of the completion); a detail that an answer does not give is 0. The
/// fact <c>answers</c> says how many answers the run had that owe usage: leaving out the odd one would be a way to pass.
/// </remarks>
internal static class UsageConsistency
{
    private static readonly ImmutableArray<string> Fields = ["prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens"];

    public static ImmutableArray<string> Limits { get; } = ["violations_max", "answers_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Unusable("count", [.. Fields]) is { } unusable)
            return clause.Invalid(unusable);
        if (m.Number("answers") is not { } answers)
            return clause.Invalid("it does not say how many answers there were (the fact answers)");
        if (Fields.FirstOrDefault(field => m.Samples(field).Length != answers) is { } uneven)
            return clause.Invalid($"{answers} answers, and {m.Samples(uneven).Length} samples of {uneven}");
        if (answers < clause.Limit("answers_min"))
            return clause.Found(new Verdict.Inconclusive($"{answers} answers; at least {clause.Limit("answers_min")} are asked for"));

        var problems = Enumerable.Range(0, (int)answers).Select(i => Problem([.. Fields.Select(field => m.Samples(field)[i])])).ToImmutableArray();
        var violations = problems.Count(problem => problem is not null);
        var most = clause.Limit("violations_max");
        ImmutableArray<Figure> figures = [Reading.Counted("violations", violations, most), Reading.Counted("answers", answers)];
        if (violations <= most)
            return clause.Found(new Verdict.Pass(), figures);
        var first = problems.ToList().FindIndex(problem => problem is not null);
        return clause.Fails($"{violations} of {answers} usage objects contradict themselves; the first is number {first + 1}: {problems[first]}", $"{most} violations", figures);
    }

    private static string? Problem(ReadOnlySpan<long> tokens)
    {
        var (prompt, completion, total, cached, reasoning) = (tokens[0], tokens[1], tokens[2], tokens[3], tokens[4]);
        return (Int128)prompt + completion != total ? $"total_tokens {total} is not {prompt} + {completion}"
            : cached > prompt ? $"cached_tokens {cached} of prompt_tokens {prompt}"
            : reasoning > completion ? $"reasoning_tokens {reasoning} of completion_tokens {completion}"
            : null;
    }
}
