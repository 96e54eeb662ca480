namespace Adaptation.Core;

/// <summary>The statistics that verdicts rest on. Pure; confidences and shares are fractions of 1.</summary>
public static class Statistics
{
    /// <summary>Nearest-rank percentile: the smallest sample with at least that share of samples at or below it.</summary>
    /// <remarks>Source: Hyndman and Fan, Sample Quantiles in Statistical Packages (1996), definition 1.</remarks>
    /// <param name="sorted">N samples, ascending, N at least 1, any one unit.</param>
    /// <param name="perMille">
    /// 1 to 1000; 990 is the 99th percentile. An integer: as doubles, 0.07 * 100 is above 7, which is one rank too far.
    /// </param>
    /// <returns>A member of <paramref name="sorted"/>, in its unit, never interpolated.</returns>
    /// <exception cref="ArgumentOutOfRangeException">N is 0, or <paramref name="perMille"/> is outside 1 to 1000.</exception>
    public static T Percentile<T>(ReadOnlySpan<T> sorted, int perMille)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sorted.Length, nameof(sorted));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perMille);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perMille, 1000);
        return sorted[(int)((((long)sorted.Length * perMille) + 999) / 1000) - 1];
    }

    /// <summary>Bounds the quantile of the population behind the samples, whatever its distribution.</summary>
    /// <remarks>
    /// Source: David and Nagaraja, Order Statistics (2003), 7.1: the number of samples below a quantile is binomial.
    /// Each end is wrong with probability at most (1 - confidence) / 2.
    /// </remarks>
    /// <param name="sorted">N samples, ascending, independent of each other.</param>
    /// <param name="perMille">1 to 999; 500 is the median.</param>
    /// <param name="confidence">Of both ends together, between 0 and 1.</param>
    /// <returns>Members of <paramref name="sorted"/>; null where N samples are too few to bound that end.</returns>
    public static (T? Lower, T? Upper) QuantileInterval<T>(ReadOnlySpan<T> sorted, int perMille, double confidence)
        where T : struct
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perMille);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perMille, 999);
        ThrowUnlessBetween0And1(confidence);
        var (n, share, tail) = (sorted.Length, perMille / 1000.0, (1 - confidence) / 2);

        // Largest rank whose sample lies above the quantile with at most the tail's probability: P(B <= rank - 1) <= tail.
        var lower = Search(0, n, rank => rank == 0 || BinomialAtMost(rank - 1, n, share) <= tail);

        // Smallest rank whose sample lies below the quantile with at most that probability: P(B >= rank) <= tail.
        var upper = 1 + Search(0, n, rank => 1 - BinomialAtMost(rank - 1, n, share) > tail);
        return (lower >= 1 ? sorted[lower - 1] : null, upper <= n ? sorted[upper - 1] : null);
    }

    /// <summary>Bounds the share of misses in the population, each bound alone with the given confidence.</summary>
    /// <remarks>Source: Clopper and Pearson, The Use of Confidence or Fiducial Limits (1934): exact, never too narrow.</remarks>
    /// <param name="misses">0 to <paramref name="trials"/>.</param>
    /// <param name="trials">At least 1.</param>
    /// <param name="confidence">Of one bound, between 0 and 1.</param>
    public static (double Lower, double Upper) ShareBounds(int misses, int trials, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials);
        ArgumentOutOfRangeException.ThrowIfNegative(misses);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(misses, trials);
        ThrowUnlessBetween0And1(confidence);
        return (
            misses == 0 ? 0 : Beta.Inverse(1 - confidence, misses, trials - misses + 1.0),
            misses == trials ? 1 : Beta.Inverse(confidence, misses + 1.0, trials - misses));
    }

    /// <summary>Says how many trials with that many misses show that no more than a share misses.</summary>
    /// <remarks>Source: MLPerf inference rules, early stopping; the basis of the standard, 2.2.</remarks>
    /// <param name="misses">0 or more.</param>
    /// <param name="share">That may miss, above 0 and below 1.</param>
    /// <returns>
    /// The smallest n at which a system exactly at the limit shows that many misses or fewer with probability at most 1 - confidence.
    /// </returns>
    public static int TrialsNeeded(int misses, double share, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(misses);
        ThrowUnlessBetween0And1(share);
        ThrowUnlessBetween0And1(confidence);
        var enough = Math.Max(misses, 1);
        while (BinomialAtMost(misses, enough, share) > 1 - confidence)
            enough = checked(enough * 2);
        return 1 + Search(0, enough, n => n <= misses || BinomialAtMost(misses, n, share) > 1 - confidence);
    }

    /// <param name="samples">At least 1.</param>
    public static double Mean(ReadOnlySpan<double> samples)
    {
        ArgumentOutOfRangeException.ThrowIfZero(samples.Length, nameof(samples));
        var sum = 0.0;
        foreach (var sample in samples)
            sum += sample;
        return sum / samples.Length;
    }

    /// <summary>Standard deviation of a sample: the sum of squares is divided by N - 1.</summary>
    /// <param name="samples">At least 2.</param>
    public static double StandardDeviation(ReadOnlySpan<double> samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Length, 2, nameof(samples));
        var (mean, squares) = (Mean(samples), 0.0);
        foreach (var sample in samples)
            squares += (sample - mean) * (sample - mean);
        return Math.Sqrt(squares / (samples.Length - 1));
    }

    /// <summary>Sample standard deviation over mean, a fraction.</summary>
    /// <param name="samples">At least 2, none negative.</param>
    /// <returns>Positive infinity if every sample is 0: nothing is known of the spread of what never moved.</returns>
    public static double CoefficientOfVariation(ReadOnlySpan<double> samples) =>
        Mean(samples) is var mean and > 0 ? StandardDeviation(samples) / mean : double.PositiveInfinity;

    /// <summary>Bounds the mean of the population, each bound alone with the given confidence.</summary>
    /// <remarks>Source: Student, The Probable Error of a Mean (1908). Assumes samples that are independent and about normal.</remarks>
    /// <param name="samples">At least 2.</param>
    public static (double Lower, double Upper) MeanBounds(ReadOnlySpan<double> samples, double confidence)
    {
        var reach = StudentQuantile(confidence, samples.Length - 1) * StandardDeviation(samples) / Math.Sqrt(samples.Length);
        return (Mean(samples) - reach, Mean(samples) + reach);
    }

    /// <summary>Bounds the mean of what is left when a fifth of the samples is cut off at either end.</summary>
    /// <remarks>
    /// Sources: Tukey and McLaughlin (1963) and Yuen (1974): Student's t over the winsorised deviation, with as many degrees of
    /// freedom as samples are left, less one; Wilcox, Robust Estimation and Hypothesis Testing (2017), 4.3, for the fifth.
    /// </remarks>
    /// <param name="samples">At least 5, in any order.</param>
    /// <param name="confidence">Of one bound, between 0 and 1.</param>
    public static (double Mean, double Lower, double Upper) TrimmedMeanBounds(ReadOnlySpan<double> samples, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Length, 5, nameof(samples));
        var sorted = samples.ToArray();
        Array.Sort(sorted);
        var (n, cut) = (sorted.Length, sorted.Length / 5);
        var left = n - (2 * cut);
        var mean = Mean(sorted.AsSpan(cut, left));
        sorted.AsSpan(0, cut).Fill(sorted[cut]);
        sorted.AsSpan(n - cut).Fill(sorted[n - cut - 1]);
        var error = StandardDeviation(sorted) * Math.Sqrt(n) / left;
        var reach = StudentQuantile(confidence, left - 1) * error;
        return (mean, mean - reach, mean + reach);
    }

    /// <summary>The value that Student's t stays below with the given probability.</summary>
    /// <param name="probability">Above 0 and below 1.</param>
    /// <param name="degreesOfFreedom">At least 1.</param>
    public static double StudentQuantile(double probability, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        ThrowUnlessBetween0And1(probability);
        if (probability < 0.5)
            return -StudentQuantile(1 - probability, degreesOfFreedom);
        if (probability == 0.5)
            return 0;
        var x = Beta.Inverse(2 * (1 - probability), degreesOfFreedom / 2.0, 0.5);
        return Math.Sqrt(degreesOfFreedom * (1 - x) / x);
    }

    /// <summary>Probability of at most that many successes in so many trials.</summary>
    internal static double BinomialAtMost(int successes, int trials, double share) =>
        successes < 0 ? 0 : successes >= trials ? 1 : Beta.Regularised(1 - share, trials - successes, successes + 1.0);

    // The largest value in low..high that still holds; it holds at low, and once it does not it never does again.
    private static int Search(int low, int high, Func<int, bool> holds)
    {
        while (low < high)
        {
            var middle = low + ((high - low + 1) / 2);
            if (holds(middle))
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    private static void ThrowUnlessBetween0And1(
        double value, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!(value > 0 && value < 1))
            throw new ArgumentOutOfRangeException(name, value, "is not above 0 and below 1");
    }
}
