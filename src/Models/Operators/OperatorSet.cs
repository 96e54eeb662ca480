using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Which operator cases to make. The same set makes the same cases on every machine.</summary>
public sealed record OperatorSet
{
    /// <summary>Opsets that the cases can be written in: axes became inputs in 18, and bfloat16 reached the last operators in 22.</summary>
    public const int OldestOpset = 17, NewestOpset = 22;

    /// <summary>Draws the inputs; shapes, attributes and the special values do not depend on it.</summary>
    public required ulong Seed { get; init; }

    /// <summary>As <see cref="OperatorCases.DataTypes"/> spells them; none named means all.</summary>
    public ImmutableArray<string> DataTypes { get; init; } = [];

    /// <summary>As <see cref="OperatorCases.Operators"/> spells them; none named means all.</summary>
    public ImmutableArray<string> Operators { get; init; } = [];

    /// <summary>
    /// Whether to make the cases too in which an engine in wide use is known to leave a definition that leaves it no choice (docs/operators.md lists them). A clause
    /// does not ask them: its known-good control could not pass.
    /// </summary>
    public bool Contested { get; init; }

    /// <summary>Of the default domain, <see cref="OldestOpset"/> to <see cref="NewestOpset"/>.</summary>
    public int Opset { get; init; } = OldestOpset;
}
