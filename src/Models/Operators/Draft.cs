using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>One input of a node.</summary>
internal abstract record Operand
{
    /// <summary>An input of the graph, drawn from the seed.</summary>
    /// <param name="Name">Also the parameter of the TorchScript function.</param>
    public sealed record Drawn(string Name, ElementType Type, int[] Shape, Fill Fill) : Operand;

    /// <summary>An initialiser: axes, sizes and the like, which TorchScript source has as literals.</summary>
    public sealed record Constant(string Name, Values Content) : Operand
    {
        public static Constant Longs(string name, params ReadOnlySpan<int> values)
        {
            var content = new Values(ElementType.Int64, values.Length);
            for (var at = 0; at < values.Length; at++)
                content.Whole[at] = values[at];
            return new(name, content);
        }

        public static Constant Scalar(string name, ElementType type, double value)
        {
            var content = new Values(type);
            Fills.These(value)(new(0, "", name), content);
            return new(name, content);
        }
    }

    /// <summary>An optional input that is left out.</summary>
    public sealed record Absent : Operand;
}

/// <summary>How the first input reaches the operator: a device that takes strides for granted stumbles over the last two.</summary>
internal enum View
{
    Direct,

    /// <summary>Through a Transpose that reverses the axes.</summary>
    Transposed,

    /// <summary>Through a Slice that takes every second element of the last axis, from the second on.</summary>
    Sliced,
}

/// <summary>A case before its numbers are made: cheap, so that a set can be filtered before anything is computed.</summary>
/// <param name="Words">What sets it apart from the other cases of its operator and type; <c>[a-z0-9-]+</c>.</param>
internal sealed record Draft(string Operator, ElementType Type, string Words, CaseKind Kind)
{
    public const int Twice = 2;

    /// <summary>In the order of the node's inputs.</summary>
    public required ImmutableArray<Operand> Operands { get; init; }

    public ImmutableArray<NodeAttribute> Attributes { get; init; } = [];

    /// <summary>Outputs from the drawn operands in their order, as the operator sees them (behind the view).</summary>
    public required Func<Arithmetic, Values[], Values[]> Golden { get; init; }

    /// <summary>TorchScript: lines before the last are statements, the last is what is returned. Null where torch has no equal.</summary>
    public required string? Torch { get; init; }

    public View View { get; init; }

    /// <inheritdoc cref="OperatorCase.Asks"/>
    public int Asks { get; init; } = Twice;

    /// <inheritdoc cref="OperatorSet.Contested"/>
    public bool IsContested { get; init; }

    public string Id => $"{Operator}-{Type.Word()}-{Words}{(View == View.Direct ? "" : $"-{View}")}".ToLowerInvariant();

    /// <summary>Shape in an id: <c>17x31</c>, <c>scalar</c>.</summary>
    public static string Word(IReadOnlyList<int> shape) => shape.Count == 0 ? "scalar" : string.Join('x', shape);

    /// <summary>A list as Python and TorchScript write it: <c>[1, 2]</c>.</summary>
    public static string List(params IEnumerable<int> values) => $"[{string.Join(", ", values)}]";
}
