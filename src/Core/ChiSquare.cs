namespace Adaptation.Core;

/// <summary>Pearson's test of counts against known probabilities, and what such a test can see.</summary>
internal static class ChiSquare
{
    /// <summary>Probability that a chi-square of so many degrees of freedom is at least that large.</summary>
    /// <param name="degreesOfFreedom">At least 1.</param>
    public static double PValue(double statistic, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        return Gamma.Upper(degreesOfFreedom / 2.0, statistic / 2);
    }

    /// <summary>Sum of (observed - expected)^2 / expected.</summary>
    /// <param name="expected">Counts, each above 0, as many as <paramref name="observed"/>.</param>
    /// <remarks>Source: Pearson (1900).</remarks>
    public static double Statistic(ReadOnlySpan<long> observed, ReadOnlySpan<double> expected)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(observed.Length, expected.Length, nameof(observed));
        var sum = 0.0;
        for (var i = 0; i < observed.Length; i++)
            sum += (observed[i] - expected[i]) * (observed[i] - expected[i]) / expected[i];
        return sum;
    }

    /// <summary>The statistic that is exceeded with that probability where the null hypothesis holds.</summary>
    /// <param name="probability">Above 0 and below 1.</param>
    public static double Critical(double probability, int degreesOfFreedom)
    {
        ThrowUnlessBetween0And1(probability);
        return Solve(x => PValue(x, degreesOfFreedom) > probability);
    }

    /// <summary>Says how far from the null hypothesis counts must lie to be rejected with a given power.</summary>
    /// <remarks>
    /// Source: the noncentral chi-square as a Poisson mixture of central ones (Johnson, Kotz and Balakrishnan, Continuous Univariate
    /// Distributions (1995), 29.4). With N draws, any distribution at a total-variation distance d from the null has a noncentrality of
    /// at least 4 d^2 N, by Cauchy and Schwarz.
    /// </remarks>
    /// <param name="significance">At which the null is rejected, above 0 and below 1.</param>
    /// <param name="power">Above <paramref name="significance"/> and below 1.</param>
    public static double Noncentrality(double significance, int degreesOfFreedom, double power)
    {
        ThrowUnlessBetween0And1(power);
        var critical = Critical(significance, degreesOfFreedom);
        return Solve(away => Power(critical, degreesOfFreedom, away) < power);
    }

    /// <summary>Adjusts p-values of several tests, so that one limit holds for all of them together.</summary>
    /// <remarks>Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure (1979).</remarks>
    /// <returns>As many, in the same order, each at least what it was and at most 1.</returns>
    public static double[] Holm(ReadOnlySpan<double> pValues)
    {
        var p = pValues.ToArray();
        var order = Enumerable.Range(0, p.Length).OrderBy(i => p[i]).ToArray();
        var (adjusted, highest) = (new double[p.Length], 0.0);
        for (var rank = 0; rank < p.Length; rank++)
            adjusted[order[rank]] = highest = Math.Max(highest, Math.Min(1, p[order[rank]] * (p.Length - rank)));
        return adjusted;
    }

    /// <summary>Probability that a noncentral chi-square exceeds a value.</summary>
    public static double Power(double critical, int degreesOfFreedom, double noncentrality)
    {
        // Poisson weights beyond twelve deviations of the mean add less than 1e-30.
        var (mean, reach) = (noncentrality / 2, 12 * Math.Sqrt((noncentrality / 2) + 1));
        var sum = 0.0;
        for (var j = Math.Max(0, (int)(mean - reach)); j <= mean + reach + 12; j++)
        {
            var weight = mean > 0 ? Math.Exp((j * Math.Log(mean)) - mean - Beta.LogGamma(j + 1.0)) : j == 0 ? 1 : 0;
            sum += weight * Gamma.Upper((degreesOfFreedom / 2.0) + j, critical / 2);
        }

        return Math.Min(1, sum);
    }

    // The positive value up to which a claim holds that holds at 0 and ceases once, to 9 digits.
    private static double Solve(Func<double, bool> holds)
    {
        var (low, high) = (0.0, 1.0);
        while (holds(high))
            (low, high) = (high, high * 2);
        while (high - low > 1e-9 * high)
        {
            var middle = low + ((high - low) / 2);
            if (holds(middle))
                low = middle;
            else
                high = middle;
        }

        return high;
    }

    private static void ThrowUnlessBetween0And1(
        double value, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!(value > 0 && value < 1))
            throw new ArgumentOutOfRangeException(name, value, "is not above 0 and below 1");
    }
}
