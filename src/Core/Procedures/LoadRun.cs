using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>One load as a series of completions, cut into windows of equal length.</summary>
/// <param name="DurationNanos">Above 0.</param>
/// <param name="Completed">Nanoseconds since the load began, ascending, 0 to the duration.</param>
internal sealed record LoadRun(long DurationNanos, ImmutableArray<long> Completed)
{
    public double DurationSeconds => DurationNanos / 1e9;

    /// <summary>Reads a load; the problem says why it cannot be believed.</summary>
    public static LoadRun? TryRead(Measurement m, string series, string durationFact, out string problem)
    {
        problem = "";
        if (m.Number(durationFact) is not (> 0 and var duration))
            problem = $"the fact {durationFact} is no length of time";
        else if (m.Unusable("ns", series) is { } unusable)
            problem = unusable;
        else if (FirstUnsorted(m.Samples(series)) is { } index)
            problem = $"sample {index + 1} of {series} completed before the one ahead of it";
        else if (m.Samples(series) is [.., var last] && last > duration)
            problem = $"a sample of {series} completed {Reading.Duration(last)} into a load of {Reading.Duration(duration)}";
        else
            return new(duration, m.Samples(series));
        return null;
    }

    /// <summary>Samples per second in each of so many windows; what nobody answered in is 0.</summary>
    public double[] WindowRates(int windows)
    {
        var rates = new double[windows];
        foreach (var at in Completed)
            rates[(int)Int128.Min(windows - 1, (Int128)at * windows / DurationNanos)]++;
        var seconds = DurationSeconds / windows;
        for (var i = 0; i < windows; i++)
            rates[i] /= seconds;
        return rates;
    }

    private static int? FirstUnsorted(ImmutableArray<long> samples)
    {
        for (var i = 1; i < samples.Length; i++)
        {
            if (samples[i] < samples[i - 1])
                return i;
        }

        return null;
    }
}
