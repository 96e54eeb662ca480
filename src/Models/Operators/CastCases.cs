using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Cast between every two types, asked where ONNX defines it: integers to integers wrap, numbers to BOOL are whether they are not zero.</summary>
/// <remarks>Floating-point numbers that an integer type cannot hold are not cast to it: that is undefined.</remarks>
internal static class CastCases
{
    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
        [("Cast", _ => from type in ElementTypes.All from to in ElementTypes.All where type != to from draft in Drafts(type, to) select draft)];

    private static IEnumerable<Draft> Drafts(ElementType type, ElementType to)
    {
        yield return Case(type, to, "17x31", Kind(type, to), [17, 31], Plain(type, to));
        if (type == ElementType.FP32)
            yield return Case(type, to, "0x3", Kind(type, to), [0, 3], Plain(type, to));
        if (!type.IsReal())
            yield break;
        var special = Fills.Special(type);
        if (to.IsReal())
        {
            // halfway between two float16 numbers, between two bfloat16 numbers, and either greatest one's upper bound
            double[] ties = [1 + Math.ScaleB(1, -11), 1 + Math.ScaleB(3, -11), 1 + Math.ScaleB(1, -8), 1 + Math.ScaleB(3, -8), 65519, 65520, 65504, 1e30];
            special = [.. special, .. ties.Where(value => Math.Abs(value) <= Rounding.Limits(type).Most)];
        }
        if (to.IsReal() || to == ElementType.Bool)
            yield return Case(type, to, "special", to == ElementType.Bool ? CaseKind.Exact : CaseKind.Special, [special.Length], Fills.These(special));
    }

    private static CaseKind Kind(ElementType type, ElementType to) => to.IsReal() && (type.IsReal() || type.Size() >= to.Size()) ? CaseKind.Rounded : CaseKind.Exact;

    private static Fill Plain(ElementType type, ElementType to)
    {
        if (type.IsReal())
            return to == ElementType.Bool ? Fills.Sized(0, 0.5) : to == ElementType.UInt8 ? Fills.Uniform(0, 255) : Fills.Uniform(-127, 127);
        return type == ElementType.Bool ? Fills.Integers(0, 1)
            : to == ElementType.Bool ? Fills.Integers(0, 2)
            : to == ElementType.FP16 ? Fills.Integers(Math.Max(type.Range().Least, -60000), Math.Min(type.Range().Most, 60000))
            : Fills.Integers(type.Range().Least, type.Range().Most);
    }

    private static Draft Case(ElementType type, ElementType to, string words, CaseKind kind, int[] shape, Fill fill) =>
        new("Cast", type, $"to-{to.Word()}-{words}", kind)
        {
            Operands = [new Operand.Drawn("x", type, shape, fill)],
            Attributes = [new NodeAttribute.Whole("to", (long)to)],
            Golden = (a, x) => [Convert(a, x[0], to)],
            Torch = $"x.to({to.TorchNumber()})",
        };

    private static Values Convert(Arithmetic a, Values x, ElementType to)
    {
        var result = new Values(to, x.Shape);
        for (var at = 0; at < x.Count; at++)
        {
            if (to.IsReal())
                result.Reals[at] = a == Arithmetic.Exact || x.Type.IsReal() || to != ElementType.FP32 ? a.Convert(to, x.Number(at)) : (float)x.Whole[at]; // rounded once
            else if (to == ElementType.Bool)
                result.Whole[at] = x.Number(at) != 0 ? 1 : 0;
            else
                result.Whole[at] = Wrap(to, x.Type.IsReal() ? (long)x.Reals[at] : x.Whole[at]);
        }
        return result;
    }

    /// <summary>The low bits, read as the type.</summary>
    private static long Wrap(ElementType to, long value) => unchecked(to switch
    {
        ElementType.Int8 => (sbyte)value,
        ElementType.UInt8 => (byte)value,
        ElementType.Int32 => (int)value,
        _ => value,
    });
}
