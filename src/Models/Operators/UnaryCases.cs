using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Operators of one number: mathematics, rounding and activations.</summary>
internal static class UnaryCases
{
    /// <param name="Real">Every elementary step is rounded by the arithmetic.</param>
    /// <param name="Whole">Null where the operator takes no integers.</param>
    /// <param name="Torch">Of <c>x</c>.</param>
    /// <param name="Fill">Of the plain cases: where the operator is steep enough to show an error and results are not tiny.</param>
    private sealed record Unary(string Operator, Func<Arithmetic, double, double> Real, Func<long, long>? Whole, string Torch, Fill Fill)
    {
        /// <summary>The first opset in which the operator takes BF16.</summary>
        public int BFloat16Since { get; init; } = 13;

        public ImmutableArray<NodeAttribute> Attributes { get; init; } = [];

        public ElementType[] Integers { get; init; } = [];

        /// <summary>Whether IEEE 754 fixes the result to the last bit.</summary>
        public bool IsFixed { get; init; } = true;

        /// <summary>False where the definition does not say what becomes of NaN.</summary>
        public bool DefinesNaN { get; init; } = true;

        /// <summary>Further values whose results are well known to go wrong.</summary>
        public double[] Edges { get; init; } = [];
    }

    private const float Slope = 0.25f;
    private static readonly ElementType[] Signed = [ElementType.Int8, ElementType.Int32, ElementType.Int64];

    private static readonly double[] Ties = [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 1023.5, -1024.5, 0.25, -0.75, 2, -3];

