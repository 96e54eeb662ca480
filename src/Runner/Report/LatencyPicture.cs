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
    private const int MaxTicks = 6;

    // tenths of a decade, from fine to coarse
    private static readonly ImmutableArray<ImmutableArray<int>> TickScales =
    [
        [.. Enumerable.Range(5, 45).Select(n => 2 * n)], [.. Enumerable.Range(2, 18).Select(n => 5 * n)], [10, 20, 30, 40, 50, 60, 70, 80, 90], [10, 20, 50], [10],
    ];

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

    /// <summary>Round times on the axis, in ns: the finest of five scales that does not crowd it.</summary>
    public ImmutableArray<long> Ticks() =>
        TickScales.Select(TicksOf).FirstOrDefault(ticks => ticks.Length <= MaxTicks, [.. TicksOf(TickScales[^1]).Where((_, decade) => decade % 4 == 0)]);

    private ImmutableArray<long> TicksOf(ImmutableArray<int> tenths)
    {
        var ticks = ImmutableArray.CreateBuilder<long>();
        for (var decade = 1m; decade <= 1e18m; decade *= 10)
        {
            var onAxis = tenths.Select(tenth => tenth * decade / 10).Where(tick => tick >= (decimal)From && tick <= (decimal)To);
            ticks.AddRange(onAxis.Where(decimal.IsInteger).Where(tick => tick < long.MaxValue).Select(tick => (long)tick));
        }

        return ticks.ToImmutable();
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
}
