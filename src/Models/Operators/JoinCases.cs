using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Concat and Split.</summary>
internal static class JoinCases
{
    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
        [("Concat", _ => ElementTypes.All.SelectMany(Concat)), ("Split", _ => ElementTypes.All.SelectMany(Split))];

    private static IEnumerable<Draft> Concat(ElementType type)
    {
        yield return Concat(type, 1, [17, 31], [17, 2]);
        yield return Concat(type, 0, [3, 65], [1, 65], [2, 65]);
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return Concat(type, 1, [3, 0], [3, 5]);
        yield return Concat(type, 0, [63], [64], [1]);
        yield return Concat(type, 2, [2, 3, 5], [2, 3, 1]);
        yield return Concat(type, 1, [19, 33], [19, 4]) with { View = View.Transposed };
        yield return Concat(type, 0, [5, 65], [2, 65]) with { View = View.Sliced };
    }

    private static Draft Concat(ElementType type, int axis, params int[][] shapes)
    {
        string[] names = [.. "xyz"[..shapes.Length].Select(letter => letter.ToString())];
        return new("Concat", type, $"axis{axis}-{string.Join('-', shapes.Select(shape => Draft.Word(shape)))}", CaseKind.Exact)
        {
            Operands = [.. names.Zip(shapes, (name, shape) => new Operand.Drawn(name, type, shape, Fills.Anything))],
            Attributes = [new NodeAttribute.Whole("axis", axis)],
            Golden = (_, at) => [Joined(at, axis)],
            Torch = $"torch.cat([{string.Join(", ", names)}], {axis})",
        };
    }

    private static IEnumerable<Draft> Split(ElementType type)
    {
        yield return Split(type, [17, 31], 1, 30, 1);
        yield return Split(type, [6, 13], 0, 2, 2, 2);
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return Split(type, [5, 129], 1, 64, 65);
        yield return Split(type, [4, 3], 0, 0, 4);
        yield return Split(type, [19, 33], 1, 2, 31) with { View = View.Transposed };
    }

    private static Draft Split(ElementType type, int[] shape, int axis, params int[] sizes) =>
        new("Split", type, $"{Draft.Word(shape)}-axis{axis}-{string.Join('-', sizes)}", CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, shape, Fills.Anything), Operand.Constant.Longs("split", sizes)],
            Attributes = [new NodeAttribute.Whole("axis", axis)],
            Golden = (_, at) => [.. sizes.Select((size, piece) => Piece(at[0], axis, sizes[..piece].Sum(), size))],
            Torch = $"pieces = torch.split_with_sizes(x, {Draft.List(sizes)}, {axis})\n({string.Join(", ", sizes.Select((_, piece) => $"pieces[{piece}]"))})",
        };

    private static Values Piece(Values x, int axis, int start, int size)
    {
        var (starts, counts) = (new int[x.Shape.Length], (int[])x.Shape.Clone());
        (starts[axis], counts[axis]) = (start, size);
        return Layout.Sliced(x, starts, counts, [.. Enumerable.Repeat(1, counts.Length)]);
    }

    private static Values Joined(Values[] pieces, int axis)
    {
        var shape = (int[])pieces[0].Shape.Clone();
        shape[axis] = pieces.Sum(piece => piece.Shape[axis]);
        var (joined, strides, first) = (new Values(pieces[0].Type, shape), Layout.Strides(shape), 0);
        foreach (var piece in pieces)
        {
            var targets = Layout.Grid(piece.Shape, first * strides[axis], strides);
            for (var at = 0; at < targets.Length; at++)
                joined.Copy(targets[at], piece, at);
            first += piece.Shape[axis];
        }
        return joined;
    }
}
