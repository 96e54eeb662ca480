using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What the machine did besides the load, slice by slice: processor time that went neither to the container nor to the runner.</summary>
/// <remarks>
/// Read by the runner from the kernel, outside the container: series <c>NAME.slices</c> (ns since the load began, end of each slice),
/// series <c>NAME.elsewhere</c> (ns of processor time), fact <c>processors</c>. Where a container is on another machine there is none,
/// and every window counts.
/// </remarks>
/// <param name="Ends">Nanoseconds since the load began, ascending.</param>
/// <param name="Elsewhere">Nanoseconds of processor time in each slice.</param>
internal sealed record HostAccount(ImmutableArray<long> Ends, ImmutableArray<long> Elsewhere, long Processors)
{
    /// <returns>Null if there is none, or if <paramref name="problem"/> says why it cannot be believed.</returns>
    public static HostAccount? TryRead(Measurement m, string name, out string problem)
    {
        var (slices, elsewhere) = ($"{name}.slices", $"{name}.elsewhere");
        problem = "";
        if (m.Series.All(series => series.Name != slices && series.Name != elsewhere))
            return null;
        if (m.Unusable("ns", slices, elsewhere) is { } unusable)
            problem = unusable;
        else if (m.Samples(slices).Length != m.Samples(elsewhere).Length)
            problem = $"{slices} and {elsewhere} differ in length";
        else if (m.Samples(slices).Zip(m.Samples(slices).Skip(1)).Any(pair => pair.Second <= pair.First) || m.Samples(slices) is [0, ..])
            problem = $"{slices} does not ascend";
        else if (m.Number("processors") is not (> 0 and var processors))
            problem = "the fact processors is no number of processors";
        else
            return new HostAccount(m.Samples(slices), m.Samples(elsewhere), processors);
        return null;
    }

    /// <summary>Samples per second in each slice in which other work took no more than that share of all processors.</summary>
    public double[] UndisturbedRates(LoadRun run, double share)
    {
        var rates = new List<double>();
        var (start, next) = (0L, 0);
        for (var slice = 0; slice < Ends.Length; slice++)
        {
            var before = next;
            while (next < run.Completed.Length && run.Completed[next] <= Ends[slice])
                next++;
            var length = Ends[slice] - start;
            if (Elsewhere[slice] <= share * length * Processors)
                rates.Add((next - before) * 1e9 / length);
            start = Ends[slice];
        }

        return [.. rates];
    }
}
