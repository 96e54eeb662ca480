using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd and ReduceL2.</summary>
internal static class ReductionCases
{
    /// <summary>A prime above what a float16 running sum of ones can count, and above 100,000.</summary>
    public const int Large = 100_003;

    /// <param name="Torch">Of <c>x</c>; {0} is the list of axes, {1} whether they stay, {2} the number of the type.</param>
    private sealed record Reduction(string Operator, Func<Arithmetic, ReadOnlySpan<double>, double> Real, string Torch)
    {
        public Func<ReadOnlySpan<long>, long>? Whole { get; init; }

        public ElementType[] Integers { get; init; } = [];

        public required Func<ElementType, Fill> Fill { get; init; }

        /// <summary>Whether the definition says what becomes of NaN.</summary>
        public bool DefinesNaN { get; init; } = true;

        /// <summary>Null where the operator is not asked for a large reduction.</summary>
        public Fill? LargeFill { get; init; }

        /// <summary>Whether torch reduces one axis at most.</summary>
        public bool OneAxis { get; init; }
    }

    private sealed record Form(string Words, int[] Shape, int[] Axes, bool Keeps);

    private static readonly Form[] Major =
    [
        new("last", [17, 31], [1], true), new("first", [17, 31], [0], false), new("all", [3, 5, 7], [0, 1, 2], true), new("outer", [3, 65, 5], [0, 2], false),
        new("one", [5, 1], [1], true), new("tile-edge", [3, 129], [1], true), new("middle", [2, 63, 5], [1], true), new("empty", [0, 3], [1], true), new("vector", [127], [0], false),
    ];

    private static readonly ElementType[] Wide = [ElementType.Int32, ElementType.Int64];

    private static readonly Reduction[] All =
    [
        new("ReduceSum", (a, x) => a.Round(a.Sum(x)), "torch.sum(x, {0}, {1}, dtype={2})")
        {
            Fill = type => type.IsReal() ? Fills.Uniform(-1, 4) : Parts(type), Whole = Sum, Integers = Wide, LargeFill = Fills.Uniform(0, 1), // no sum near zero: its relative error is chance
        },
        new("ReduceMean", (a, x) => a.Round(a.Wide(a.Sum(x) / x.Length)), "torch.mean(x, {0}, {1})") { Fill = _ => Fills.Uniform(0.5, 8), LargeFill = Fills.Uniform(0.5, 8) },
        new("ReduceMax", (_, x) => Greatest(x), "torch.amax(x, {0}, {1})")
        {
            Fill = Any, Whole = x => x.ToArray().Max(), Integers = ElementTypes.Integers, DefinesNaN = false, LargeFill = Fills.Uniform(-8, 8),
        },
        new("ReduceMin", (_, x) => -Greatest([.. x.ToArray().Select(value => -value)]), "torch.amin(x, {0}, {1})")
        {
            Fill = Any, Whole = x => x.ToArray().Min(), Integers = ElementTypes.Integers, DefinesNaN = false,
        },
        new("ReduceProd", (a, x) => a.Round(a.Product(x)), "torch.prod(x, {0}, {1}, dtype={2})")
        {
            Fill = type => type.IsReal() ? Fills.Sized(0.9375, 1.0625) : Factors(type), Whole = Product, Integers = Wide, OneAxis = true,
        },
        new("ReduceL2", (a, x) => a.Round(a.Wide(Math.Sqrt(a.Dot(x, x)))), "torch.linalg_vector_norm(x, 2, {0}, {1})") { Fill = _ => Fills.Sized(0.25, 4), LargeFill = Fills.Uniform(-1, 1) },
    ];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
        [.. All.Select(reduction => (reduction.Operator, (Func<int, IEnumerable<Draft>>)(opset => Drafts(reduction, opset))))];

    private static IEnumerable<Draft> Drafts(Reduction reduction, int opset)
    {
        foreach (var type in (ElementType[])[.. ElementTypes.Reals, .. reduction.Integers])
        {
            foreach (var form in type == ElementType.FP32 ? Major : Major[..3])
            {
                if (!(type.IsReal() && form.Axes.Length > 1 && reduction.Operator == "ReduceProd") || type == ElementType.FP32)
                    yield return Case(reduction, opset, type, form, reduction.Fill(type));
            }
            yield return Case(reduction, opset, type, new("last-19x33", [19, 33], [1], true), reduction.Fill(type)) with { View = View.Transposed };
            if (type == ElementType.Int64 && reduction.Operator == "ReduceSum") // 31 numbers of up to 2^56: more bits than float64 has
                yield return Case(reduction, opset, type, new("wide-17x31", [17, 31], [1], true), Fills.Integers(-1L << 56, 1L << 56)) with { IsContested = true };
            if (type == ElementType.FP32)
                yield return Case(reduction, opset, type, new("first-5x65", [5, 65], [0], true), reduction.Fill(type)) with { View = View.Sliced };
            if (type is ElementType.FP32 or ElementType.FP16 && reduction.LargeFill is { } large)
                yield return Case(reduction, opset, type, new($"all-{Large}", [Large], [0], true), large);
            if (type.IsReal())
                yield return Special(reduction, opset, type);
        }
    }

