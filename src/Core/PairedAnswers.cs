namespace Adaptation.Core;

/// <summary>Compares two answerers on the same items, each right or wrong. Only items on which they differ tell anything.</summary>
/// <remarks>Losses are items that the reference gets right and the candidate wrong, gains those the other way round.</remarks>
public static class PairedAnswers
{
    /// <summary>Probability that losses and gains lie as far apart by chance where neither is likelier, two-sided.</summary>
    /// <remarks>
    /// Source: McNemar, Note on the Sampling Error of the Difference between Correlated Proportions or Percentages (1947), in its exact, binomial form.
    /// </remarks>
    /// <param name="losses">0 or more.</param>
    /// <param name="gains">0 or more.</param>
    public static double McNemar(int losses, int gains)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(losses);
        ArgumentOutOfRangeException.ThrowIfNegative(gains);
        return Math.Min(1, 2 * Statistics.BinomialAtMost(Math.Min(losses, gains), losses + gains, 0.5));
    }

    /// <summary>Bounds the share of losses less the share of gains in the population, each bound alone with the given confidence.</summary>
    /// <remarks>
    /// Source: Tango, Equivalence Test and Confidence Interval for the Difference in Proportions for the Paired-sample Design (1998): the differences
    /// that the score test does not reject. Approximate, but good where there are few or no differences: of none in n items the upper bound is
    /// z²/(n + z²).
    /// </remarks>
    /// <param name="items">At least 1, and no fewer than losses and gains.</param>
    public static (double Lower, double Upper) DifferenceBounds(int losses, int gains, int items, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(losses);
        ArgumentOutOfRangeException.ThrowIfNegative(gains);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(items);
        ArgumentOutOfRangeException.ThrowIfLessThan((long)items, (long)losses + gains, nameof(items));
        var z = NormalQuantile(confidence);
        var upper = Solve(difference => Score(losses, gains, items, difference) > -z);
        return (-Solve(difference => Score(gains, losses, items, difference) > -z), upper);
    }

    /// <summary>Says how many items show with the given power that the candidate loses no more than a margin, if it loses as much as it gains.</summary>
    /// <remarks>Source: Lachenbruch, On the Sample Size for Studies Based upon McNemar's Test (1992), for a difference of 0; the basis of the standard, 2.3.</remarks>
    /// <param name="discordance">Share of items on which the two differ.</param>
    /// <param name="margin">Share of items that may be lost, above 0.</param>
    /// <param name="power">0.5 to 1, without 1.</param>
    public static double ItemsNeeded(double discordance, double margin, double confidence, double power)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(margin);
        var z = NormalQuantile(confidence) + (power > 0.5 ? NormalQuantile(power) : 0);
        return z * z * discordance / (margin * margin);
    }

    /// <summary>The value that a standard normal deviate stays below with the given probability.</summary>
    /// <param name="probability">Above 0.5 and below 1.</param>
    internal static double NormalQuantile(double probability)
    {
        if (!(probability > 0.5 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "is not above 0.5 and below 1");
        // the square of a normal deviate is chi-square of one degree of freedom
        return Math.Sqrt(ChiSquare.Critical(2 * (1 - probability), 1));
    }

    /// <summary>The score statistic for a difference, the nuisance share at its likeliest value under that difference.</summary>
    private static double Score(int losses, int gains, int items, double difference)
    {
        var (a, b, c) = (2.0 * items, -losses - gains + (((2.0 * items) - losses + gains) * difference), -gains * difference * (1 - difference));
        var share = (Math.Sqrt(Math.Max(0, (b * b) - (4 * a * c))) - b) / (2 * a);
        var variance = items * ((2 * share) + (difference * (1 - difference)));
        var above = losses - gains - (items * difference);
        return variance > 0 ? above / Math.Sqrt(variance) : above > 0 ? double.PositiveInfinity : above < 0 ? double.NegativeInfinity : 0;
    }

    /// <summary>The greatest difference that still holds; what holds at one holds at every lesser one.</summary>
    private static double Solve(Func<double, bool> holds)
    {
        var (low, high) = (-1.0, 1.0);
        for (var step = 0; step < 60; step++)
        {
            var middle = (low + high) / 2;
            if (holds(middle))
                low = middle;
            else
                high = middle;
        }

        return low;
    }
}
