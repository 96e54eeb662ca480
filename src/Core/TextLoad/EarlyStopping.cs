using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>How few requests prove a percentile: the exact binomial rule.</summary>
/// <remarks>
/// Source: MLPerf inference rules, early stopping, with tolerance 0: with t requests over the limit, n prove the percentile p once a system
/// exactly at p would show t or fewer with probability at most 1 - confidence.
/// </remarks>
public static class EarlyStopping
{
    /// <param name="perMille">The percentile, 1 to 999.</param>
    /// <param name="confidencePpm">Above 0 and below 1,000,000.</param>
    /// <returns>The smallest number of requests that prove it with so many misses among them.</returns>
    public static int Needed(int misses, int perMille, int confidencePpm) =>
        Statistics.TrialsNeeded(misses, (1000 - perMille) / 1000.0, confidencePpm / 1e6);

    /// <summary>The latency of which the percentile is at most, with the given confidence: what a single-stream load scores.</summary>
    /// <param name="sorted">Ascending.</param>
    /// <returns>The t-th largest sample, t being the most misses that so many samples allow; null if they do not even allow one.</returns>
    public static long? Estimate(ImmutableArray<long> sorted, int perMille, int confidencePpm)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var misses = low + ((high - low + 1) / 2);
            if (Needed(misses, perMille, confidencePpm) <= sorted.Length)
                low = misses;
            else
                high = misses - 1;
        }

        return low == 0 ? null : sorted[^low];
    }

    /// <summary>Judges so many misses among so many requests against a percentile.</summary>
    /// <returns>Pass when proven, fail when the opposite is, otherwise inconclusive.</returns>
    internal static Verdict Judge(string what, int misses, int requests, int perMille, int confidencePpm)
    {
        var share = (1000 - perMille) / 1000.0;
        if (requests > 0 && requests >= Needed(misses, perMille, confidencePpm))
            return new Verdict.Pass();
        if (requests == 0)
            return new Verdict.Inconclusive($"no request says anything of {what}");
        var (lower, upper) = Statistics.ShareBounds(misses, requests, confidencePpm / 1e6);
        return lower > share
            ? new Verdict.Fail($"{misses} of {requests} requests missed {what}, at least {Reading.Percent(lower)} of all", $"{Reading.Percent(share)} of all")
            : new Verdict.Inconclusive(
                $"{misses} of {requests} requests missed {what}: between {Reading.Percent(lower)} and {Reading.Percent(upper)} of all, limit "
                + $"{Reading.Percent(share)}; {Needed(misses, perMille, confidencePpm)} requests with no more misses would do");
    }
}
