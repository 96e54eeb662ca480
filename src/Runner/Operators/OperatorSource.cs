using System.Collections.Immutable;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Which generated cases are wanted.</summary>
/// <param name="Seed">Draws the inputs.</param>
/// <param name="Operators">As ONNX spells them; empty for all.</param>
/// <param name="DataTypes">As the Open Inference Protocol spells them; empty for all.</param>
public sealed record OperatorSelection(ulong Seed, ImmutableArray<string> Operators, ImmutableArray<string> DataTypes)
{
    /// <inheritdoc cref="OperatorSet.Contested"/>
    public bool Contested { get; init; }

    /// <summary>Every operator in every type, as a clause asks them.</summary>
    public static OperatorSelection All(ulong seed) => new(seed, [], []);
}

/// <summary>Makes cases one after the other, the same for the same selection.</summary>
/// <exception cref="ArgumentException">An operator or type is none that cases are made for.</exception>
public delegate IEnumerable<OperatorCase> OperatorSource(OperatorSelection selection);
