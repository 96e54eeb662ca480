using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What no answer may do, whatever the model says (MLPerf TEST06): how it begins, how it ends, how long it is.</summary>
/// <param name="Prompts">Token ids of every prompt of the audit.</param>
/// <param name="Ends">Tokens that end a text.</param>
/// <param name="MaxTokens">What every request asked for at most.</param>
/// <param name="Tie">A token so far behind the likeliest (1e-9 logit) may be chosen as well as that one.</param>
/// <param name="Shared">So many first tokens that another prompt begins with are no chance.</param>
internal sealed record AuditRules(ImmutableArray<ImmutableArray<int>> Prompts, ImmutableHashSet<int> Ends, int MaxTokens, long Tie, int Shared)
{
    /// <summary>The first rule that an answer breaks, in words of what is the cause; null if it keeps them all.</summary>
    public string? Broken(AuditedAnswer answer) =>
        !answer.IsAnswered ? null
        : IsFirstDoubled(answer) ? "send the first token twice"
        : IsLeak(answer) ? "begin with the text of another request's prompt"
        : answer.Ids.Length > MaxTokens ? $"are longer than max_tokens ({MaxTokens})"
        : answer.Ids.SkipLast(1).Any(Ends.Contains) ? "go on behind the token that ends a text"
        : answer.End is AnswerEnd.None or AnswerEnd.Other ? "say neither that the model stopped nor that max_tokens ended them"
        : answer.Reported < long.MaxValue && answer.Reported > answer.Ids.Length + 1L ? "bring fewer tokens than they report"
        : answer.End == AnswerEnd.Length && answer.Ids.Length < MaxTokens ? "are cut before max_tokens and say that max_tokens ended them"
        : IsCutShort(answer) ? "stop where the model goes on"
        : !IsReported(answer) ? answer.Reported > answer.Ids.Length ? "bring fewer tokens than they report" : "bring more tokens than they report"
        : null;

    /// <summary>
    /// The second repeats the first, and the reference wants at the second place what came at the third; or, where nobody asked the reference, the
    /// server itself counts one token fewer.
    /// </summary>
    private bool IsFirstDoubled(AuditedAnswer answer) =>
        answer is { Ids: [var first, var second, ..] } && first == second
        && (answer.IsScored
            ? answer.Behind[1] > Tie && (answer.Ids.Length == 2 || answer.Ids.Length > MaxTokens || answer.Likeliest[1] == answer.Ids[2])
            : answer.Reported == answer.Ids.Length - 1);

    private bool IsLeak(AuditedAnswer answer)
    {
        if (!answer.IsScored || answer.Ids.Length < Shared || answer.Behind.Take(Shared).All(behind => behind <= Tie))
            return false;
        var head = answer.Ids.AsSpan(0, Shared);
        for (var at = 0; at < Prompts.Length; at++)
        {
            if (at != answer.Prompt && Prompts[at].Length >= Shared && Prompts[at].AsSpan(0, Shared).SequenceEqual(head)
                && !Prompts[answer.Prompt].AsSpan().StartsWith(head))
                return true;
        }

        return false;
    }

    /// <summary>Some servers keep the token that ends a text to themselves: then it must be what comes next.</summary>
    private bool IsCutShort(AuditedAnswer answer) =>
        answer.End == AnswerEnd.Stop && answer.IsScored && !IsEnded(answer) && answer.Behind[^1] > Tie;

    private bool IsEnded(AuditedAnswer answer) => answer.Ids is [.., var last] && Ends.Contains(last);

    private bool IsReported(AuditedAnswer answer) =>
        answer.Reported == long.MaxValue || answer.Reported == answer.Ids.Length
        || (answer.End == AnswerEnd.Stop && !IsEnded(answer) && answer.Reported == answer.Ids.Length + 1L);
}