    private static readonly Unary[] All =
    [
        new("Neg", (_, x) => -x, x => -x, "torch.neg(x)", Fills.Sized(0.25, 4)) { Integers = Signed },
        new("Abs", (_, x) => Math.Abs(x), Math.Abs, "torch.abs(x)", Fills.Sized(0.25, 4)) { Integers = ElementTypes.Integers },
        new("Sign", (_, x) => double.IsNaN(x) ? x : Math.Sign(x), x => Math.Sign(x), "torch.sign(x)", Fills.Sized(0, 4)) { Integers = ElementTypes.Integers, DefinesNaN = false },
        new("Sqrt", (a, x) => a.Round(Math.Sqrt(x)), null, "torch.sqrt(x)", Fills.Uniform(0, 64)),
        new("Reciprocal", (a, x) => a.Round(1 / x), null, "torch.reciprocal(x)", Fills.Sized(0.125, 4)),
        new("Exp", (a, x) => a.Round(Math.Exp(x)), null, "torch.exp(x)", Fills.Uniform(-2, 6)) { IsFixed = false, Edges = [88.5, 88.875, -87.5, 11, 11.125, -16] },
        new("Log", (a, x) => a.Round(Math.Log(x)), null, "torch.log(x)", Fills.Uniform(1.0 / 64, 64)) { IsFixed = false, Edges = [1.0078125, 0.9921875] },
        new("Sin", (a, x) => a.Round(Math.Sin(x)), null, "torch.sin(x)", Fills.Uniform(-8, 8)) { IsFixed = false, BFloat16Since = 22, Edges = [100, -1000, 3.140625] },
        new("Cos", (a, x) => a.Round(Math.Cos(x)), null, "torch.cos(x)", Fills.Uniform(-8, 8)) { IsFixed = false, BFloat16Since = 22, Edges = [100, -1000, 1.5703125] },
        new("Tanh", (a, x) => a.Round(Math.Tanh(x)), null, "torch.tanh(x)", Fills.Uniform(-4, 4)) { IsFixed = false, Edges = [9, -9, 20, 90, -90] },
        new("Sigmoid", Sigmoid, null, "torch.sigmoid(x)", Fills.Uniform(-4, 4)) { IsFixed = false, Edges = [17, -17, 90, -90] },
        new("Erf", (a, x) => a.Round(SpecialFunctions.Erf(x)), null, "torch.erf(x)", Fills.Uniform(-3, 3)) { IsFixed = false, Edges = [4, -4, 10] },
        new("Relu", (_, x) => Math.Max(x, 0), x => Math.Max(x, 0), "torch.relu(x)", Fills.Sized(0.25, 4)) { Integers = Signed, DefinesNaN = false },
        new("LeakyRelu", (a, x) => x >= 0 ? x : a.Round(x * Slope), null, "torch.leaky_relu(x, 0.25)", Fills.Sized(0.5, 8))
        {
            Attributes = [new NodeAttribute.Real("alpha", Slope)],
            BFloat16Since = 16,
        },
        new("Floor", (_, x) => Math.Floor(x), null, "torch.floor(x)", Fills.Uniform(-32, 32)) { Edges = Ties },
        new("Ceil", (_, x) => Math.Ceiling(x), null, "torch.ceil(x)", Fills.Uniform(-32, 32)) { Edges = Ties },
        new("Round", (_, x) => Math.Round(x, MidpointRounding.ToEven), null, "torch.round(x)", Fills.Uniform(-32, 32)) { BFloat16Since = 22, Edges = Ties },
    ];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        .. All.Select(unary => (unary.Operator, (Func<int, IEnumerable<Draft>>)(opset => Drafts(unary, opset)))),
        ("Clip", _ => ElementTypes.Numbers.SelectMany(Clip)),
    ];

    private static IEnumerable<Draft> Drafts(Unary unary, int opset)
    {
        foreach (var type in ElementTypes.Reals.Where(type => type != ElementType.BF16 || opset >= unary.BFloat16Since))
        {
            foreach (var shape in Elementwise.Shapes(type))
                yield return Case(unary, type, Draft.Word(shape), CaseKind.Rounded, shape, unary.Fill);
            if (type != ElementType.FP64)
                yield return Case(unary, type, "19x33", CaseKind.Rounded, [19, 33], unary.Fill) with { View = View.Transposed };
            if (type == ElementType.FP32)
                yield return Case(unary, type, "5x65", CaseKind.Rounded, [5, 65], unary.Fill) with { View = View.Sliced };
            var special = Fills.Special(type).Concat(unary.Edges).Where(x => unary.DefinesNaN || !double.IsNaN(x));
            if (unary.Operator is "Sin" or "Cos") // how far an engine reduces arguments is a matter of accuracy, and asked by the edges
                special = special.Where(x => !(Math.Abs(x) > 1e4) || double.IsInfinity(x));
            if (!unary.IsFixed) // the least denormal has but one bit, the last, which may be wrong; a device that flushes, flushes the greatest one too
                special = special.Where(x => Math.Abs(x) != Rounding.Limits(type).LeastDenormal);
            var values = special.ToArray();
            yield return Case(unary, type, "special", CaseKind.Special, [values.Length], Fills.These(values));
        }
        foreach (var type in unary.Integers)
        {
            var (least, most) = type.Range();
            foreach (var shape in (int[][])[[], [17, 31], [0, 3]])
                yield return Case(unary, type, Draft.Word(shape), CaseKind.Exact, shape, Fills.Integers(type == ElementType.UInt8 ? 0 : least + 1, most));
            yield return Case(unary, type, "19x33", CaseKind.Exact, [19, 33], Fills.Integers(type == ElementType.UInt8 ? 0 : least + 1, most)) with { View = View.Transposed };
        }
    }

    private static Draft Case(Unary unary, ElementType type, string words, CaseKind kind, int[] shape, Fill fill) => new(unary.Operator, type, words, kind)
    {
        Operands = [new Operand.Drawn("x", type, shape, fill)],
        Attributes = unary.Attributes,
        Golden = (a, x) => [Elementwise.Map(x[0], value => unary.Real(a, value), unary.Whole ?? (value => value))],
        Torch = unary.Torch,
    };

    private static IEnumerable<Draft> Clip(ElementType type)
    {
        var (least, most) = type == ElementType.UInt8 ? (15.0, 25.0) : type.IsReal() ? (-1.5, 2.5) : (-15, 25);
        var (low, high) = (Operand.Constant.Scalar("min", type, least), Operand.Constant.Scalar("max", type, most));
        var (kind, fill) = type.IsReal() ? (CaseKind.Rounded, Fills.Uniform(-6, 6)) : (CaseKind.Exact, Fills.Uniform(type == ElementType.UInt8 ? 0 : -50, 50));
        Draft Case(string words, int[] shape, double above, double below, ImmutableArray<Operand> bounds, string torch) => new("Clip", type, words, kind)
        {
            Operands = [new Operand.Drawn("x", type, shape, fill), .. bounds],
            Golden = (_, x) => [Elementwise.Map(x[0], value => Math.Min(Math.Max(value, above), below), value => Math.Min(Math.Max(value, (long)above), (long)below))],
            Torch = torch,
        };
        string Bound(double value) => type.IsReal() ? FormattableString.Invariant($"{value:0.0}") : FormattableString.Invariant($"{value:0}");
        var both = $"torch.clamp(x, {Bound(least)}, {Bound(most)})";
        foreach (var shape in (int[][])[[], [17, 31], [0, 3]])
            yield return Case(Draft.Word(shape), shape, least, most, [low, high], both);
        yield return Case("19x33", [19, 33], least, most, [low, high], both) with { View = View.Transposed };
        yield return Case("no-min", [65], type.IsReal() ? double.NegativeInfinity : -1e6, most, [new Operand.Absent(), high], $"torch.clamp(x, None, {Bound(most)})");
        yield return Case("no-max", [65], least, type.IsReal() ? double.PositiveInfinity : 1e6, [low], $"torch.clamp(x, {Bound(least)}, None)");
        if (!type.IsReal())
            yield break;
        yield return Case("special", [14], least, most, [low, high], both) with
        {
            Kind = CaseKind.Special,
            Operands = [new Operand.Drawn("x", type, [14], Fills.These([.. Fills.Special(type).Where(value => !double.IsNaN(value))])), low, high],
        };
    }

    private static double Sigmoid(Arithmetic a, double x) => a.Round(1 / a.Round(1 + a.Round(Math.Exp(-x))));
}
