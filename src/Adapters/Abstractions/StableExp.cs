using System.Runtime.Intrinsics;

namespace Adaptation.Adapters.Abstractions;

/// <summary>The exponential function in float64, with the same bits on every machine.</summary>
/// <remarks>
/// Only additions, multiplications and shifts that IEEE 754 rounds in one way; no fused operation and no mathematical library, whose
/// last bits differ. Method: x = n ln 2 + r with |r| at most ln 2 / 2 (Cody and Waite, 1980), then the Taylor series of r up to its
/// 13th power, whose remainder is below 5e-18.
/// </remarks>
internal static class StableExp
{
    /// <summary>Below this the result is 0: what is lost is less than 1e-307.</summary>
    public const double Least = -707;

    private const double Log2E = 1.4426950408889634;

    /// <summary>ln 2 in two parts; the upper has 32 bits, so that its product with n is exact.</summary>
    private const double Ln2High = 6.93147180369123816490e-01, Ln2Low = 1.90821492927058770002e-10;

    /// <summary>Adding it rounds to a whole number and leaves that number in the lowest bits.</summary>
    private const double Rounder = 6755399441055744.0;

    /// <summary>1/13! down to 1/2!.</summary>
    private static readonly double[] Terms =
    [
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24,
        1.0 / 6, 0.5,
    ];

    /// <summary>Computes e to the x for four values.</summary>
    /// <param name="x">0 or less; minus infinity gives 0.</param>
    public static Vector256<double> Of(Vector256<double> x)
    {
        var inRange = Vector256.GreaterThan(x, Vector256.Create(Least));
        x = Vector256.ConditionalSelect(inRange, x, Vector256<double>.Zero);
        var shifted = (x * Log2E) + Vector256.Create(Rounder);
        var n = shifted - Vector256.Create(Rounder);
        var r = x - (n * Ln2High) - (n * Ln2Low);
        var sum = Vector256.Create(Terms[0]);
        for (var term = 1; term < Terms.Length; term++)
            sum = (sum * r) + Vector256.Create(Terms[term]);
        sum = (((sum * r) + Vector256<double>.One) * r) + Vector256<double>.One;
        var exponent = (shifted.AsInt64() + Vector256.Create(1023L)) << 52;
        return Vector256.ConditionalSelect(inRange, sum * exponent.AsDouble(), Vector256<double>.Zero);
    }

    /// <summary>Computes e to the x.</summary>
    /// <param name="x">0 or less; minus infinity gives 0.</param>
    public static double Of(double x) => Of(Vector256.Create(x)).ToScalar();
}
