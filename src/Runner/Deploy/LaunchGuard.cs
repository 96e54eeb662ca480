using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Right before a container of the server is asked for: what a profile hands in is what its name says, wherever links lead and whatever the kernel calls it.</summary>
/// <remarks>A profile is checked by what it says when it is read (<see cref="SafePaths"/>, <see cref="SafeDevices"/>); the machine has the last word.</remarks>
internal static class LaunchGuard
{
    private const string Remedy = "Nothing was started. Name what the driver really has in a copy of the profile, or mend the driver's installation.";

    /// <param name="own">Folders of the runner itself.</param>
    /// <exception cref="BrokenEnvironmentException">Something is not there, or is something else.</exception>
    public static void Check(ServerStand stand, ImmutableArray<string?> own)
    {
        ServerDevices.CheckHost(stand);
        if (!stand.Engine.Description.IsContainer)
            return;
        var (mounts, devices) = (stand.Launch?.Mounts ?? [], stand.Profile.Container.Devices.Union(stand.Launch?.Devices ?? [], StringComparer.Ordinal).ToArray());
        if (!stand.Engine.Description.IsLocal && (devices.Length > 0 || mounts.Length > 0))
            throw new BrokenEnvironmentException($"{stand.Engine.Description.Name} runs on another machine, so that devices and mounts of {stand.Profile.Id} cannot be looked at before they are handed in. Run adapt where the devices are.");
        ImmutableArray<string> kept = [AppContext.BaseDirectory.TrimEnd('/'), .. own.OfType<string>().Select(SafePaths.Plain)];
        var wrong = devices.Select(path => OfDevice(stand.Machine, path)).Concat(mounts.Select(mount => OfMount(stand.Machine, mount, kept))).Concat(OfGroups(stand.Machine, stand.Launch?.Groups ?? [])).FirstOrDefault(why => why is not null);
        if (wrong is not null)
            throw new BrokenEnvironmentException($"{wrong} ({stand.Profile.Id}). {Remedy}");
    }

    private static string? OfDevice(HostMachine machine, string path)
    {
        if (machine.WhyElsewhere(path, SafeDevices.Of) is { } elsewhere)
            return elsewhere;
        var resolved = machine.Resolve(path)!;
        return DeviceNode.TryStat(machine.Place(resolved), out var what) is not { } node ? $"{path} is not there"
            : what != DeviceNode.Folder ? SafeDevices.OfKind(path, node, what)
            : machine.List(resolved).Select(name => OfMember(machine, $"{resolved}/{name}")).FirstOrDefault(why => why is not null);
    }

    /// <summary>An engine hands in all devices below a folder, and no links (opencontainers/runc, devices.GetDevices).</summary>
    private static string? OfMember(HostMachine machine, string path)
    {
        if (new FileInfo(machine.Place(path)).LinkTarget is not null || DeviceNode.TryStat(machine.Place(path), out var what) is not { } node)
            return null;
        return what == DeviceNode.Folder ? machine.List(path).Select(name => OfMember(machine, $"{path}/{name}")).FirstOrDefault(why => why is not null)
            : node.Kind == DeviceNodeKind.None ? null : SafeDevices.Of(path) ?? SafeDevices.OfKind(path, node, what);
    }

    private static string? OfMount(HostMachine machine, Mount mount, ImmutableArray<string> kept)
    {
        if (!mount.ReadOnly)
            return $"{mount.Source} would be mounted to be written to";
        if (machine.WhyElsewhere(mount.Source, resolved => SafePaths.OfSource(resolved, resolved)) is { } elsewhere)
            return elsewhere;
        var source = machine.Resolve(mount.Source)!;
        if (kept.FirstOrDefault(folder => SafePaths.IsAt(folder, source) || SafePaths.IsAt(source, folder)) is { } folder)
            return $"{mount.Source} would hand over {folder}, which is the runner's own";
        return DeviceNode.TryStat(machine.Place(source), out var what) is null ? $"{mount.Source} is not there"
            : what is DeviceNode.Folder or DeviceNode.PlainFile ? null : $"{mount.Source} is {what}; expected a file or a folder";
    }

    private static IEnumerable<string?> OfGroups(HostMachine machine, ImmutableArray<string> groups)
    {
        if (groups.IsEmpty)
            yield break;
        var known = machine.Groups();
        foreach (var group in groups)
        {
            var name = uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? known.GetValueOrDefault(number, group) : group;
            yield return SafeDevices.OfGroup(name) is { } why ? $"group {group} is `{name}`: {why}" : null;
        }
    }
}
