using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>One greedy answer of an audit: what was said, and for a sample what the exact reference makes of it.</summary>
public sealed record AuditedAnswer
{
    /// <summary>Place of its prompt among the audit's.</summary>
    public required int Prompt { get; init; }

    /// <summary>0 for a whole, well-formed answer, otherwise 1 + the ordinal of the failure.</summary>
    public required int Status { get; init; }

    /// <summary>Why the server says that it ended.</summary>
    public required AnswerEnd End { get; init; }

    /// <summary>As streamed, in the order of arrival; the token that ends a text may be among them.</summary>
    public required ImmutableArray<int> Ids { get; init; }

    /// <summary>Events with content that brought them.</summary>
    public required int Chunks { get; init; }

    /// <summary>Tokens that the server says it made; <see cref="long.MaxValue"/> if it says nothing.</summary>
    public required long Reported { get; init; }

    /// <summary>
    /// For each id how far the exact reference finds it behind the likeliest token, given the true prompt and the ids before it; then, for the place
    /// after the last, how far the likeliest token that ends a text is behind. In 1e-9 of a logit, 0 or more. Default where it was not computed.
    /// </summary>
    public ImmutableArray<long> Behind { get; init; }

    /// <summary>The exact reference's likeliest token at each of those places.</summary>
    public ImmutableArray<int> Likeliest { get; init; }

    public bool IsAnswered => Status == 0;

    public bool IsScored => !Behind.IsDefault;
}

/// <summary>As a server spells it in finish_reason.</summary>
public enum AnswerEnd
{
    /// <summary>It says nothing.</summary>
    None,

    Length,

    Stop,

    Other,
}
