using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Adaptation.Runner.Docker;

/// <summary>Turns an inspection, and the kernel's view where there is one, into the facts that hardening is judged by.</summary>
/// <remarks>
/// Where engine and kernel both speak and differ, the weaker word counts and <c>conflict.KEY</c> quotes both.
/// What nobody could read is <c>unreadable</c>, which no check may take for good.
/// </remarks>
internal static class ContainerFacts
{
    private const string Unreadable = "unreadable";

    /// <param name="inspected">GET /containers/{id}/json.</param>
    /// <param name="ownNetwork">What NetworkMode stands for where it names the container's own network; null where it has none.</param>
    public static ImmutableSortedDictionary<string, string> Read(JsonElement inspected, KernelView? kernel, string? ownNetwork)
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var host = inspected.At("HostConfig") ?? default;
        var network = host.Text("NetworkMode") ?? Unreadable;

        facts["privileged"] = Word(host.Flag("Privileged"));
        Merge(facts, "host_network", network == "host", kernel?.HostNetwork, weak: true);
        Merge(facts, "host_pid", host.Text("PidMode") == "host", kernel?.HostPid, weak: true);
        Merge(facts, "host_ipc", host.Text("IpcMode") == "host", kernel?.HostIpc, weak: true);
        facts["capabilities.added"] = string.Join(',', host.Texts("CapAdd"));
        facts["capabilities.dropped"] = string.Join(',', host.Texts("CapDrop"));
        facts["capabilities.effective"] = kernel?.CapEff ?? Unreadable;
        Merge(facts, "no_new_privileges", host.Texts("SecurityOpt").Any(IsNoNewPrivileges), kernel?.NoNewPrivileges, weak: false);
        Merge(facts, "read_only_root", host.Flag("ReadonlyRootfs"), kernel?.ReadOnlyRoot, weak: false);
        Uid(facts, inspected.Text("Config", "User") ?? "", kernel?.Uid);
        facts["seccomp"] = kernel?.Seccomp ?? Unreadable;
        facts["devices"] = string.Join(',', host.Items("Devices").Select(device => device.Text("PathOnHost")));
        facts["writable_mounts"] = string.Join(',', inspected.Items("Mounts").Where(mount => mount.Flag("RW")).Select(mount => mount.Text("Destination")));
        Merge(facts, "memory_limited", host.Number("Memory") > 0, kernel?.MemoryLimited, weak: false);
        Merge(facts, "cpu_limited", host.Number("NanoCpus") > 0, kernel?.CpuLimited, weak: false);
        Merge(facts, "pids_limited", host.Number("PidsLimit") > 0, kernel?.PidsLimited, weak: false);
        facts["network_mode"] = ownNetwork ?? network;
        facts["image"] = inspected.Text("Image") ?? Unreadable;
        return facts.ToImmutable();
    }

    private static bool IsNoNewPrivileges(string option) => option is "no-new-privileges" or "no-new-privileges:true" or "no-new-privileges=true";

    /// <param name="weak">The answer that is the weaker container.</param>
    private static void Merge(ImmutableSortedDictionary<string, string>.Builder facts, string key, bool engine, bool? kernel, bool weak)
    {
        var differ = kernel is { } seen && seen != engine;
        facts[key] = Word(differ ? weak : engine);
        if (differ)
            Conflict(facts, key, Word(engine), Word(!engine));
    }

    /// <summary>An image without a user runs as root; a user by name is known to the kernel only.</summary>
    private static void Uid(ImmutableSortedDictionary<string, string>.Builder facts, string user, long? kernel)
    {
        var name = user.Split(':')[0];
        long? engine = name.Length == 0 ? 0
            : long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : null;
        var uid = engine == 0 || kernel == 0 ? 0 : kernel ?? engine;
        facts["uid"] = uid?.ToString(CultureInfo.InvariantCulture) ?? Unreadable;
        if (engine is { } said && kernel is { } seen && said != seen)
            Conflict(facts, "uid", said.ToString(CultureInfo.InvariantCulture), seen.ToString(CultureInfo.InvariantCulture));
    }

    private static void Conflict(ImmutableSortedDictionary<string, string>.Builder facts, string key, string engine, string kernel) =>
        facts[$"conflict.{key}"] = $"engine {engine}, kernel {kernel}";

    private static string Word(bool value) => value ? "true" : "false";
}
