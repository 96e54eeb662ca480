using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Arithmetic of two numbers and comparisons, with broadcasting.</summary>
internal static class BinaryCases
{
    /// <param name="Torch">Of <c>x</c> and <c>y</c>; for integers <c>TorchWhole</c>, if it differs.</param>
    /// <param name="Ranges">What each operand is drawn from, by type: nothing overflows, and results lie where an error shows.</param>
    private sealed record Binary(string Operator, string Torch, Func<ElementType, (Fill X, Fill Y)> Ranges)
    {
        public Func<Arithmetic, double, double, double>? Real { get; init; }

        public Func<long, long, long>? Whole { get; init; }

        public Func<double, double, bool>? RealHolds { get; init; }

        public Func<long, long, bool>? WholeHolds { get; init; }

        public string? TorchWhole { get; init; }

        public ElementType[] Types { get; init; } = ElementTypes.Numbers;

        public ImmutableArray<NodeAttribute> RealAttributes { get; init; } = [];

        public bool Compares => RealHolds is not null;
    }

    private static readonly (int[] X, int[] Y)[] MajorShapes =
        [([], []), ([1], [1]), ([17, 31], [17, 31]), ([17, 31], [31]), ([31], [17, 31]), ([17, 1], [1, 31]), ([], [5, 13]), ([129], []), ([2, 3, 1, 65], [3, 7, 1]), ([0, 3], [1, 3]), ([2, 2049], [2049])];

    private static readonly (int[] X, int[] Y)[] MinorShapes = [([], []), ([17, 31], [17, 31]), ([17, 1], [1, 33]), ([0, 3], [1, 3])];

    private static readonly Binary[] All =
    [
        new("Add", "torch.add(x, y)", type => Share(type, 2)) { Real = (a, x, y) => a.Round(x + y), Whole = (x, y) => x + y },
        new("Sub", "torch.sub(x, y)", Difference) { Real = (a, x, y) => a.Round(x - y), Whole = (x, y) => x - y },
        new("Mul", "torch.mul(x, y)", Factors) { Real = (a, x, y) => a.Round(x * y), Whole = (x, y) => x * y },
        new("Div", "torch.div(x, y)", Quotient) { Real = (a, x, y) => a.Round(x / y), Whole = (x, y) => x / y, TorchWhole = "torch.div(x, y, rounding_mode='trunc')" },
        new("Mod", "torch.fmod(x, y)", Quotient)
        {
            Real = (_, x, y) => x % y, // exact in every type: no bit is lost
            Whole = (x, y) => ((x % y) + y) % y, // the sign of the divisor, as in Python
            TorchWhole = "torch.remainder(x, y)",
            RealAttributes = [new NodeAttribute.Whole("fmod", 1)],
        },
        new("Pow", "torch.pow(x, y)", type => type.IsReal() ? (Fills.Uniform(0.25, 4), Fills.Uniform(-2, 3)) : (Fills.Sized(1, 9), Fills.Uniform(0, 7)))
        {
            Real = (a, x, y) => a.Round(Math.Pow(x, y)), Whole = Power, Types = [.. ElementTypes.Reals, ElementType.Int32, ElementType.Int64],
        },
        new("Min", "torch.minimum(x, y)", Any) { Real = (_, x, y) => Math.Min(x, y), Whole = Math.Min },
        new("Max", "torch.maximum(x, y)", Any) { Real = (_, x, y) => Math.Max(x, y), Whole = Math.Max },
        new("Equal", "torch.eq(x, y)", _ => (Fills.Uniform(0, 3), Fills.Uniform(0, 3))) { RealHolds = (x, y) => x == y, WholeHolds = (x, y) => x == y },
        new("Less", "torch.lt(x, y)", Any) { RealHolds = (x, y) => x < y, WholeHolds = (x, y) => x < y },
        new("Greater", "torch.gt(x, y)", Any) { RealHolds = (x, y) => x > y, WholeHolds = (x, y) => x > y },
    ];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
        [.. All.Select(binary => (binary.Operator, (Func<int, IEnumerable<Draft>>)(_ => binary.Types.SelectMany(type => Drafts(binary, type)))))];

