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
        : plan with { Counted = ChipNodes.Read(profile, plan, machine) };

    /// <summary>Right before a start: the plan is there, and this machine's nodes are still those that it was made of.</summary>
    /// <exception cref="BrokenEnvironmentException">A node is gone, or is another device by now.</exception>
    public static void CheckHost(ServerStand stand)
    {
        if (!stand.Engine.Description.IsContainer || !LaunchPlanner.IsNeeded(stand.Profile))
            return;
        if (stand.Launch?.Counted is not { } plan)
            throw new InvalidOperationException($"{stand.Profile.Id} needs devices, and no plan says which");
        foreach (var (path, device) in plan.Inside)
        {
            var node = stand.Machine.TryNode(path);
            if (node?.ToString() != device)
                throw new BrokenEnvironmentException($"{path} was {device} when the run was planned and is {node?.ToString() ?? "not there"} now. Was the driver loaded anew? Start a new run.");
        }
    }

    /// <exception cref="BackendBrokenException">The server ended before anything could be seen.</exception>
    public static async Task<DeviceSight> LookAsync(ServerStand stand, Deployment deployment, ContainerState state, CancellationToken cancellationToken)
    {
        var (plan, engine) = (stand.Launch!, stand.Engine.Description);
        if (engine.IsLocal && state.ProcessId is null)
            throw await deployment.ExplainAsync("started", null, cancellationToken);
        var sight = Look(plan, engine, stand.Machine, state.ProcessId);
        // only if it runs on is it its own root that was looked into
        return (await deployment.Container.InspectAsync(cancellationToken)).ProcessId == state.ProcessId ? sight : throw await deployment.ExplainAsync("started", null, cancellationToken);
    }

    /// <param name="processId">The first process of the container, as this machine numbers it; null where it runs elsewhere.</param>
    internal static DeviceSight Look(LaunchPlan plan, ContainerEngineDescription engine, HostMachine machine, int? processId)
    {
        if (WhyUnseen(engine) is { } unseen)
            return new(plan, [], IsWhole: false, $"The devices in the container cannot be seen: {unseen}");
        var all = DeviceTree.Read(machine.Place($"/proc/{processId}/root"), out var problem);
        if (problem is not null)
            return new(plan, [], IsWhole: false, $"The devices in the container cannot be seen: {problem}. A server whose devices are not counted is not accepted.");
        var inside = plan.Counted!.Concerned(all);
        return new(plan, [.. inside.Take(MostRecorded)], IsWhole: true, plan.Counted.Problem(inside) is { } wrong ? Words(plan, wrong) : null);
    }

    /// <returns>Null where a container's devices can be seen from here.</returns>
    private static string? WhyUnseen(ContainerEngineDescription engine) => !engine.IsLocal
        ? $"{engine.Name} runs on another machine, or in one of its own, so that /proc shows nothing of its containers. Run adapt where the devices are, with the engine's own socket there (DOCKER_HOST)"
        : !Environment.IsPrivilegedProcess ? "only root may look into a container from outside (/proc/PID/root). Run adapt as root, such as with `sudo`" : null;

    private static string Words(LaunchPlan plan, string wrong) =>
        $"The container of the server does not hold the devices that were planned ({LaunchChoice.Word(plan.Form)}, devices {LaunchChoice.Text(plan.Indices)}): expected {DevicePlan.Text(plan.Counted!.Inside)}; {wrong}. " + plan.Form switch
        {
            LaunchForm.Toolkit => $"Usually the vendor's container toolkit is missing, or its runtime `{plan.Runtime}` ignores {string.Join(", ", plan.Environment.Keys.Where(name => name.Contains("VISIBLE", StringComparison.Ordinal)))}. Compare with `adapt certify --form plain`.",
            LaunchForm.Cdi => $"Usually the specification of {plan.CdiDevices[0]} in /etc/cdi is missing or old, or the engine (podman among them) ignores requests for devices. Write it anew with the vendor's toolkit, or compare with `adapt certify --form plain`.",
            _ => "Usually the engine (podman among them) ignores requests for devices, the profile's `container` adds devices or mounts of its own, or it runs privileged. `adapt plan --print docker` shows what is asked of it.",
        };
}

/// <summary>What of the planned devices, and of the chip's others, was seen in a container.</summary>
/// <param name="IsWhole">Whether it could be seen at all.</param>
/// <param name="Problem">Why the server is not accepted; null if it is.</param>
internal sealed record DeviceSight(LaunchPlan Launch, ImmutableArray<KeyValuePair<string, string>> Inside, bool IsWhole, string? Problem);
