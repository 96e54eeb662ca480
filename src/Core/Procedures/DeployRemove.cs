using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges what every deployment of the run needed by hand and left behind (OPS-01).</summary>
/// <remarks>
/// Reads the series <c>residue</c> and <c>manual_steps</c> (count, one sample per deployment, in the same order) and the facts
/// <c>residue.N</c>, which name what was left. Counts are totals over the deployments: a leftover does not average out. Where the plan
/// has devices, the facts <c>devices.N</c> say which of them the runner saw in the container of each deployment: a server that ran
/// without its accelerator, or with another one, was not deployed.
/// </remarks>
internal static class DeployRemove
{
    public static ImmutableArray<string> Limits { get; } = ["residue_max", "manual_steps_max"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Unusable("count", "residue", "manual_steps") is { } problem)
            return clause.Invalid(problem);
        var (residue, steps) = (m.Samples("residue"), m.Samples("manual_steps"));
        if (residue.IsEmpty || residue.Length != steps.Length)
            return clause.Invalid($"residue of {residue.Length} deployments, steps of {steps.Length}; each deployment has one of both");

        var (left, byHand) = (residue.Total(), steps.Total());
        var named = m.FactsUnder("residue.").Values.Where(text => !string.IsNullOrWhiteSpace(text)).ToImmutableArray();
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("deployments", residue.Length),
            Reading.Counted("residue after removal", left, clause.Limit("residue_max")),
            Reading.Counted("manual steps", byHand, clause.Limit("manual_steps_max")),
        ];
        if (left > clause.Limit("residue_max"))
            return clause.Fails(
                $"{left} left behind after {residue.Length} removals: {Named(named)}", $"{clause.Limit("residue_max")} left behind", figures);
        if (byHand > clause.Limit("manual_steps_max"))
            return clause.Fails($"{byHand} steps by hand", $"{clause.Limit("manual_steps_max")} steps by hand", figures);
        if (plan.Devices is { } devices && Devices(devices, m, residue.Length) is var (wrong, isSeen) && wrong is not null)
            return isSeen ? clause.Fails(wrong, "in every container exactly the planned devices", figures) : clause.Invalid(wrong, figures);
        return left == 0 && !named.IsEmpty
            ? clause.Invalid($"nothing was counted as left behind, and yet it is named: {Named(named)}", figures)
            : clause.Found(new Verdict.Pass(), figures);
    }

    /// <returns>What is wrong with the devices of a deployment, and whether they were seen; no words if nothing is.</returns>
    private static (string? Wrong, bool IsSeen) Devices(DevicePlan plan, Measurement m, int deployments)
    {
        var seen = m.FactsUnder("devices.");
        if (seen.Count != deployments || seen.Values.All(line => line == DevicePlan.NotAsked))
            return ($"the devices of {seen.Values.Count(line => line != DevicePlan.NotAsked)} deployments were seen, of {deployments}", false);
        foreach (var (deployment, line) in seen.Where(fact => fact.Value != DevicePlan.NotAsked))
        {
            if (DevicePlan.TryRead(line) is not { } nodes)
                return ($"the devices of deployment {deployment} cannot be read", false);
            if (plan.Problem(nodes) is { } wrong)
                return ($"in the container of deployment {deployment}: {wrong}", true);
        }

        return (null, true);
    }

    private static string Named(ImmutableArray<string> named) => named.IsEmpty ? "what it was is not recorded" : string.Join("; ", named);
}
