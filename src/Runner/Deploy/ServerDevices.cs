using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Holds the devices in the server's container against the plan, from outside: the container's own word is not asked.</summary>
internal static class ServerDevices
{
    private const int MostRecorded = 500;

    /// <summary>The plan with what must be inside, or why that could never be seen here.</summary>
    /// <exception cref="BadInputException">The facts do not say which nodes a device has.</exception>
    /// <exception cref="BrokenEnvironmentException">A planned node is not on this machine, or a container cannot be looked into from here.</exception>
    public static LaunchPlan Counted(Profile profile, LaunchPlan plan, ContainerEngineDescription engine, HostMachine machine) => WhyUnseen(engine) is { } unseen
        ? throw new BrokenEnvironmentException($"The devices in a container could not be counted, and without that no accelerator passes: {unseen}")
        : ChipNodes.Read(profile, plan, machine);

    /// <summary>What the container of a server may hold that computes on a CPU.</summary>
    /// <returns>Null for an accelerator, whose launch plan says it, and where a container cannot be looked into.</returns>
    /// <inheritdoc cref="ChipNodes.OfProcessor"/>
    public static DevicePlan? OfProcessor(Profile profile, ContainerEngineDescription engine, HostMachine machine) =>
        LaunchPlanner.IsNeeded(profile) || !engine.IsContainer || WhyUnseen(engine) is not null ? null : ChipNodes.OfProcessor(profile, machine);

    /// <summary>Right before a start: the plan is there, and this machine's nodes are still those that it was made of.</summary>
    /// <exception cref="BrokenEnvironmentException">A node is gone, or is another device by now.</exception>
    public static void CheckHost(ServerStand stand)
    {
        if (!stand.Engine.Description.IsContainer)
            return;
        if (LaunchPlanner.IsNeeded(stand.Profile) && stand.Launch?.Counted is null)
            throw new InvalidOperationException($"{stand.Profile.Id} needs devices, and no plan says which");
        foreach (var (path, device) in stand.Devices is { } plan ? plan.Inside.Concat(plan.Optional) : [])
        {
            var node = stand.Machine.TryNode(path);
            if (node?.ToString() != device)
                throw new BrokenEnvironmentException($"{path} was {device} when the run was planned and is {node?.ToString() ?? "not there"} now. Was the driver loaded anew? Start a new run.");
        }
    }

    /// <exception cref="BackendBrokenException">The server ended before anything could be seen.</exception>
    public static async Task<DeviceSight> LookAsync(ServerStand stand, Deployment deployment, ContainerState state, CancellationToken cancellationToken)
    {
        var engine = stand.Engine.Description;
        if (engine.IsLocal && state.ProcessId is null)
            throw await deployment.ExplainAsync("started", null, cancellationToken);
        var sight = Look(stand.Launch, stand.Devices!, engine, stand.Machine, state.ProcessId);
        // only if it runs on is it its own root that was looked into
        return (await deployment.Container.InspectAsync(cancellationToken)).ProcessId == state.ProcessId ? sight : throw await deployment.ExplainAsync("started", null, cancellationToken);
    }

    /// <param name="processId">The first process of the container, as this machine numbers it; null where it runs elsewhere.</param>
    /// <param name="launch">Null for a CPU.</param>
    internal static DeviceSight Look(LaunchPlan? launch, DevicePlan plan, ContainerEngineDescription engine, HostMachine machine, int? processId)
    {
        if (WhyUnseen(engine) is { } unseen)
            return new(launch, [], IsWhole: false, $"The devices in the container cannot be seen: {unseen}");
        var all = DeviceTree.Read(machine.Place($"/proc/{processId}/root"), out var problem);
        if (problem is not null)
            return new(launch, [], IsWhole: false, $"The devices in the container cannot be seen: {problem}. A server whose devices are not counted is not accepted.");
        var inside = plan.Concerned(all);
        return new(launch, [.. inside.Take(MostRecorded)], IsWhole: true, plan.Problem(inside) is { } wrong ? Words(launch, plan, wrong) : null);
    }

    /// <returns>Null where a container's devices can be seen from here.</returns>
    private static string? WhyUnseen(ContainerEngineDescription engine) => !engine.IsLocal
        ? $"{engine.Name} runs on another machine, or in one of its own, so that /proc shows nothing of its containers. Run adapt where the devices are, with the engine's own socket there (DOCKER_HOST)"
        : !Environment.IsPrivilegedProcess ? "only root may look into a container from outside (/proc/PID/root). Run adapt as root, such as with `sudo`" : null;

    private static string Words(LaunchPlan? launch, DevicePlan plan, string wrong) => launch is null
        ? $"The container of a server that computes on the CPU holds devices: {wrong}. Usually the engine's default runtime is a vendor's, which adds them (`docker info --format '{{{{.DefaultRuntime}}}}'`), or it runs privileged. "
            + "A device that the stack needs is declared: `devices` under `container` of the profile, which SEC-01 counts."
        : $"The container of the server does not hold the devices that were planned ({LaunchChoice.Word(launch.Form)}, devices {LaunchChoice.Text(launch.Indices)}): expected {DevicePlan.Text(plan.Inside)}; {wrong}. "
            + (wrong.Contains("neither planned", StringComparison.Ordinal) ? "A node that is the chip's too is declared in a copy of the profile, with a source: `devices.optional` under `facts`. " : "") + Usually(launch);

    private static string Usually(LaunchPlan plan) => plan.Form switch
    {
        LaunchForm.Toolkit => $"Usually the vendor's container toolkit is missing, or its runtime `{plan.Runtime}` ignores {string.Join(", ", plan.Environment.Keys.Where(name => name.Contains("VISIBLE", StringComparison.Ordinal)))}. Compare with `adapt certify --form plain`.",
        LaunchForm.Cdi => $"Usually the specification of {plan.CdiDevices[0]} in /etc/cdi is missing or old, or the engine (podman among them) ignores requests for devices. Write it anew with the vendor's toolkit, or compare with `adapt certify --form plain`.",
        _ => "Usually the engine (podman among them) ignores requests for devices, the profile's `container` adds devices or mounts of its own, or it runs privileged. `adapt plan --print docker` shows what is asked of it.",
    };
}

/// <summary>What was seen in a container besides the devices that every container has.</summary>
/// <param name="Launch">Null for a CPU.</param>
/// <param name="IsWhole">Whether it could be seen at all.</param>
/// <param name="Problem">Why the server is not accepted; null if it is.</param>
internal sealed record DeviceSight(LaunchPlan? Launch, ImmutableArray<KeyValuePair<string, string>> Inside, bool IsWhole, string? Problem);
