using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Power over time as a picture draws it.</summary>
public static class PowerSlices
{
    private const long GapNanos = 2_000_000_000;

    /// <summary>Mean watts of all that is counted, in equal slices between two instants of the log.</summary>
    /// <returns>Null for a slice of which a reading is missing: nothing is drawn there. Empty where nothing shows a power.</returns>
    public static ImmutableArray<double?> Of(TelemetryLog log, long from, long to, int slices)
    {
        ArgumentNullException.ThrowIfNull(log);
        var parts = PowerMeters.Whole(PowerMeters.Read(log, GapNanos, capFactor: 10));
        if (parts.IsEmpty || to - from < slices)
            return [];
        return [.. Enumerable.Range(0, slices).Select(slice => Mean(parts, from + ((to - from) / slices * slice), (to - from) / slices))];
    }

    /// <summary>What the power is of: names of the counters and devices that are summed; empty where nothing shows one.</summary>
    public static ImmutableArray<string> Parts(TelemetryLog log) => [.. PowerMeters.Whole(PowerMeters.Read(log, GapNanos, capFactor: 10)).Select(part => part.Name)];

    private static double? Mean(ImmutableArray<PowerChannel> parts, long from, long length)
    {
        var joules = 0.0;
        foreach (var part in parts)
        {
            if (part.Problem is not null || part.TryEnergy(from, from + length, out _) is not { } own)
                return null;
            joules += own;
        }

        return joules * 1e9 / length;
    }
}
