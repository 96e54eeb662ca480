namespace Adaptation.Core;

/// <summary>Bounds means over positions that come in documents: positions of one document depend on each other, documents do not.</summary>
/// <remarks>
/// Sources: Efron (1979); Davison and Hinkley, Bootstrap Methods and their Application (1997), 3.8 (whole clusters are drawn) and 5.3
/// (percentile interval). Draws come from <see cref="SplitMix64"/>,
/// so that anyone with the seed draws the same documents.
/// </remarks>
internal static class ClusterBootstrap
{
    /// <summary>Bounds the sum over all clusters divided by the number of their members, each bound alone with the given confidence.</summary>
    /// <param name="sums">One per cluster, at least 1.</param>
    /// <param name="counts">Members of each, at least 1.</param>
    /// <param name="confidence">Of one bound, between 0 and 1.</param>
    /// <param name="resamples">At least 1; the standard's is enough for the bounds to stand still.</param>
    public static (double Mean, double Lower, double Upper) MeanBounds(
        ReadOnlySpan<double> sums, ReadOnlySpan<int> counts, double confidence, int resamples, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sums.Length, nameof(sums));
        ArgumentOutOfRangeException.ThrowIfNotEqual(counts.Length, sums.Length, nameof(counts));
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        if (!(confidence > 0 && confidence < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "is not above 0 and below 1");
        var (state, means) = (seed, new double[resamples]);
        foreach (ref var mean in means.AsSpan())
        {
            var (sum, count) = (0.0, 0L);
            for (var i = 0; i < sums.Length; i++)
            {
                var drawn = SplitMix64.Below((uint)sums.Length, ref state);
                sum += sums[drawn];
                count += counts[drawn];
            }

            mean = sum / count;
        }

        Array.Sort(means);
        var tail = Math.Max(1, (int)((1 - confidence) * resamples));
        return (Total(sums, counts), means[tail - 1], means[resamples - tail]);
    }

    private static double Total(ReadOnlySpan<double> sums, ReadOnlySpan<int> counts)
    {
        var (sum, count) = (0.0, 0L);
        for (var i = 0; i < sums.Length; i++)
            (sum, count) = (sum + sums[i], count + counts[i]);
        return sum / count;
    }
}
