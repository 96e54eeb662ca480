using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Runner;

/// <summary>What the server's container is given besides image, command and environment, as fields of a lock: taken from the description that a start is made of.</summary>
/// <remarks>
/// A member of <see cref="ContainerSpec"/> that is not named here, nor among <see cref="Elsewhere"/>, fails a test: nothing that a container gets can be
/// left out of a lock by being forgotten.
/// </remarks>
internal static class LaunchCapture
{
    /// <summary>Members that other fields of the lock hold, or that are of one run.</summary>
    internal static readonly ImmutableHashSet<string> Elsewhere =
    [
        nameof(ContainerSpec.RunId), nameof(ContainerSpec.Owner), // of one run
        nameof(ContainerSpec.Image), nameof(ContainerSpec.Command), nameof(ContainerSpec.Environment), // container.image, serve.sha256, environment
    ];

    /// <summary>The form and numbers of the devices, and for a container all that it is given.</summary>
    public static async Task ReadAsync(StackFacts stack, Profile profile, LaunchPlan? launch, bool isContainer, HostMachine machine, CancellationToken cancellationToken)
    {
        if (launch is not null)
        {
            stack.Set("launch.form", LaunchChoice.Word(launch.Form));
            stack.Set("launch.devices", LaunchChoice.Text(launch.Indices));
        }

        if (!isContainer)
            return;
        // how the runner reaches a server in a network of its own depends on what the runner may do, and is no part of the stack
        var network = profile.Container.HostNetwork ? new ContainerNetwork.Host() : (ContainerNetwork)new ContainerNetwork.None();
        var spec = ServerContainer.Of(profile, new ContainerImage("", "", ""), [], [], network, ("", ""), launch);
        foreach (var (name, value) in Fields(spec, profile))
            stack.Set(name, Shown(value));
        if (!spec.Mounts.IsEmpty)
            await MountedFiles.ReadAsync(stack, Files, spec.Mounts, machine, MountBounds.Standing, cancellationToken);
    }

    /// <summary>By the names of <see cref="ContainerSpec"/>, in lock spelling; what is not asked for is empty, and absent from the lock.</summary>
    private static readonly ImmutableArray<(string Name, Func<ContainerSpec, Profile, string> Of)> All =
    [
        ("mounts", (spec, _) => Joined(spec.Mounts.Select(mount => $"{mount.Source}:{mount.Target}{(mount.ReadOnly ? "" : ":rw")}").Order(StringComparer.Ordinal))),
        ("nodes", (spec, profile) => Joined(Shared(spec.Devices, profile))),
        ("cdi", (spec, _) => Joined(spec.CdiDevices.Select(device => device.Split('=')[0]).Distinct())), // what follows is the unit's number
        ("runtime", (spec, _) => spec.Runtime ?? ""),
        ("groups", (spec, _) => Joined(spec.Groups)),
        ("shmBytes", (spec, _) => Size(spec.ShmBytes)),
        ("ulimits", (spec, _) => Joined(spec.Ulimits.Select(limit => $"{limit.Key}={Text(limit.Value)}"))),
        ("memoryBytes", (spec, _) => Size(spec.MemoryBytes)),
        ("cpuMillis", (spec, _) => Size(spec.CpuMillis)),
        ("pids", (spec, _) => Size(spec.Pids)),
        ("tmpBytes", (spec, _) => Size(spec.TmpBytes)),
        ("user", (spec, _) => spec.User),
        ("network", (spec, _) => spec.Network is ContainerNetwork.Host ? "host" : "of its own"),
        ("weaknesses", (spec, _) => Joined(Weak(spec.Weaknesses))),
    ];

    private const string Prefix = "launch.", Files = Prefix + "files.sha256";

    /// <summary>All that may be there.</summary>
    public static IEnumerable<string> Names => All.Select(one => Prefix + one.Name).Append(Files);

    /// <summary>Those that are there, of a container that is described.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Fields(ContainerSpec spec, Profile profile) =>
        All.Select(field => KeyValuePair.Create(Prefix + field.Name, field.Of(spec, profile))).Where(field => field.Value.Length > 0);

    /// <summary>Nodes that every unit is used through; those of a unit bear its number, and <c>launch.devices</c> says which.</summary>
    private static IEnumerable<string> Shared(ImmutableArray<string> nodes, Profile profile)
    {
        const string index = "{index}";
        string[][] patterns = [.. profile.Facts.Texts("devices.each").Concat(profile.Facts.Texts("devices.optional")).Where(pattern => pattern.Contains(index, StringComparison.Ordinal)).Select(pattern => pattern.Split(index))];
        bool IsOfUnit(string[] parts, string node) => node.StartsWith(parts[0], StringComparison.Ordinal) && node.EndsWith(parts[^1], StringComparison.Ordinal)
            && node.Length > parts[0].Length + parts[^1].Length && node[parts[0].Length..^parts[^1].Length] is var number && char.IsAsciiDigit(number[0])
            && node == string.Join(new string([.. number.TakeWhile(char.IsAsciiDigit)]), parts);
        return nodes.Where(node => !patterns.Any(parts => IsOfUnit(parts, node))).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Weak(ContainerWeaknesses weak) =>
    [
        .. weak.Privileged ? ["privileged"] : Array.Empty<string>(), .. weak.WritableRoot ? ["writableRoot"] : Array.Empty<string>(),
        .. weak.MayGainPrivileges ? ["mayGainPrivileges"] : Array.Empty<string>(), .. weak.HostPid ? ["hostPid"] : Array.Empty<string>(),
        .. weak.HostIpc ? ["hostIpc"] : Array.Empty<string>(), .. weak.Capabilities.Select(capability => $"capability {capability}"),
    ];

    private static string Joined(IEnumerable<string> all) => string.Join(", ", all);

    private static string Size(long value) => value == 0 ? "" : Text(value);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>What a lock's text cannot hold stands as its digest.</summary>
    private static string Shown(string value) => StackProbe.IsPlain(value) ? value : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)))}";
}
