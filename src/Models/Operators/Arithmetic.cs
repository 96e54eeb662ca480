namespace Adaptation.Models;

/// <summary>How a golden answer is computed: exactly, or as a CPU does that knows nothing wider than the type and a float32 accumulator.</summary>
/// <remarks>
/// <para><see cref="Exact"/>: float64 from the very inputs that the device gets; sums and dot products compensated (Ogita, Rump and Oishi, Accurate Sum
/// and Dot Product, 2005: as if in twice the precision, then rounded once); transcendental functions by <see cref="Math"/>.</para>
/// <para><see cref="In"/>: each elementary operation is rounded to the type. Exponentials and the like are the correctly rounded ones (but for one case in
/// some 2^29 of float32), so that no machine's libm shows. Sums and products are accumulated in float32 (float64 for FP64) and rounded to the type once at the
/// end: sums in sixteen lanes that are folded pairwise, dot products one term after the other, for vector units lie along a sum and across the elements of a matrix product. A
/// mean divides, and a norm takes its root, in the accumulator.</para>
/// </remarks>
internal sealed class Arithmetic
{
    private const int Lanes = 16;
    private readonly ElementType? _type;
    private readonly ElementType _wide;

    private Arithmetic(ElementType? type) => (_type, _wide) = (type, type is null or ElementType.FP64 ? ElementType.FP64 : ElementType.FP32);

    public static Arithmetic Exact { get; } = new(null);

    public static Arithmetic In(ElementType type) => new(type);

    /// <summary>Ends an elementary operation.</summary>
    public double Round(double value) => _type is { } type ? Rounding.To(type, value) : value;

    /// <summary>Ends a conversion to another type.</summary>
    public double Convert(ElementType to, double value) => _type is null ? value : Rounding.To(to, value);

    /// <summary>Ends a step inside an accumulator.</summary>
    public double Wide(double value) => _wide == ElementType.FP64 ? value : (float)value;

    /// <returns>The accumulator, not yet rounded to the type.</returns>
    public double Sum(ReadOnlySpan<double> values) => _type is null ? CompensatedSum(values) : Folded(values);

    /// <inheritdoc cref="Sum"/>
    public double Dot(ReadOnlySpan<double> left, ReadOnlySpan<double> right) => _type is null ? CompensatedDot(left, right) : Running(left, right);

    /// <inheritdoc cref="Sum"/>
    public double Product(ReadOnlySpan<double> values)
    {
        var product = 1.0;
        foreach (var value in values)
            product = Wide(product * value);
        return product;
    }

    private double Folded(ReadOnlySpan<double> values)
    {
        Span<double> lanes = stackalloc double[Lanes];
        lanes.Clear();
        for (var at = 0; at < values.Length; at++)
            lanes[at % Lanes] = Wide(lanes[at % Lanes] + values[at]);
        for (var half = Lanes / 2; half > 0; half /= 2)
        {
            for (var lane = 0; lane < half; lane++)
                lanes[lane] = Wide(lanes[lane] + lanes[lane + half]);
        }
        return lanes[0];
    }

    private double Running(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        var sum = 0.0;
        for (var at = 0; at < left.Length; at++)
            sum = Wide(sum + Wide(left[at] * right[at]));
        return sum;
    }

    private static double CompensatedSum(ReadOnlySpan<double> values)
    {
        var (sum, lost, plain) = (0.0, 0.0, 0.0);
        foreach (var value in values)
        {
            plain += value;
            sum = TwoSum(sum, value, out var error);
            lost += error;
        }
        return double.IsFinite(plain) ? sum + lost : plain; // the errors of infinities are not numbers
    }

    private static double CompensatedDot(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        var (sum, lost, plain) = (0.0, 0.0, 0.0);
        for (var at = 0; at < left.Length; at++)
        {
            var product = left[at] * right[at];
            plain += product;
            sum = TwoSum(sum, product, out var error);
            lost += error + Math.FusedMultiplyAdd(left[at], right[at], -product);
        }
        return double.IsFinite(plain) ? sum + lost : plain;
    }

    /// <summary>a + b and what its rounding lost (Knuth).</summary>
    private static double TwoSum(double a, double b, out double error)
    {
        var sum = a + b;
        var second = sum - a;
        error = a - (sum - second) + (b - second);
        return sum;
    }
}
