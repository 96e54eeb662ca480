namespace Adaptation.Core;

/// <summary>The regularised incomplete gamma function, from which the tail of a chi-square follows.</summary>
/// <remarks>
/// Sources: NIST Digital Library of Mathematical Functions, 8.7.1 (series) and 8.9.2 (continued fraction); Lentz's method as modified by
/// Thompson and Barnett (1986).
/// </remarks>
internal static class Gamma
{
    private const double Tiny = 1e-300;

    // Both expansions need some square roots of a; this bound is for a up to 1e9.
    private const int Terms = 1_000_000;

    /// <param name="a">Above 0.</param>
    /// <param name="x">0 or more, or infinite.</param>
    /// <returns>Q(a, x) = the integral of t^(a-1) exp(-t) from x on, over the same from 0 on; 1 to 0.</returns>
    public static double Upper(double a, double x)
    {
        if (!(x > 0))
            return 1;
        if (double.IsPositiveInfinity(x))
            return 0;
        var front = Math.Exp((a * Math.Log(x)) - x - Beta.LogGamma(a));

        // Left of a + 1 the series converges fast and the fraction does not; right of it the other way round.
        return Math.Clamp(x < a + 1 ? 1 - (front * Series(a, x)) : front * Fraction(a, x), 0, 1);
    }

    private static double Series(double a, double x)
    {
        var (term, sum) = (1 / a, 1 / a);
        for (var n = 1; n <= Terms; n++)
        {
            term *= x / (a + n);
            sum += term;
            if (term < sum * 1e-16)
                return sum;
        }

        throw new ArgumentOutOfRangeException(nameof(a), $"Q({a}, {x}) does not converge in {Terms} terms");
    }

    private static double Fraction(double a, double x)
    {
        var b = x + 1 - a;
        var (c, d) = (1 / Tiny, 1 / b);
        var value = d;
        for (var n = 1; n <= Terms; n++)
        {
            var numerator = n * (a - n);
            b += 2;
            d = 1 / AwayFromZero((numerator * d) + b);
            c = AwayFromZero(b + (numerator / c));
            var step = c * d;
            value *= step;
            if (Math.Abs(step - 1) < 1e-15)
                return value;
        }

        throw new ArgumentOutOfRangeException(nameof(a), $"Q({a}, {x}) does not converge in {Terms} terms");
    }

    private static double AwayFromZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
