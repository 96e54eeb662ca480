using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Figures of energy, in thousandths of units small enough for small models: a millijoule, a milliwatt-hour, a milligram.</summary>
internal static class EnergyFigures
{
    private const double JoulesPerWattHour = 3600, Thousand = 1000;

    /// <summary>Millijoules per token or sample.</summary>
    public static Figure PerAnswer(string name, EnergyEvidence energy, double joules, (double Lower, double Upper)? bounds = null, long? limitMicrojoules = null) => new(
        Marked(name, energy), $"mJ/{energy.Unit}", Milli(1000 * joules / energy.Answered),
        bounds is { } some ? Milli(1000 * some.Lower) : null, bounds is { } same ? Milli(1000 * same.Upper) : null, limitMicrojoules);

    /// <summary>Milliwatt-hours per thousand tokens or samples.</summary>
    public static Figure PerThousand(string name, EnergyEvidence energy, double joules) => new(Marked(name, energy), $"mWh/1k {energy.Unit}s", Milli(1000 * WattHoursPerThousand(energy, joules)));

    public static Figure Watts(string name, EnergyEvidence energy, double watts) => new(Marked(name, energy), "W", Milli(watts));

    public static double WattHoursPerThousand(EnergyEvidence energy, double joules) => joules / energy.Answered * Thousand / JoulesPerWattHour;

    /// <summary>What lies behind the figures: parts, counts, and how the machine was meanwhile.</summary>
    public static IEnumerable<Figure> Beside(EnergyEvidence energy)
    {
        foreach (var part in energy.Parts.Length > 1 ? energy.Parts : [])
            yield return new($"energy of {part.Name}", "J", Milli(EnergyEvidence.Of([part], energy.From, energy.To)));
        yield return Reading.Counted($"{energy.Unit}s in the window", energy.Answered);
        yield return new("window", "s", Milli(energy.Seconds));
        var seen = TelemetrySummary.Of(energy.Log, energy.From, energy.To);
        if (seen.BusyShare is { } busy)
            yield return new("processors busy", "%", Milli(100 * busy));
        if (seen.Utilisation is { } utilisation)
            yield return new("devices busy", "%", Milli((double)utilisation));
        if (seen.DeviceHottest is { } device)
            yield return new("hottest device", "°C", Milli((double)device));
        if (seen.Hottest is { } hottest)
            yield return new("hottest sensor", "°C", Milli(hottest));
        if (seen.Throttled is { } throttled)
            yield return Reading.Counted("throttled for heat", throttled);
    }

    /// <summary>A sum that leaves something out is not to be read as the whole.</summary>
    private static string Marked(string name, EnergyEvidence energy) => energy.Missing.IsEmpty ? name : $"{name}, incomplete";

    public static long Milli(double value) => Reading.Milli(value);

    /// <summary>Joules per token in each of so many equal parts of the window, bounded after Student.</summary>
    /// <returns>Null where a part would be shorter than a few readings, or in one of them nothing was answered.</returns>
    public static (double Lower, double Upper)? Bounds(EnergyEvidence energy, int windows, double confidence)
    {
        const long leastNanos = 5_000_000_000;
        var length = (energy.To - energy.From) / windows;
        if (length < leastNanos)
            return null;
        var counts = new long[windows];
        foreach (var (at, count) in energy.Arrivals)
            counts[Math.Clamp((int)((at + energy.LoadFrom - energy.From) / length), 0, windows - 1)] += count;
        if (counts.Contains(0))
            return null;
        var each = counts.Select((count, at) => EnergyEvidence.Of(energy.Parts, energy.From + (at * length), energy.From + ((at + 1) * length)) / count).ToArray();
        var (lower, upper) = Statistics.MeanBounds(each, confidence);
        return (Math.Max(0, lower), upper);
    }
}
