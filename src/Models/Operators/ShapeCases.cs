using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Operators that move data and compute nothing: Slice, Transpose, Reshape, Expand, Tile, Squeeze, Unsqueeze and Identity.</summary>
internal static class ShapeCases
{
    private static readonly Operand[] None = [];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        ("Slice", _ => ElementTypes.All.SelectMany(Slice)),
        ("Transpose", _ => ElementTypes.All.SelectMany(Transpose)),
        ("Reshape", _ => ElementTypes.All.SelectMany(Reshape)),
        ("Expand", _ => ElementTypes.All.SelectMany(Expand)),
        ("Tile", _ => ElementTypes.All.SelectMany(Tile)),
        ("Squeeze", _ => ElementTypes.All.SelectMany(type => Axes("Squeeze", type))),
        ("Unsqueeze", _ => ElementTypes.All.SelectMany(type => Axes("Unsqueeze", type))),
        ("Identity", _ => ElementTypes.All.SelectMany(Identity)),
    ];

    /// <summary>Types that take every case of a family; the others take the first two.</summary>
    private static bool IsMajor(ElementType type) => type is ElementType.FP32 or ElementType.Int64;

    private static Draft Case(string name, ElementType type, string words, int[] shape, Operand[] constants, Func<Values, Values> move, string torch) => new(name, type, words, CaseKind.Exact)
    {
        Operands = [new Operand.Drawn("x", type, shape, Fills.Anything), .. constants],
        Golden = (_, at) => [move(at[0])],
        Torch = torch,
    };

    private static IEnumerable<Draft> Slice(ElementType type)
    {
        // end as ONNX takes it, which may lie behind the axis; count is what is left of it
        Draft Along(int[] shape, int axis, int start, int end, int step, int count)
        {
            var (starts, counts, steps) = (new int[shape.Length], (int[])shape.Clone(), Enumerable.Repeat(1, shape.Length).ToArray());
            (starts[axis], counts[axis], steps[axis]) = (start < 0 ? start + shape[axis] : start, count, step);
            Operand[] constants = [Operand.Constant.Longs("starts", start), Operand.Constant.Longs("ends", end), Operand.Constant.Longs("axes", axis), Operand.Constant.Longs("steps", step)];
            var last = starts[axis] + (step * (count - 1));
            var torch = step > 0 ? $"torch.slice(x, {axis}, {start}, {end}, {step})" : $"torch.flip(torch.slice(x, {axis}, {last}, {starts[axis] + 1}, {-step}), [{axis}])";
            return Case("Slice", type, $"{Draft.Word(shape)}-axis{axis}-{start}-{end}-by-{step}".Replace("--", "-m", StringComparison.Ordinal), shape, constants, x => Layout.Sliced(x, starts, counts, steps), torch);
        }
        yield return Along([17, 31], 1, 1, 30, 3, 10);
        yield return Along([17, 31], 0, 2, 99, 1, 15);
        if (!IsMajor(type))
            yield break;
        yield return Along([17, 31], 1, -5, 31, 1, 5);
        yield return Along([5, 65], 1, 64, 0, -2, 32);
        yield return Along([3, 5], 1, 2, 2, 1, 0);
        yield return Along([129], 0, 128, 129, 1, 1);
        yield return Along([19, 33], 0, 0, 18, 1, 18) with { View = View.Transposed };
        yield return Along([5, 64], 1, 1, 63, 2, 31) with { View = View.Sliced };
    }

    private static IEnumerable<Draft> Transpose(ElementType type)
    {
        Draft By(int[] shape, params int[] order) =>
            Case("Transpose", type, $"{Draft.Word(shape)}-by-{string.Concat(order)}", shape, None, x => Layout.Permuted(x, order), $"torch.permute(x, {Draft.List(order)})") with
            {
                Attributes = [new NodeAttribute.Wholes("perm", order)],
            };
        yield return By([17, 31], 1, 0);
        yield return By([2, 3, 5, 7], 0, 2, 3, 1);
        if (!IsMajor(type))
            yield break;
        yield return By([65], 0);
        yield return By([0, 3], 1, 0);
        yield return By([64, 129], 1, 0);
        yield return By([3, 65, 2], 2, 0, 1);
        yield return By([2, 17, 31], 0, 2, 1) with { View = View.Sliced };
    }

    private static IEnumerable<Draft> Reshape(ElementType type)
    {
        Draft To(int[] shape, int[] asked, int[] result) =>
            Case("Reshape", type, $"{Draft.Word(shape)}-to-{Draft.Word(result)}", shape, [Operand.Constant.Longs("shape", asked)], x => x.Shaped(result), $"torch.reshape(x, {Draft.List(result)})");
        yield return To([17, 6], [3, -1], [3, 34]);
        yield return To([2, 3, 65], [0, 195], [2, 195]);
        if (!IsMajor(type))
            yield break;
        yield return To([1], [], []);
        yield return To([], [1, 1], [1, 1]);
        yield return To([0, 3], [3, 0], [3, 0]) with { Attributes = [new NodeAttribute.Whole("allowzero", 1)] };
        yield return To([18, 33], [33, 18], [33, 18]) with { View = View.Transposed };
        yield return To([5, 64], [320], [320]) with { View = View.Sliced };
    }

    private static IEnumerable<Draft> Expand(ElementType type)
    {
        Draft To(int[] shape, int[] asked)
        {
            var result = Layout.Broadcast(shape, asked);
            return Case(
                "Expand", type, $"{Draft.Word(shape)}-to-{Draft.Word(asked)}", shape, [Operand.Constant.Longs("shape", asked)],
                x => x.Taken(result, Layout.Stretched(shape, result)), $"torch.clone(torch.broadcast_to(x, {Draft.List(result)}))");
        }
        yield return To([17, 1], [17, 31]);
        yield return To([31], [3, 1, 31]);
        if (!IsMajor(type))
            yield break;
        yield return To([], [5, 13]);
        yield return To([5, 65], [1, 1]);
        yield return To([1, 3], [0, 3]);
        yield return To([1, 19, 3], [4, 1, 1]) with { View = View.Transposed };
    }

    private static IEnumerable<Draft> Tile(ElementType type)
    {
        Draft By(int[] shape, params int[] repeats)
        {
            int[] result = [.. shape.Zip(repeats, (size, times) => size * times)];
            var strides = Layout.Strides(shape);
            return Case(
                "Tile", type, $"{Draft.Word(shape)}-by-{Draft.Word(repeats)}", shape, [Operand.Constant.Longs("repeats", repeats)],
                x => x.Taken(result, Layout.Map(result, position => position.Select((at, axis) => at % shape[axis] * strides[axis]).Sum())), $"torch.tile(x, {Draft.List(repeats)})");
        }
        yield return By([17, 3], 2, 3);
        yield return By([65], 3);
        if (!IsMajor(type))
            yield break;
        yield return By([2, 1, 5], 1, 7, 1);
        yield return By([3, 5], 0, 2);
        yield return By([9, 7], 2, 1) with { View = View.Transposed };
    }

    private static IEnumerable<Draft> Axes(string name, ElementType type)
    {
        Draft On(int[] shape, int[] axes, int[] result)
        {
            var torch = name == "Squeeze"
                ? axes.OrderDescending().Aggregate("x", (inner, axis) => $"torch.squeeze({inner}, {axis})")
                : axes.Order().Aggregate("x", (inner, axis) => $"torch.unsqueeze({inner}, {axis})");
            return Case(name, type, $"{Draft.Word(shape)}-axes{string.Concat(axes)}", shape, [Operand.Constant.Longs("axes", axes)], x => x.Shaped(result), torch);
        }
        if (name == "Squeeze")
        {
            yield return On([17, 1, 31], [1], [17, 31]);
            yield return On([1, 5, 1, 65], [0, 2], [5, 65]);
        }
        else
        {
            yield return On([17, 31], [1], [17, 1, 31]);
            yield return On([5, 65], [0, 3], [1, 5, 65, 1]);
        }
        if (!IsMajor(type))
            yield break;
        yield return name == "Squeeze" ? On([1], [0], []) : On([], [0], [1]);
        yield return name == "Squeeze" ? On([0, 1], [1], [0]) : On([0], [1], [0, 1]);
        yield return (name == "Squeeze" ? On([19, 1, 33], [1], [19, 33]) : On([19, 33], [1], [19, 1, 33])) with { View = View.Transposed };
    }

    private static IEnumerable<Draft> Identity(ElementType type)
    {
        Draft Of(int[] shape) => Case("Identity", type, Draft.Word(shape), shape, None, x => x, "torch.clone(x)");
        yield return Of([17, 31]);
        yield return Of([19, 33]) with { View = View.Transposed };
        if (!IsMajor(type))
            yield break;
        yield return Of([0, 3]);
        yield return Of([5, 65]) with { View = View.Sliced };
        yield return Of([]);
        yield return Of([1]);
        yield return Of([4097]);
    }
}
