using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Drawing data of a throughput series: completions per second in equal slices of the time measured.</summary>
/// <param name="Rates">Completions per second in each slice.</param>
/// <param name="Seconds">All slices together.</param>
/// <param name="Failed">Samples without a completion; in no slice.</param>
internal sealed record RatePicture(ImmutableArray<double> Rates, double Seconds, long Completed, int Failed)
{
    private const int MaxSlices = 60;

    /// <param name="series">In ns (ascending instants since the load began) or in count (completions in each second).</param>
    /// <param name="durationNanos">Of the load, so that a backend that stops answering before its end is seen to; null if unknown.</param>
    public static RatePicture Make(Series series, long? durationNanos) =>
        series.Unit == "ns" ? FromInstants(series.Samples, durationNanos ?? 0) : FromSeconds(series.Samples);

    private static RatePicture FromInstants(ImmutableArray<long> samples, long duration)
    {
        ImmutableArray<long> instants = [.. samples.Where(sample => sample != HumanNumber.Failed)];
        var end = Math.Max(duration, instants[^1]);
        var slices = new double[Math.Min(MaxSlices, instants.Length)];
        var width = end / 1e9 / slices.Length;
        foreach (var instant in instants)
            slices[Math.Clamp((int)((double)instant / end * slices.Length), 0, slices.Length - 1)] += 1 / width;
        return new([.. slices], end / 1e9, instants.Length, samples.Length - instants.Length);
    }

    private static RatePicture FromSeconds(ImmutableArray<long> samples)
    {
        ImmutableArray<long> counts = [.. samples.Where(sample => sample is >= 0 and not HumanNumber.Failed)];
        var perSlice = Math.Max(1, (counts.Length + MaxSlices - 1) / MaxSlices);
        var rates = counts.Chunk(perSlice).Select(slice => slice.Average());
        return new([.. rates], counts.Length, (long)Math.Min(long.MaxValue, counts.Sum(count => (decimal)count)), samples.Length - counts.Length);
    }
}
