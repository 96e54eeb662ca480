using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Says whether the energy of this run was measured as a power measurement has to be, or is a device-counter estimate (GRN-05).</summary>
/// <remarks>
/// Source: MLPerf power rules and the checker power-dev: uncertainty, a clock kept by NTP, and a window that differs from the test by no more than a share.
/// A meter that breaks one of them fails; one of which something is unknown is an estimate, and that is what stands there.
/// </remarks>
internal static class MeterQuality
{
    public static ImmutableArray<string> Limits { get; } = [.. EnergyEvidence.Limits, "uncertainty_max_ppm"];

    public static Finding Judge(Clause clause, Evidence evidence, Measurement m)
    {
        if (EnergyEvidence.TryRead(clause, evidence, m, out var reason) is not { } energy)
            return clause.Found(new Verdict.Inconclusive($"no energy is claimed: {reason}"));
        var used = energy.Parts.Select(part => energy.Log.Sources[part.Source]).Distinct().ToImmutableArray();
        var (limit, widest) = (clause.Limit("uncertainty_max_ppm"), used.Max(source => source.UncertaintyPpm));
        var figures = ImmutableArray.CreateBuilder<Figure>();
        if (widest is { } stated)
            figures.Add(new("uncertainty of the meter", "ppm", Reading.Milli(stated), LimitMilli: Reading.Milli(limit)));
        figures.Add(new("window against test", "ppm", Reading.Milli(energy.Deviation * 1e6), LimitMilli: Reading.Milli(clause.Limit("window_max_ppm"))));
        var faults = Faults(clause, energy, widest).ToImmutableArray();
        var unknown = Unknown(energy, used).ToImmutableArray();
        Verdict verdict = faults is [var (seen, allowed), ..]
            ? new Verdict.Fail($"device-counter estimate: {seen}", allowed)
            : unknown.IsEmpty ? new Verdict.Pass() : new Verdict.Inconclusive($"device-counter estimate: {string.Join("; ", unknown)}");
        return clause.Found(verdict, figures.ToImmutable()) with
        {
            Note = verdict is Verdict.Pass ? null : new("The energy figures of this run are a device-counter estimate.", "本次运行的能耗数值属于设备计数器估算。"),
        };
    }

    private static IEnumerable<(string Seen, string Allowed)> Faults(Clause clause, EnergyEvidence energy, long? widest)
    {
        if (widest > clause.Limit("uncertainty_max_ppm"))
            yield return ($"uncertainty {Reading.Percent(widest.Value / 1e6)}", $"{Reading.Percent(clause.Share("uncertainty_max_ppm"))} at most");
        if (energy.Log.IsClockSynchronised is false)
            yield return ("the machine's clock is not synchronised", "a clock kept by NTP");
        if (energy.Deviation > clause.Share("window_max_ppm"))
            yield return ($"the window differs from the test by {Reading.Percent(energy.Deviation)}", $"{Reading.Percent(clause.Share("window_max_ppm"))} at most");
    }

    private static IEnumerable<string> Unknown(EnergyEvidence energy, ImmutableArray<TelemetrySource> used)
    {
        foreach (var source in used.Where(source => source.UncertaintyPpm is null))
            yield return $"nobody states the uncertainty of {source.Name}";
        if (energy.Log.IsClockSynchronised is null)
            yield return "the kernel does not say whether its clock is synchronised";
        foreach (var missing in energy.Missing)
            yield return missing;
    }
}
