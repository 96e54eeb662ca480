using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Decides how a chip's devices get into a container on this machine, or says why they cannot.</summary>
public static class LaunchDecision
{
    /// <summary>Engine API that knows the Container Device Interface.</summary>
    private static readonly Version LeastForCdi = new(1, 44);

    /// <summary>What a start is to use.</summary>
    /// <returns>Null for a CPU, and where the server runs as a plain process: that one sees all that its user may see.</returns>
    /// <exception cref="BadInputException">What is asked for is not known of the chip, or of no use here.</exception>
    /// <exception cref="BrokenEnvironmentException">The container engine cannot do it.</exception>
    public static LaunchPlan? Plan(Profile profile, LaunchChoice choice, ContainerEngineDescription engine, HostMachine machine)
    {
        if (!engine.IsContainer && LaunchPlanner.IsNeeded(profile))
        {
            return choice == LaunchChoice.Default ? null : throw Wrong(
                new Problem("--form, --devices", 0, "", "no devices are handed to a plain process: it sees all that its user may see. Leave both out, or run in a container"));
        }

        var planner = new LaunchPlanner(profile, path => machine.TryNode(path) is { Kind: not DeviceNodeKind.None } || Directory.Exists(machine.Place(path)));
        if (Asked(profile, choice) is not { } indices)
            return null;
        var problems = new List<Problem>();
        ImmutableArray<LaunchForm> forms = choice.Form is { } one ? [one] : planner.Forms is { IsEmpty: false } known ? known : [LaunchForm.Plain];
        var plans = forms.Select(form => planner.TryPlan(form, indices, problems)).OfType<LaunchPlan>().ToArray();
        if (problems.Count > 0)
            throw Wrong([.. problems]);
        var refusals = plans.Select(plan => (Plan: plan, Why: WhyNot(plan, engine))).ToArray();
        var chosen = refusals.FirstOrDefault(refusal => refusal.Why is null).Plan ?? throw new BrokenEnvironmentException(
            $"The devices of {profile.Id} cannot be handed to a container here. {string.Join(' ', refusals.Select(refusal => refusal.Why))}");
        return chosen with { Groups = ByNumber(profile, chosen.Groups, machine) };
    }

    /// <summary>A container engine looks names of groups up in the image, where they have other numbers or are absent; the nodes have this machine's.</summary>
    private static ImmutableArray<string> ByNumber(Profile profile, ImmutableArray<string> groups, HostMachine machine)
    {
        var known = machine.Groups();
        return [.. groups.Select(group => uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? group
            : known.FirstOrDefault(pair => pair.Value == group) is { Value: not null } found ? found.Key.ToString(CultureInfo.InvariantCulture)
            : throw new BrokenEnvironmentException($"This machine has no group `{group}`, to which the devices belong by `facts.launch.groups` of {profile.Id}. Install the vendor's driver, which makes it, or see `ls -l` of the nodes and `getent group`, and name the right one in a copy of the profile."))];
    }

    /// <summary>What a start would use on a machine whose container engine can do everything.</summary>
    /// <param name="exists">Whether a device node is there, for those that only some machines have.</param>
    /// <inheritdoc cref="Plan"/>
    public static LaunchPlan? Show(Profile profile, LaunchChoice choice, Func<string, bool> exists)
    {
        if (Asked(profile, choice) is not { } indices)
            return null;
        var (planner, problems) = (new LaunchPlanner(profile, exists), new List<Problem>());
        var plan = planner.TryPlan(choice.Form ?? (planner.Forms is [var first, ..] ? first : LaunchForm.Plain), indices, problems);
        return problems.Count == 0 ? plan : throw Wrong([.. problems]);
    }

    /// <summary>Why an engine cannot do what is planned, with the command that mends it; null if it can.</summary>
    internal static string? WhyNot(LaunchPlan plan, ContainerEngineDescription engine) => plan.Form switch
    {
        LaunchForm.Toolkit when !engine.Runtimes.Contains(plan.Runtime!) =>
            $"toolkit: {engine.Name} {engine.Version} has no runtime `{plan.Runtime}`; it lists {Listed(engine.Runtimes)}. Install the vendor's container toolkit, enter its runtime under `runtimes` in "
            + $"/etc/docker/daemon.json, restart the engine (`systemctl restart docker`), and see it in `docker info --format '{{{{json .Runtimes}}}}'`.",
        LaunchForm.Cdi when !System.Version.TryParse(engine.ApiVersion, out var version) || version < LeastForCdi =>
            $"cdi: {engine.Name} {engine.Version} speaks API {engine.ApiVersion}; {LeastForCdi} (Docker 25) is the first that knows the Container Device Interface. Upgrade the engine.",
        LaunchForm.Cdi when engine.CdiFolders.IsEmpty =>
            $"cdi: {engine.Name} {engine.Version} reports no folder of device specifications (`docker info --format '{{{{json .CDISpecDirs}}}}'`), so that requests would be refused or ignored. "
            + "Set `\"features\": {\"cdi\": true}` in /etc/docker/daemon.json and restart the engine (`systemctl restart docker`).",
        LaunchForm.Cdi when engine.CdiDevices is { } devices && plan.CdiDevices.FirstOrDefault(device => !devices.Contains(device)) is { } missing =>
            $"cdi: {engine.Name} {engine.Version} knows no device {missing}; it found {Listed(devices)} in {string.Join(", ", engine.CdiFolders)}. Write the specification with the vendor's toolkit, and see it in `docker info`.",
        _ => null,
    };

    /// <returns>Null for a CPU.</returns>
    private static ImmutableArray<int>? Asked(Profile profile, LaunchChoice choice) => LaunchPlanner.IsNeeded(profile) ? ChipNodes.WhyUncounted(choice.Of(profile.Chip)) is { } uncounted ? throw Wrong(uncounted) : choice.Of(profile.Chip)
        : choice == LaunchChoice.Default ? null
        : throw Wrong(new Problem(profile.File, 0, "chip.kind", "is cpu: there are no devices to launch with; leave out --form and --devices"));

    private static string Listed(ImmutableArray<string> names) => names.IsEmpty ? "none" : Clip.Text(string.Join(", ", names), 400);

    private static BadInputException Wrong(params ImmutableArray<Problem> problems) => new(problems);
}
