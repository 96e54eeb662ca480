namespace Adaptation.Models;

/// <summary>What <see cref="Math"/> lacks.</summary>
internal static class SpecialFunctions
{
    /// <summary>2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; within 2 units in the last place.</summary>
    /// <remarks>
    /// Source: Abramowitz and Stegun, 7.1.6 (a series of positive terms) below 2.5, and beyond it 1 less the continued fraction 7.1.14, whose error is
    /// nothing beside the 1; at 6 and more that fraction is below half a unit.
    /// </remarks>
    public static double Erf(double x)
    {
        var size = Math.Abs(x);
        return double.IsNaN(x) || size == 0 ? x : Math.CopySign(size >= 6 ? 1 : size < 2.5 ? Series(size) : 1 - Tail(size), x);
    }

    private static double Series(double x)
    {
        var (term, sum) = (x, x);
        for (var n = 1; term > sum * 1e-18; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    private static double Tail(double x)
    {
        var fraction = x;
        for (var n = 60; n > 0; n--)
            fraction = x + (n / 2.0 / fraction);
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }
}
