using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>QuantizeLinear and DequantizeLinear between FP32 and 8-bit integers, per tensor and per axis.</summary>
/// <remarks>Scales are powers of two, so that the quotient is exact and ties are ties.</remarks>
internal static class QuantizationCases
{
    private static readonly ElementType[] Bytes = [ElementType.Int8, ElementType.UInt8];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        ("QuantizeLinear", _ => Bytes.SelectMany(to => (Draft[])[Quantize(to, [17, 31], false), Quantize(to, [5, 65], true), Quantize(to, [0, 3], false), Quantize(to, [19, 33], false) with { View = View.Transposed }])),
        ("DequantizeLinear", _ => Bytes.SelectMany(from => (Draft[])[Dequantize(from, [17, 31], false), Dequantize(from, [5, 65], true), Dequantize(from, [0, 3], false), Dequantize(from, [19, 33], false) with { View = View.Transposed }])),
    ];

    private static Operand[] Parameters(ElementType quantized, int[] shape, bool perAxis)
    {
        int[] one = perAxis ? [shape[0]] : [];
        return
        [
            new Operand.Drawn("s", ElementType.FP32, one, Fills.These(0.25, 0.5, 0.125, 1, 0.0625)),
            new Operand.Drawn("z", quantized, one, quantized == ElementType.UInt8 ? Fills.Integers(100, 150) : Fills.Integers(-20, 20)),
        ];
    }

    /// <summary>The parameters as a column beside rows, or alone beside all.</summary>
    private static string Torch(bool perAxis) => perAxis ? "s = s.reshape([-1, 1])\nz = z.reshape([-1, 1])\n" : "";

    private static Draft Quantize(ElementType to, int[] shape, bool perAxis)
    {
        var (least, most) = to.Range();
        return new("QuantizeLinear", ElementType.FP32, $"to-{to.Word()}-{Draft.Word(shape)}{(perAxis ? "-axis0" : "")}", CaseKind.Exact)
        {
            // eighths up to 60: many quotients are ties, some leave the range
            Operands = [new Operand.Drawn("x", ElementType.FP32, shape, (draws, into) => Eighths(draws, into)), .. Parameters(to, shape, perAxis)],
            Attributes = perAxis ? [new NodeAttribute.Whole("axis", 0)] : [],
            Golden = (_, at) =>
            {
                var y = new Values(to, at[0].Shape);
                for (var i = 0; i < y.Count; i++)
                {
                    var parameter = perAxis ? i / at[0].Shape[1] : 0;
                    var steps = (long)Math.Round(at[0].Reals[i] / at[1].Reals[parameter], MidpointRounding.ToEven);
                    y.Whole[i] = Math.Clamp(steps + at[2].Whole[parameter], least, most);
                }
                return [y];
            },
            Torch = $"{Torch(perAxis)}torch.clamp(torch.add(torch.round(torch.div(x, s)), z), {least}, {most}).to({to.TorchNumber()})",
        };
    }

    private static Draft Dequantize(ElementType from, int[] shape, bool perAxis) => new("DequantizeLinear", from, $"{Draft.Word(shape)}{(perAxis ? "-axis0" : "")}", CaseKind.Exact)
    {
        Operands = [new Operand.Drawn("x", from, shape, Fills.Anything), .. Parameters(from, shape, perAxis)],
        Attributes = perAxis ? [new NodeAttribute.Whole("axis", 0)] : [],
        Golden = (_, at) =>
        {
            var y = new Values(ElementType.FP32, at[0].Shape);
            for (var i = 0; i < y.Count; i++)
            {
                var parameter = perAxis ? i / at[0].Shape[1] : 0;
                y.Reals[i] = (at[0].Whole[i] - at[2].Whole[parameter]) * at[1].Reals[parameter];
            }
            return [y];
        },
        Torch = $"{Torch(perAxis)}torch.mul(torch.sub(x.to(3), z.to(3)), s)",
    };

    private static void Eighths(Draws draws, Values into)
    {
        for (var at = 0; at < into.Count; at++)
            into.Reals[at] = draws.Between(-480, 480) / 8.0;
    }
}
