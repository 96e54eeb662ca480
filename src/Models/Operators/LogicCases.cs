using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>And, Or, Not and Where.</summary>
internal static class LogicCases
{
    private static readonly Fill Bits = Fills.Integers(0, 1);

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        ("And", _ => Pairs("And", (x, y) => x & y, "torch.logical_and(x, y)")),
        ("Or", _ => Pairs("Or", (x, y) => x | y, "torch.logical_or(x, y)")),
        ("Not", _ => Not()),
        ("Where", _ => ElementTypes.All.SelectMany(Where)),
    ];

    private static IEnumerable<Draft> Pairs(string name, Func<long, long, long> whole, string torch)
    {
        Draft Case(int[] left, int[] right) => new(name, ElementType.Bool, left.SequenceEqual(right) ? Draft.Word(left) : $"{Draft.Word(left)}-by-{Draft.Word(right)}", CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", ElementType.Bool, left, Bits), new Operand.Drawn("y", ElementType.Bool, right, Bits)],
            Golden = (_, at) => [Elementwise.Pair(at[0], at[1], (x, _) => x, whole)],
            Torch = torch,
        };
        foreach (var (left, right) in ((int[], int[])[])[([], []), ([17, 31], [17, 31]), ([17, 1], [1, 31]), ([31], [5, 31]), ([65], [65]), ([0, 3], [1, 3])])
            yield return Case(left, right);
        yield return Case([19, 33], [19, 33]) with { View = View.Transposed };
        yield return Case([5, 65], [65]) with { View = View.Sliced };
    }

    private static IEnumerable<Draft> Not()
    {
        Draft Case(int[] shape) => new("Not", ElementType.Bool, Draft.Word(shape), CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", ElementType.Bool, shape, Bits)],
            Golden = (_, at) => [Elementwise.Map(at[0], x => x, x => 1 - x)],
            Torch = "torch.logical_not(x)",
        };
        foreach (var shape in (int[][])[[], [1], [17, 31], [65], [129], [0, 3]])
            yield return Case(shape);
        yield return Case([19, 33]) with { View = View.Transposed };
    }

    private static IEnumerable<Draft> Where(ElementType type)
    {
        Draft Of(string words, int[] condition, int[] x, int[] y, Fill fill) => new("Where", type, $"{words}{Draft.Word(condition)}-{Draft.Word(x)}-{Draft.Word(y)}", CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("c", ElementType.Bool, condition, Bits), new Operand.Drawn("x", type, x, fill), new Operand.Drawn("y", type, y, fill)],
            Golden = (_, at) => [Choose(at[0], at[1], at[2])],
            Torch = "torch.where(c, x, y)",
        };
        Draft Case(int[] condition, int[] x, int[] y) => Of("", condition, x, y, Unsigned);
        // "behaves like numpy.where" (ONNX), which hands over the element that was chosen, its sign with it
        if (type.IsReal())
            yield return Of("zeros-", [17, 31], [17, 31], [17, 31], Fills.These(-0.0, 0.0, 1)) with { IsContested = true };
        yield return Case([17, 31], [17, 31], [17, 31]);
        yield return Case([17, 1], [1, 31], []);
        yield return Case([31], [5, 31], [5, 1]);
        if (type is ElementType.FP32 or ElementType.Int64)
        {
            yield return Case([], [65], [65]);
            yield return Case([0, 3], [1, 3], [3]);
        }
    }

    /// <summary>Zeros are positive: those of either sign are a contested case of their own.</summary>
    private static void Unsigned(Draws draws, Values into)
    {
        Fills.Anything(draws, into);
        foreach (ref var value in into.Reals.AsSpan())
            value = Rounding.To(into.Type, value) == 0 ? 0 : value; // what is tiny may become a zero, and a negative one
    }

    private static Values Choose(Values condition, Values x, Values y)
    {
        var shape = Layout.Broadcast(condition.Shape, Layout.Broadcast(x.Shape, y.Shape));
        var (conditions, left, right) = (Layout.Stretched(condition.Shape, shape), Layout.Stretched(x.Shape, shape), Layout.Stretched(y.Shape, shape));
        var chosen = new Values(x.Type, shape);
        for (var at = 0; at < chosen.Count; at++)
        {
            var first = condition.Whole[conditions[at]] != 0;
            chosen.Copy(at, first ? x : y, first ? left[at] : right[at]);
        }
        return chosen;
    }
}