    private static IEnumerable<Draft> Drafts(Binary binary, ElementType type)
    {
        var (x, y) = binary.Ranges(type);
        foreach (var (left, right) in type switch { ElementType.FP32 => MajorShapes, ElementType.FP64 or ElementType.Int8 or ElementType.UInt8 => MinorShapes[1..3], _ => MinorShapes })
            yield return Case(binary, type, left.SequenceEqual(right) ? Draft.Word(left) : $"{Draft.Word(left)}-by-{Draft.Word(right)}", left, right, x, y);
        if (type != ElementType.FP64)
            yield return Case(binary, type, "19x33", [19, 33], [19, 33], x, y) with { View = View.Transposed };
        if (type is ElementType.FP32 or ElementType.Int64)
            yield return Case(binary, type, "5x65-by-65", [5, 65], [65], x, y) with { View = View.Sliced };
        if (type == ElementType.Int64 && binary.Compares)
        {
            long[] wide = [5, (1L << 32) + 5, -1, uint.MaxValue, (1L << 53) + 1, 1L << 53, long.MaxValue, long.MinValue];
            yield return Case(binary, type, "wide", [8, 1], [1, 8], Fills.These(wide), Fills.These(wide));
        }
        if (binary.Operator == "Mul" && type is ElementType.FP32 or ElementType.FP16 or ElementType.BF16)
            yield return Often(binary, type);
        if (type.IsReal())
            yield return Special(binary, type);
    }

    /// <summary>6.3 million results, for a fault that strikes one in a million.</summary>
    /// <remarks>Products of 4,096 to 16,384, so that COR-01 allows them 32 units in the last place and no more: of the 32 bits of an FP32 number 26 are then worth more.</remarks>
    private static Draft Often(Binary binary, ElementType type) =>
        Case(binary, type, "often", [64, 2048], [2048], Fills.Sized(4096, 8192), Fills.Sized(1, 2)) with { Asks = 48 };

    /// <summary>Every special value with every other: among them denormals times the greatest number, which only a flush to zero makes zero.</summary>
    private static Draft Special(Binary binary, ElementType type)
    {
        var values = Fills.Special(type);
        if (binary.Operator is "Min" or "Max") // the definitions say neither whether NaN wins nor which zero is the lesser
            values = [.. values.Where(value => !double.IsNaN(value))];
        if (binary.Operator == "Mod" && type == ElementType.FP64) // a quotient of 2^2047 is beyond what vector libraries take apart
            values = [.. values.Where(value => !(Math.Abs(value) > 1) || double.IsInfinity(value))];
        var fill = Fills.These(values);
        return Case(binary, type, "special", [values.Length, 1], [1, values.Length], fill, fill) with { Kind = binary.Compares ? CaseKind.Exact : CaseKind.Special };
    }

    private static Draft Case(Binary binary, ElementType type, string words, int[] left, int[] right, Fill x, Fill y) =>
        new(binary.Operator, type, words, type.IsReal() && !binary.Compares ? CaseKind.Rounded : CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, left, x), new Operand.Drawn("y", type, right, y)],
            Attributes = type.IsReal() ? binary.RealAttributes : [],
            Golden = (a, at) =>
            [
                binary.Compares
                    ? Elementwise.Compare(at[0], at[1], binary.RealHolds!, binary.WholeHolds!)
                    : Elementwise.Pair(at[0], at[1], (p, q) => binary.Real!(a, p, q), binary.Whole!),
            ],
            Torch = type.IsReal() ? binary.Torch : binary.TorchWhole ?? binary.Torch,
        };

    private static (Fill X, Fill Y) Any(ElementType type)
    {
        var fill = type.IsReal() ? Fills.Sized(0.25, 4) : Fills.Integers(type.Range().Least, type.Range().Most);
        return (fill, fill);
    }

    /// <summary>A part of the range of an integer type each; int64 then lies beyond what 32 bits hold.</summary>
    private static (Fill X, Fill Y) Share(ElementType type, long parts)
    {
        if (type.IsReal())
            return (Fills.Sized(0.5, 4), Fills.Sized(0.5, 4));
        var (least, most) = type.Range();
        return (Fills.Integers(least / parts, most / parts), Fills.Integers(least / parts, most / parts));
    }

    private static (Fill X, Fill Y) Difference(ElementType type) =>
        type == ElementType.UInt8 ? (Fills.Integers(128, 255), Fills.Integers(0, 128)) : Share(type, 2);

    private static (Fill X, Fill Y) Factors(ElementType type)
    {
        if (type.IsReal())
            return Share(type, 1);
        var root = (long)Math.Sqrt(type.Range().Most) - 1;
        return (Fills.Integers(type == ElementType.UInt8 ? 0 : -root, root), Fills.Integers(type == ElementType.UInt8 ? 0 : -root, root));
    }

    /// <summary>Dividends of the whole range, but for the least, which divided by -1 has no answer; divisors that are not zero.</summary>
    private static (Fill X, Fill Y) Quotient(ElementType type) => type.IsReal()
        ? (Fills.Sized(0.5, 8), Fills.Sized(0.25, 2))
        : (Fills.Integers(type == ElementType.UInt8 ? 0 : type.Range().Least + 1, type.Range().Most), Fills.Sized(1, 99));

    private static long Power(long x, long y)
    {
        var power = 1L;
        for (; y > 0; y--)
            power = checked(power * x);
        return power;
    }
}
