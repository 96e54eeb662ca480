using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The device nodes of a chip on this machine: those that a launch plan wants inside, and the others.</summary>
internal static class ChipNodes
{
    private const string Each = "devices.each";
    private const string Shared = "devices.shared";
    private const string Index = "{index}";
    private const int MostIndices = 4096; // asked for one by one: a name that fits needs no listing of folders

    /// <summary>What every container of the server must hold, by kind and numbers as this machine's kernel has them.</summary>
    /// <exception cref="BadInputException">The facts do not say which nodes a device has: nothing could be counted.</exception>
    /// <exception cref="BrokenEnvironmentException">A planned node is not on this machine, or is no character device.</exception>
    public static DevicePlan Read(Profile profile, LaunchPlan launch, HostMachine machine)
    {
        if (WhyUncountable(profile) is { } uncountable)
            throw new BadInputException([uncountable]);
        var each = profile.Facts.Texts(Each);
        var inside = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var path in each.SelectMany(pattern => launch.Indices.Select(index => Of(pattern, index))))
            inside[path] = Node(profile, machine, path, Each);
        foreach (var path in profile.Facts.Texts(Shared).SelectMany(path => Members(profile, launch, machine, path.TrimEnd('/'))))
            inside[path] = Node(profile, machine, path, Shared);
        var beside = each.SelectMany(pattern => Enumerable.Range(0, MostIndices).Select(index => Of(pattern, index))).Where(path => !inside.ContainsKey(path))
            .Select(path => (Path: path, Node: machine.TryNode(path))).Where(found => found.Node is { Kind: not DeviceNodeKind.None })
            .ToImmutableSortedDictionary(found => found.Path, found => found.Node.ToString()!, StringComparer.Ordinal);
        return new(launch.Devices, inside.ToImmutable(), beside);
    }

    /// <summary>A shared folder is handed over whole where nodes are named one by one; which of its nodes a vendor's toolkit picks is nowhere stated.</summary>
    private static string[] Members(Profile profile, LaunchPlan launch, HostMachine machine, string path)
    {
        if (machine.TryNode(path) is not { } node || node.Kind != DeviceNodeKind.None || !Directory.Exists(machine.Place(path)))
            return [path];
        if (launch.Form != LaunchForm.Plain)
            return [];
        var members = machine.List(path).Select(name => $"{path}/{name}").Where(member => machine.TryNode(member) is { Kind: DeviceNodeKind.Character }).ToArray();
        return members.Length > 0 ? members : throw Missing(profile, $"{path} holds no character device", Shared);
    }

    private static string Node(Profile profile, HostMachine machine, string path, string key) => machine.TryNode(path) switch
    {
        { Kind: DeviceNodeKind.Character } node => node.ToString(),
        null => throw Missing(profile, $"{path} is not there", key),
        { } other => throw Missing(profile, $"{path} is {other}, expected a character device", key),
    };

    private static string Of(string pattern, int index) => pattern.Replace(Index, index.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>Devices beyond those that are counted could be inside unseen.</summary>
    public static Problem? WhyUncounted(ImmutableArray<int> indices) => indices.FirstOrDefault(index => index >= MostIndices, -1) is >= 0 and var beyond
        ? new("--devices", 0, "", string.Create(CultureInfo.InvariantCulture, $"is {beyond}; devices are counted from 0 to {MostIndices - 1}, see `ls /dev` for those of this machine")) : null;

    /// <summary>Why the devices of a chip cannot be told apart in a container; null if they can.</summary>
    public static Problem? WhyUncountable(Profile profile)
    {
        var each = profile.Facts.Texts(Each);
        var why = each.IsEmpty ? "is unknown" : each.FirstOrDefault(pattern => !pattern.Contains(Index, StringComparison.Ordinal)) is { } single ? $"names {single}, without {Index}" : null;
        return why is null ? null : new Problem(
            profile.File, profile.Facts.All.GetValueOrDefault(Each) is { } fact && fact.File == profile.File ? fact.Line : 0, $"facts.{Each}",
            $"{why}: a container without its accelerator cannot be told from one with it, so that nothing is certified. Put the nodes of a device into a copy of the profile, with {Index} for its number and a source, such as /dev/davinci{Index}");
    }

    private static BrokenEnvironmentException Missing(Profile profile, string what, string key) => new(
        $"{what} on this machine (`facts.{key}` of {profile.Id}). Is the driver loaded, and are there so many devices? Compare `ls -l /dev` with what `adapt profile show {profile.Id}` says, and choose devices with --devices.");
}
