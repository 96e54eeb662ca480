using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Reports energy at the facility's level: that of GRN-01 times the PUE that the site declares, source and period named (GRN-03).</summary>
/// <remarks>A PUE is never assumed: where none is declared the plan says so and the check does not apply.</remarks>
internal static class FacilityEnergy
{
    public static ImmutableArray<string> Limits => EnergyEvidence.Limits;

    public static Finding Judge(Clause clause, Evidence evidence, Measurement m)
    {
        if (Refused(evidence.Plan) is { } refused)
            return clause.Found(new Verdict.Inconclusive(refused));
        if (EnergyEvidence.TryRead(clause, evidence, m, out var reason) is not { } energy)
            return clause.Found(new Verdict.Inconclusive(reason));
        var pue = evidence.Plan.Declared.Pue!;
        var joules = energy.Joules * pue.Milli / 1000.0;
        ImmutableArray<Figure> figures =
        [
            EnergyFigures.PerThousand("energy at the facility, by the thousand", energy, joules),
            new("PUE, declared", "1", pue.Milli),
        ];
        return clause.Found(energy.Missing.IsEmpty ? new Verdict.Pass() : new Verdict.Inconclusive($"incomplete: {string.Join("; ", energy.Missing)}"), figures) with
        {
            Note = new($"PUE as the site declares it: {pue.Source}, {pue.Period}; not checked. Measured at: {energy.Point.En}.", $"PUE 为场地申报值：{pue.Source}，{pue.Period}；未经核验。计量位置：{energy.Point.Zh}。"),
        };
    }

    /// <summary>Why a declared PUE gives no figure; null if it does.</summary>
    public static string? Refused(Plan plan) => plan.Declared.Pue is not { } pue ? "the PUE of the site is unknown, and none is assumed"
        : string.IsNullOrWhiteSpace(pue.Source) || string.IsNullOrWhiteSpace(pue.Period) ? "a PUE without its source and period is none"
        : pue.Milli is < 1000 or > 10_000 ? FormattableString.Invariant($"a PUE of {pue.Milli / 1000m} cannot be: it is total energy over that of the equipment")
        : null;
}
