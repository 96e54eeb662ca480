namespace Adaptation.Models;

/// <summary>Rounds float64 to the narrower types in one step: to nearest, ties to even, overflow to infinity, denormals kept.</summary>
internal static class Rounding
{
    private const double LeastNormalBFloat16 = 1.1754943508222875e-38; // 2^-126
    private const int DenormalExponentBFloat16 = 133; // the step below it is 2^-133
    private const int DroppedBits = 45; // 52 of float64 less 7 of bfloat16

    /// <returns>A value of <paramref name="type"/>, widened again.</returns>
    public static double To(ElementType type, double value) => type switch
    {
        ElementType.FP64 => value,
        ElementType.FP32 => (float)value,
        ElementType.FP16 => (double)(Half)value,
        ElementType.BF16 => ToBFloat16(value),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no floating-point type"),
    };

    /// <summary>Denormals, the greatest finite value and the like, smallest first; all positive.</summary>
    public static (double LeastDenormal, double MostDenormal, double LeastNormal, double Most) Limits(ElementType type) => type switch
    {
        ElementType.FP64 => (double.Epsilon, 2.2250738585072009e-308, 2.2250738585072014e-308, double.MaxValue),
        ElementType.FP32 => (float.Epsilon, 1.1754942106924411e-38f, 1.1754943508222875e-38f, float.MaxValue),
        ElementType.FP16 => ((double)Half.Epsilon, 6.097555160522461e-05, 6.103515625e-05, 65504),
        ElementType.BF16 => (Math.ScaleB(1, -133), Math.ScaleB(127, -133), LeastNormalBFloat16, Math.ScaleB(255, 120)),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no floating-point type"),
    };

    private static double ToBFloat16(double value)
    {
        if (!double.IsFinite(value))
            return value;
        if (Math.Abs(value) < LeastNormalBFloat16)
            return Math.ScaleB(Math.Round(Math.ScaleB(value, DenormalExponentBFloat16), MidpointRounding.ToEven), -DenormalExponentBFloat16);
        var bits = BitConverter.DoubleToInt64Bits(value);
        bits += (1L << (DroppedBits - 1)) - 1 + ((bits >> DroppedBits) & 1);
        var rounded = BitConverter.Int64BitsToDouble(bits & (-1L << DroppedBits));
        return Math.Abs(rounded) > Math.ScaleB(255, 120) ? Math.CopySign(double.PositiveInfinity, value) : rounded;
    }
}
