using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Reports grams of CO2 equivalent per thousand tokens or samples: energy times the grid's factor (GRN-04).</summary>
/// <remarks>
/// Source: Software Carbon Intensity, ((E x I) + M) / R with a location-based I: certificates and offsets lower nothing. M, what was emitted to make the
/// hardware, is known of none and left out, which is said. The factor is the catalogue's: national average of China, 2023.
/// </remarks>
internal static class CarbonIntensity
{
    public static ImmutableArray<string> Limits { get; } = [.. EnergyEvidence.Limits, "milligrams_per_kwh"];

    public static Finding Judge(Clause clause, Evidence evidence, Measurement m)
    {
        const long cleanest = 1_000, dirtiest = 2_000_000; // no grid is outside: a factor in grams where kilograms are meant is
        var factor = clause.Limit("milligrams_per_kwh");
        if (factor is < cleanest or > dirtiest)
            return clause.Found(new Verdict.Inconclusive(FormattableString.Invariant($"the standard's factor of {factor / 1e6} kg/kWh is that of no grid; expected {cleanest / 1e6} to {dirtiest / 1e6}")));
        if (EnergyEvidence.TryRead(clause, evidence, m, out var reason) is not { } energy)
            return clause.Found(new Verdict.Inconclusive(reason));
        var pue = FacilityEnergy.Refused(evidence.Plan) is null ? evidence.Plan.Declared.Pue : null;
        var wattHours = EnergyFigures.WattHoursPerThousand(energy, energy.Joules) * (pue?.Milli ?? 1000) / 1000.0;
        ImmutableArray<Figure> figures =
        [
            new($"emissions, by the thousand{(energy.Missing.IsEmpty ? "" : ", incomplete")}", $"mg CO2e/1k {energy.Unit}s", Reading.Milli(wattHours * factor / 1000.0)),
            new("factor of the grid", "g/kWh", factor),
        ];
        return clause.Found(energy.Missing.IsEmpty ? new Verdict.Pass() : new Verdict.Inconclusive($"incomplete: {string.Join("; ", energy.Missing)}"), figures) with { Note = Note(energy, factor, pue) };
    }

    private static LocalText Note(EnergyEvidence energy, long factor, DeclaredPue? pue) => new(
        FormattableString.Invariant($"{factor / 1e6} kg/kWh: national average of China for 2023 (MEE and NBS), location-based. ")
            + (pue is null ? "PUE unknown: nothing of the facility is in it. " : FormattableString.Invariant($"PUE {pue.Milli / 1000m} as declared ({pue.Source}, {pue.Period}). "))
            + $"What making the hardware emitted is left out. Measured at: {energy.Point.En}.",
        FormattableString.Invariant($"排放因子 {factor / 1e6} kg/kWh：2023 年全国平均（生态环境部、国家统计局），基于所在地。")
            + (pue is null ? "PUE 未知，不含设施能耗。" : FormattableString.Invariant($"PUE {pue.Milli / 1000m}（申报：{pue.Source}，{pue.Period}）。"))
            + $"不含硬件制造排放。计量位置：{energy.Point.Zh}。");
}
