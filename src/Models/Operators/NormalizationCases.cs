using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Softmax, LogSoftmax, LayerNormalization and BatchNormalization.</summary>
internal static class NormalizationCases
{
    private const double Epsilon = 1.0 / 1024; // the same number in every type
    private const string TorchEpsilon = "0.0009765625";

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        ("Softmax", _ => ElementTypes.Reals.SelectMany(type => Softmax("Softmax", type))),
        ("LogSoftmax", _ => ElementTypes.Reals.SelectMany(type => Softmax("LogSoftmax", type))),
        ("LayerNormalization", _ => ElementTypes.Reals.SelectMany(Layer)),
        ("BatchNormalization", _ => ElementTypes.Reals.SelectMany(Batch)),
    ];

    private static IEnumerable<Draft> Softmax(string name, ElementType type)
    {
        var fill = Fills.Uniform(-4, 4);
        (int[] Shape, int Axis)[] shapes = type == ElementType.FP32
            ? [([17, 31], 1), ([17, 31], 0), ([3, 129, 5], 1), ([65], 0), ([5, 1], 1), ([0, 3], 1), ([2, 3, 64], 2), ([127, 63], 1)]
            : [([17, 31], 1), ([3, 65, 5], 1), ([0, 3], 1)];
        foreach (var (shape, axis) in shapes)
            yield return Case(name, type, $"axis{axis}-{Draft.Word(shape)}", shape, axis, fill);
        yield return Case(name, type, "axis1-19x33", [19, 33], 1, fill) with { View = View.Transposed };
        if (type == ElementType.FP32)
            yield return Case(name, type, "axis1-5x65", [5, 65], 1, fill) with { View = View.Sliced };

        // one element holds its own against 100,002 that are small: a sum that loses those is seen in the first
        if (type is ElementType.FP32 or ElementType.FP16)
            yield return Case(name, type, $"axis0-{ReductionCases.Large}", [ReductionCases.Large], 0, (_, into) => into.Reals[0] = 12);

        var (huge, none) = (Math.Min(Rounding.Limits(type).Most, 1e30), double.NegativeInfinity);
        double[] rows = [none, 1, none, 2, huge, huge, 0, -huge, huge, 1, none, -1, 0.0, -0.0, 0, -0.0];
        yield return Case(name, type, "special", [rows.Length / 4, 4], 1, Fills.These(rows)) with { Kind = CaseKind.Special };

        // no row holds +Inf: by the formula exp(x) / sum(exp(x)) the others beside it are 0, by the expansion that ONNX gives, which takes the greatest away before, they are no numbers
        yield return Case(name, type, "nan", [2, 4], 1, Fills.These(none, none, none, none, 1, double.NaN, 0, 1)) with { Kind = CaseKind.Special, IsContested = name == "LogSoftmax" && type == ElementType.FP64 };
    }

    private static Draft Case(string name, ElementType type, string words, int[] shape, int axis, Fill fill) => new(name, type, words, CaseKind.Rounded)
    {
        Operands = [new Operand.Drawn("x", type, shape, fill)],
        Attributes = [new NodeAttribute.Whole("axis", axis)],
        Golden = (a, at) =>
        {
            var lanes = new Lanes(at[0], axis);
            return [lanes.Back(type, lanes.Length, (lane, y, _) => Softmax(a, lanes.Reals(lane), y.Span, name == "LogSoftmax"))];
        },
        Torch = name == "Softmax" ? $"torch.softmax(x, {axis})" : $"torch.log_softmax(x, {axis})",
    };

    private static void Softmax(Arithmetic a, ReadOnlySpan<double> x, Span<double> y, bool logarithm)
    {
        var greatest = double.NegativeInfinity;
        foreach (var value in x)
            greatest = Math.Max(greatest, value);
        for (var at = 0; at < x.Length; at++)
            y[at] = a.Round(Math.Exp(a.Round(x[at] - greatest)));
        var sum = a.Sum(y);
        var below = a.Wide(Math.Log(sum));
        for (var at = 0; at < x.Length; at++)
            y[at] = a.Round(logarithm ? a.Round(x[at] - greatest) - below : y[at] / sum);
    }

    private static IEnumerable<Draft> Layer(ElementType type)
    {
        var fill = Fills.Uniform(-4, 4);
        yield return Layer(type, "last", [17, 31], 1, true, fill);
        yield return Layer(type, "two-axes", [2, 5, 63], 1, true, fill);
        yield return Layer(type, "last", [19, 33], 1, true, fill) with { View = View.Transposed };
        yield return Layer(type, "special", [4, 3], 1, true, Fills.These(1, double.NaN, 2, double.PositiveInfinity, 1, 2, 0, 0, 0, -0.0, 1, double.NegativeInfinity)) with { Kind = CaseKind.Special };
        if (type is not (ElementType.FP32 or ElementType.FP16))
            yield break;
        yield return Layer(type, "no-bias", [3, 129], 1, false, fill);
        yield return Layer(type, "empty", [0, 31], 1, true, fill);
        yield return Layer(type, "row", [1, 1027], 1, true, fill);
        yield return Layer(type, "last", [5, 65], 1, true, fill) with { View = View.Sliced };
        // a variance by mean of squares less square of mean loses sixteen bits here, and two elements in five with them; further off, float32 itself cannot do what COR-01 asks
        if (type == ElementType.FP32)
            yield return Layer(type, "offset", [7, 127], 1, true, Fills.Uniform(254, 258));
    }

    private static Draft Layer(ElementType type, string words, int[] shape, int axis, bool bias, Fill fill)
    {
        var normal = shape[axis..];
        return new("LayerNormalization", type, $"{words}-{Draft.Word(shape)}", CaseKind.Rounded)
        {
            Operands =
            [
                new Operand.Drawn("x", type, shape, fill), new Operand.Drawn("w", type, normal, Fills.Sized(0.5, 2)),
                .. bias ? (Operand[])[new Operand.Drawn("b", type, normal, Fills.Uniform(-1, 1))] : [],
            ],
            Attributes = [new NodeAttribute.Whole("axis", axis), new NodeAttribute.Real("epsilon", (float)Epsilon)],
            Golden = (a, at) =>
            {
                var lanes = new Lanes(at[0], [.. Enumerable.Range(axis, shape.Length - axis)]);
                return [lanes.Back(type, lanes.Length, (lane, y, _) => Normalize(a, lanes.Reals(lane), at[1].Reals, bias ? at[2].Reals : [], y.Span))];
            },
            Torch = $"torch.layer_norm(x, {Draft.List(normal)}, w, {(bias ? "b" : "None")}, {TorchEpsilon})",
        };
    }

    /// <summary>Mean, then the mean square of what is left of it (ONNX LayerNormalization, the definition by other operators).</summary>
    private static void Normalize(Arithmetic a, ReadOnlySpan<double> x, double[] weight, double[] bias, Span<double> y)
    {
        var mean = a.Round(a.Wide(a.Sum(x) / x.Length));
        for (var at = 0; at < x.Length; at++)
            y[at] = a.Round(x[at] - mean);
        var variance = a.Round(a.Wide(a.Dot(y, y) / x.Length));
        var scale = a.Round(1 / a.Round(Math.Sqrt(a.Round(variance + Epsilon))));
        for (var at = 0; at < x.Length; at++)
        {
            y[at] = a.Round(a.Round(y[at] * scale) * weight[at]);
            if (bias.Length > 0)
                y[at] = a.Round(y[at] + bias[at]);
        }
    }

    private static IEnumerable<Draft> Batch(ElementType type)
    {
        yield return Batch(type, [2, 3, 5, 7], Fills.Uniform(-4, 4));
        yield return Batch(type, [3, 17], Fills.Uniform(-4, 4));
        yield return Batch(type, [1, 5, 4, 6], Fills.Uniform(-4, 4)) with { View = View.Transposed };
        if (type == ElementType.FP32)
        {
            yield return Batch(type, [1, 65, 9, 7], Fills.Uniform(-4, 4));
            yield return Batch(type, [0, 3, 5, 7], Fills.Uniform(-4, 4));
        }
        var special = Fills.Special(type).Where(value => !(Math.Abs(value) > 1e4) || double.IsInfinity(value)).ToArray();
        yield return Batch(type, [special.Length, 1], Fills.These(special)) with { Kind = CaseKind.Special };
    }

    private static Draft Batch(ElementType type, int[] shape, Fill fill)
    {
        Operand.Drawn Per(string name, Fill of) => new(name, type, [shape[1]], of);
        return new("BatchNormalization", type, Draft.Word(shape), CaseKind.Rounded)
        {
            Operands = [new Operand.Drawn("x", type, shape, fill), Per("w", Fills.Sized(0.5, 2)), Per("b", Fills.Uniform(-1, 1)), Per("mean", Fills.Uniform(-1, 1)), Per("variance", Fills.Uniform(0.25, 4))],
            Attributes = [new NodeAttribute.Real("epsilon", (float)Epsilon)],
            Golden = (a, at) => [Normalize(a, at)],
            Torch = $"torch.batch_norm(x, w, b, mean, variance, False, 0.0, {TorchEpsilon}, False)",
        };
    }

    private static Values Normalize(Arithmetic a, Values[] at)
    {
        var x = at[0];
        var (y, area) = (new Values(x.Type, x.Shape), Layout.Count(x.Shape.AsSpan(2)));
        for (var i = 0; i < x.Count; i++)
        {
            var channel = i / area % x.Shape[1];
            var scale = a.Round(at[1].Reals[channel] / a.Round(Math.Sqrt(a.Round(at[4].Reals[channel] + Epsilon))));
            y.Reals[i] = a.Round(a.Round(a.Round(x.Reals[i] - at[3].Reals[channel]) * scale) + at[2].Reals[channel]);
        }
        return y;
    }
}
