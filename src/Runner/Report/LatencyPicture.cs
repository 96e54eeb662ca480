using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Drawing data of one latency series: a histogram on a logarithmic axis, with nothing left out.</summary>
/// <param name="Bins">Requests per bin; the first begins at <paramref name="From"/>, the last ends at <paramref name="To"/>, all equally wide in log time.</param>
/// <param name="From">ns, at least 1.</param>
/// <param name="To">ns, at least twice <paramref name="From"/>.</param>
/// <param name="Failed">Requests without an answer; they count as slower than all others.</param>
/// <param name="P50">ns, nearest rank; <see cref="HumanNumber.Failed"/> if half or more failed.</param>
/// <param name="Slowest">ns, of the requests that were answered.</param>
internal sealed record LatencyPicture(
    ImmutableArray<int> Bins, double From, double To, int Count, int Failed, long P50, long P99, long Slowest)
{
    private const int BinCount = 60;

    /// <summary>Null where no request was answered: there is nothing to draw.</summary>
    /// <param name="declared">ns; the axis is made to hold it.</param>
    public static LatencyPicture? TryMake(Series series, long? declared)
    {
        var sorted = series.Samples.ToArray();
        Array.Sort(sorted);
        var answered = Array.BinarySearch(sorted, HumanNumber.Failed) is >= 0 ? Array.IndexOf(sorted, HumanNumber.Failed) : sorted.Length;
        if (answered == 0)
            return null;

        var (from, to) = Axis(sorted[0], Math.Max(sorted[answered - 1], declared ?? 0), declared);
        var bins = new int[BinCount];
        foreach (var sample in sorted.AsSpan(0, answered))
            bins[Math.Clamp((int)(Share(sample, from, to) * BinCount), 0, BinCount - 1)]++;
        return new(
            [.. bins], from, to, sorted.Length, sorted.Length - answered, Rank(sorted, 50), Rank(sorted, 99), sorted[answered - 1]);
    }

    /// <summary>Where a time lies on the axis: 0 at its beginning, 1 at its end.</summary>
    public double Place(long nanoseconds) => Share(nanoseconds, From, To);

    /// <summary>Round times (1, 2, 5 times a power of ten) on the axis, in ns; every third one where that would crowd it.</summary>
    public ImmutableArray<long> Ticks()
    {
        var all = new List<long>();
        for (var decade = 1m; decade <= 1e18m && decade <= (decimal)To; decade *= 10)
            all.AddRange(new[] { decade, 2 * decade, 5 * decade }.Where(tick => tick >= (decimal)From && tick <= (decimal)To).Select(tick => (long)tick));
        return all.Count <= 6 ? [.. all] : [.. all.Where(tick => IsPowerOfTen(tick))];
    }

    private static (double From, double To) Axis(long fastest, long slowest, long? declared)
    {
        var from = Math.Max(1.0, Math.Min(fastest, declared is > 0 ? declared.Value : fastest));
        var to = Math.Max(from, slowest);
        var margin = Math.Max(1.08, Math.Sqrt(2 * from / to)); // room at both ends, and never less than a factor of two
        return (Math.Max(1, from / margin), Math.Max(2, to * margin));
    }

    private static double Share(long nanoseconds, double from, double to) => Math.Log(Math.Max(1, nanoseconds) / from) / Math.Log(to / from);

    private static long Rank(long[] sorted, int percent) => sorted[(int)(((long)sorted.Length * percent + 99) / 100) - 1];

    private static bool IsPowerOfTen(long number)
    {
        while (number % 10 == 0)
            number /= 10;
        return number == 1;
    }
}
