using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Reports energy per token or sample under load, gross and above idle, and holds it against what the profile declares (GRN-01).</summary>
/// <remarks>Reads what <see cref="EnergyEvidence"/> says. Source of the boundary: MLPerf power measurement, whole system at the wall; what is counted elsewhere is named so.</remarks>
internal static class EnergyPerToken
{
    public static ImmutableArray<string> Limits { get; } = [.. EnergyEvidence.Limits, "windows", "confidence_ppm"];

    public static Finding Judge(Clause clause, Evidence evidence, Measurement m)
    {
        if (EnergyEvidence.TryRead(clause, evidence, m, out var reason) is not { } energy)
            return clause.Found(new Verdict.Inconclusive(reason));
        var (name, declared) = ($"energy per {(energy.Unit == "token" ? "output token" : "sample")}", evidence.Plan.Declared.EnergyMicrojoules);
        var bounds = EnergyFigures.Bounds(energy, clause.Count("windows"), clause.Share("confidence_ppm"));
        var figures = ImmutableArray.CreateBuilder<Figure>();
        figures.Add(EnergyFigures.PerAnswer(name, energy, energy.Joules, bounds, declared));
        var idle = energy.TryIdleWatts(clause, out var unknown);
        if (idle is { } watts)
            figures.Add(EnergyFigures.PerAnswer($"{name}, above idle", energy, energy.Joules - (watts * energy.Seconds)));
        figures.Add(EnergyFigures.PerThousand($"{name}, by the thousand", energy, energy.Joules));
        figures.Add(EnergyFigures.Watts("power under load", energy, energy.Joules / energy.Seconds));
        figures.AddRange(EnergyFigures.Beside(energy));
        var finding = clause.Found(Verdict(energy, declared, bounds), figures.ToImmutable());
        return finding with { Note = Note(energy, idle is null ? unknown : "") };
    }

    private static Verdict Verdict(EnergyEvidence energy, long? declared, (double Lower, double Upper)? bounds)
    {
        if (!energy.Missing.IsEmpty)
            return new Verdict.Inconclusive($"incomplete: {string.Join("; ", energy.Missing)}. The figures are of what was counted, and no claim");
        if (declared is not { } limit)
            return new Verdict.Pass();
        if (bounds is not var (lower, upper))
            return new Verdict.Inconclusive($"the window of {Reading.Duration(energy.To - energy.From)} is too short to bound the figure; the full suite's would do");
        return upper * 1e6 <= limit ? new Verdict.Pass()
            : lower * 1e6 > limit ? new Verdict.Fail($"{Joules(energy.Joules / energy.Answered)}, at least {Joules(lower)}, per {energy.Unit}", $"{Joules(limit / 1e6)} per {energy.Unit}, as the profile declares")
            : new Verdict.Inconclusive($"between {Joules(lower)} and {Joules(upper)} per {energy.Unit}; declared {Joules(limit / 1e6)}: a longer load or another declaration would decide it");
    }

    private static LocalText Note(EnergyEvidence energy, string idleUnknown) => new(
        $"Measured at: {energy.Point.En}. Gross, idle power included; {energy.Parts.Length} counters. No public pass level exists.{(idleUnknown.Length > 0 ? $" Nothing above idle is stated: {idleUnknown}." : "")}",
        $"计量位置：{energy.Point.Zh}。数值含空载功耗；共 {energy.Parts.Length} 个计数源。公开资料中没有合格线。{(idleUnknown.Length > 0 ? "未能给出扣除空载后的数值。" : "")}");

    private static string Joules(double value) => value < 1 ? string.Create(CultureInfo.InvariantCulture, $"{1000 * value:0.###} mJ") : string.Create(CultureInfo.InvariantCulture, $"{value:0.###} J");
}
