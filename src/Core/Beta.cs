namespace Adaptation.Core;

/// <summary>The regularised incomplete beta function, from which binomial tails and Student's t both follow.</summary>
/// <remarks>
/// Sources: NIST Digital Library of Mathematical Functions, 8.17.22 (continued fraction) and 8.17.4 (symmetry);
/// Lentz's method as modified by Thompson and Barnett (1986); Lanczos (1964) for the logarithm of the gamma function.
/// </remarks>
internal static class Beta
{
    private const double Tiny = 1e-300;

    // The fraction needs about the square root of the larger parameter; this bound is for parameters up to 1e10.
    private const int Terms = 1_000_000;

    // Coefficients of Lanczos' series for g = 7, n = 9: relative error below 1e-15 over the positive reals.
    private static ReadOnlySpan<double> Lanczos =>
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
        12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    /// <param name="x">0 to 1.</param>
    /// <param name="a">Above 0.</param>
    /// <param name="b">Above 0.</param>
    /// <returns>I_x(a, b), 0 to 1.</returns>
    public static double Regularised(double x, double a, double b)
    {
        if (x <= 0)
            return 0;
        if (x >= 1)
            return 1;

        // On this side of the mean the fraction converges fast; on the other one the symmetry relation leads back here.
        if (x > (a + 1) / (a + b + 2))
            return 1 - Regularised(1 - x, b, a);
        var front = Math.Exp((a * Math.Log(x)) + (b * LogOfOneMinus(x)) - LogBeta(a, b)) / a;
        return Math.Min(1, front * Fraction(x, a, b));
    }

    /// <summary>Finds the x whose I_x(a, b) is <paramref name="probability"/>, to the last bit that a double can tell apart.</summary>
    public static double Inverse(double probability, double a, double b)
    {
        var (low, high) = (0.0, 1.0);
        while (true)
        {
            var middle = low + ((high - low) / 2);
            if (middle <= low || middle >= high)
                return middle;
            if (Regularised(middle, a, b) < probability)
                low = middle;
            else
                high = middle;
        }
    }

    public static double LogGamma(double x)
    {
        var sum = Lanczos[0];
        for (var i = 1; i < Lanczos.Length; i++)
            sum += Lanczos[i] / (x - 1 + i);
        var t = x + 6.5;
        return (0.5 * Math.Log(2 * Math.PI)) + ((x - 0.5) * Math.Log(t)) - t + Math.Log(sum);
    }

    private static double LogBeta(double a, double b) => LogGamma(a) + LogGamma(b) - LogGamma(a + b);

    // log(1 - x) for small x, where 1 - x would round the digits of x away (Kahan).
    private static double LogOfOneMinus(double x)
    {
        var rest = 1 - x;
        return rest == 1 ? -x : Math.Log(rest) * -x / (rest - 1);
    }

    private static double Fraction(double x, double a, double b)
    {
        var c = 1.0;
        var d = 1 / AwayFromZero(1 - ((a + b) * x / (a + 1)));
        var value = d;
        for (var m = 1; m <= Terms; m++)
        {
            var even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            d = 1 / AwayFromZero(1 + (even * d));
            c = AwayFromZero(1 + (even / c));
            value *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            d = 1 / AwayFromZero(1 + (odd * d));
            c = AwayFromZero(1 + (odd / c));
            var step = d * c;
            value *= step;
            if (Math.Abs(step - 1) < 1e-15)
                return value;
        }

        throw new ArgumentOutOfRangeException(nameof(a), $"I_x({a}, {b}) at x = {x} does not converge in {Terms} terms");
    }

    private static double AwayFromZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