    /// <summary>Rows that hold one special value among ones; the last holds both infinities.</summary>
    private static Draft Special(Reduction reduction, int opset, ElementType type)
    {
        var values = Fills.Special(type).Where(value => reduction.DefinesNaN || !double.IsNaN(value)).ToArray();
        if (reduction.Operator == "ReduceL2") // whether squares may overflow on the way to a finite root is not defined
            values = [.. values.Where(value => !double.IsFinite(value) || Math.Abs(value) <= 1)];
        double[] numbers = [.. values.SelectMany(value => (double[])[1, value, 1, 1]), 1, double.NegativeInfinity, double.PositiveInfinity, 1];
        return Case(reduction, opset, type, new("special", [values.Length + 1, 4], [1], true), Fills.These(numbers)) with { Kind = CaseKind.Special };
    }

    private static Draft Case(Reduction reduction, int opset, ElementType type, Form form, Fill fill)
    {
        var byInput = reduction.Operator == "ReduceSum" || opset >= 18;
        return new(reduction.Operator, type, form.Shape.Length > 1 && !form.Words.Contains('x') ? $"{form.Words}-{Draft.Word(form.Shape)}" : form.Words, type.IsReal() ? CaseKind.Rounded : CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, form.Shape, fill), .. byInput ? (Operand[])[Operand.Constant.Longs("axes", form.Axes)] : []],
            Attributes = [.. byInput ? (NodeAttribute[])[] : [new NodeAttribute.Wholes("axes", form.Axes)], new NodeAttribute.Whole("keepdims", form.Keeps ? 1 : 0)],
            Golden = (a, at) => [Reduce(a, reduction, at[0], form)],
            Torch = reduction.OneAxis && form.Axes.Length > 1 ? Folded(form, type) : string.Format(
                null, reduction.Torch, reduction.OneAxis ? form.Axes[0].ToString((IFormatProvider?)null) : Draft.List(form.Axes), form.Keeps, type.TorchNumber()),
        };
    }

    /// <summary>The last axis first, so that the others keep their numbers.</summary>
    private static string Folded(Form form, ElementType type) =>
        form.Axes.Reverse().Aggregate("x", (inner, axis) => $"torch.prod({inner}, {axis}, {form.Keeps}, dtype={type.TorchNumber()})");

    private static Values Reduce(Arithmetic a, Reduction reduction, Values x, Form form)
    {
        var lanes = new Lanes(x, form.Axes);
        var reduced = new Values(x.Type, lanes.Outer);
        for (var lane = 0; lane < lanes.Count; lane++)
        {
            if (x.Type.IsReal())
                reduced.Reals[lane] = reduction.Real(a, lanes.Reals(lane));
            else
                reduced.Whole[lane] = reduction.Whole!(lanes.Whole(lane));
        }
        return form.Keeps ? reduced.Shaped([.. x.Shape.Select((size, axis) => form.Axes.Contains(axis) ? 1 : size)]) : reduced;
    }

    private static double Greatest(ReadOnlySpan<double> values)
    {
        var greatest = double.NegativeInfinity;
        foreach (var value in values)
            greatest = Math.Max(greatest, value);
        return greatest;
    }

    private static long Sum(ReadOnlySpan<long> values)
    {
        var sum = 0L;
        foreach (var value in values)
            sum = checked(sum + value);
        return sum;
    }

    private static long Product(ReadOnlySpan<long> values)
    {
        var product = 1L;
        foreach (var value in values)
            product = checked(product * value);
        return product;
    }

    private static Fill Any(ElementType type) => type.IsReal() ? Fills.Sized(0.25, 8) : Fills.Integers(type.Range().Least, type.Range().Most);

    /// <summary>Sums of up to 128 stay in the type. Those of int64 lie beyond 2^32 and within 2^52: larger ones are a contested case of their own.</summary>
    private static Fill Parts(ElementType type) => type == ElementType.Int64 ? Fills.Integers(-1L << 45, 1L << 45) : Fills.Integers(type.Range().Least / 128, type.Range().Most / 128);

    /// <summary>Ones of either sign and a few powers of two, so that 105 of them stay in the type; those of int64 lie beyond 2^31.</summary>
    private static Fill Factors(ElementType type) => (draws, into) =>
    {
        for (var at = 0; at < into.Count; at++)
            into.Whole[at] = (at % 13 != 6 ? 1 : type == ElementType.Int64 ? 64 : 4) * ((2 * draws.Between(0, 1)) - 1);
    };
}
