using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Reports the power of the machine with the model loaded and nothing asked of it (GRN-02).</summary>
/// <remarks>Reads the phase <c>idle</c> of the log. Where a tool prints devices' memory, a model that was put away meanwhile shows: less than <c>resident_ppm</c> of what the load held.</remarks>
internal static class IdlePower
{
    public static ImmutableArray<string> Limits { get; } = [.. EnergyEvidence.Limits, "resident_ppm"];

    public static Finding Judge(Clause clause, Evidence evidence, Measurement m)
    {
        if (EnergyEvidence.TryRead(clause, evidence, m, out var reason) is not { } energy)
            return clause.Found(new Verdict.Inconclusive(reason));
        if (energy.TryIdleWatts(clause, out reason) is not { } watts)
            return clause.Found(new Verdict.Inconclusive(reason));
        var idle = energy.Log.Phase(TelemetryPhase.Idle)!;
        ImmutableArray<Figure> figures =
        [
            EnergyFigures.Watts("idle power, model loaded", energy, watts),
            EnergyFigures.Watts("power under load", energy, energy.Joules / energy.Seconds),
            new("idle window", "s", Reading.Milli((idle.To - idle.From) / 1e9), LimitMilli: Reading.Milli(clause.Limit("idle_min_seconds"))),
        ];
        if (Unloaded(clause, energy, idle) is { } unloaded)
            return clause.Found(new Verdict.Inconclusive(unloaded), figures);
        return clause.Found(energy.Missing.IsEmpty ? new Verdict.Pass() : new Verdict.Inconclusive($"incomplete: {string.Join("; ", energy.Missing)}. The figures are of what was counted, and no claim"), figures) with
        {
            Note = new($"Reported. Measured at: {energy.Point.En}.", $"仅报告。计量位置：{energy.Point.Zh}。"),
        };
    }

    private static string? Unloaded(Clause clause, EnergyEvidence energy, TelemetryPhase idle) =>
        TelemetrySummary.Of(energy.Log, idle.From, idle.To).DeviceMemory is { } before && TelemetrySummary.Of(energy.Log, energy.From, energy.To).DeviceMemory is { } during
        && (double)before.Least < (double)during.Most * clause.Share("resident_ppm")
            ? FormattableString.Invariant($"the model was not loaded all the time: devices held {before.Least} MiB at one time of the idle window, and {during.Most} MiB under load") : null;
}
