using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The device nodes of a chip on this machine: those that a launch plan wants inside, those that may be, and the others.</summary>
internal sealed class ChipNodes
{
    private const string Each = "devices.each";
    private const string Shared = "devices.shared";
    private const int MostIndices = 4096; // asked for one by one: a name that fits needs no listing of folders

    private readonly Profile _profile;
    private readonly HostMachine _machine;
    private readonly NodeOwners _owners;

    private ChipNodes(Profile profile, HostMachine machine)
    {
        (_profile, _machine) = (profile, machine);
        _owners = new NodeOwners(machine, [.. profile.Facts.Texts("pci").Append(profile.Chip.PciId).OfType<string>().Select(id => id[..4]).Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>What every container of the server must hold and may hold, by kind and numbers as this machine's kernel has them; a folder that is handed over stands for the chip's nodes in it.</summary>
    /// <exception cref="BadInputException">The facts do not say which nodes a device has: nothing could be counted.</exception>
    /// <exception cref="BrokenEnvironmentException">A planned node is not on this machine, is no character device, or is another chip's.</exception>
    public static LaunchPlan Read(Profile profile, LaunchPlan launch, HostMachine machine) => WhyUncountable(profile) is { } uncountable
        ? throw new BadInputException([uncountable])
        : new ChipNodes(profile, machine).Read(launch);

    /// <summary>What a container may hold that computes on a CPU: nothing but what the profile asks for by name.</summary>
    /// <exception cref="BrokenEnvironmentException">That is a GPU's or an accelerator's.</exception>
    public static DevicePlan OfProcessor(Profile profile, HostMachine machine)
    {
        var nodes = new ChipNodes(profile, machine);
        return new([], ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty) { Optional = nodes.Declared(profile.Container.Devices) };
    }

    private LaunchPlan Read(LaunchPlan launch)
    {
        CheckBus(launch);
        var (each, shared) = (_profile.Facts.Texts(Each).Select(pattern => new NodePattern(pattern)).ToArray(), _profile.Facts.Texts(Shared));
        var isPlain = launch.Form == LaunchForm.Plain; // which nodes of a shared folder a vendor's toolkit picks is nowhere stated
        var (inside, behind) = (ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal), ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal));
        var units = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var index in launch.Indices)
        {
            PciDevice[] own = [.. each.Select(pattern => pattern.Of(index)).Select(path => Own(path, inside, behind)).OfType<PciDevice>()];
            units[index.ToString(CultureInfo.InvariantCulture)] = own.FirstOrDefault()?.Address ?? "";
        }

        foreach (var path in shared.Where(path => isPlain || !IsFolder(path)).SelectMany(Members))
            inside[path] = Node(path, Shared).ToString();
        var beside = each.SelectMany(pattern => Enumerable.Range(0, MostIndices).Select(pattern.Of)).Where(path => !inside.ContainsKey(path))
            .Select(path => (Path: path, Node: _machine.TryNode(path))).Where(found => found.Node is { Kind: not DeviceNodeKind.None })
            .ToImmutableSortedDictionary(found => found.Path, found => found.Node.ToString()!, StringComparer.Ordinal);
        var optional = _profile.Facts.Texts("devices.optional").SelectMany(node => new NodePattern(node).Of(launch.Indices)).Concat(isPlain ? [] : shared.Where(IsFolder)).Concat(_profile.Container.Devices);
        ImmutableArray<string> given = [.. launch.Devices.SelectMany(path => IsFolder(path) ? Own(path) : [path]).Distinct(StringComparer.Ordinal)];
        return launch with
        {
            Devices = given,
            Counted = new(given, inside.ToImmutable(), beside)
            {
                Optional = Declared(optional).RemoveRange(inside.Keys.Concat(beside.Keys)),
                PciId = _profile.Chip.PciId,
                Behind = behind.ToImmutable(),
                Units = units.ToImmutable(),
            },
        };
    }

    /// <summary>A node of one device, and the device that the kernel has behind it: one of another id is another chip.</summary>
    private PciDevice? Own(string path, ImmutableSortedDictionary<string, string>.Builder inside, ImmutableSortedDictionary<string, string>.Builder behind)
    {
        var node = Node(path, Each);
        inside[path] = node.ToString();
        if (_owners.Of(node) is not { } owner)
            return null;
        behind[path] = $"{owner.Address} {owner.Id}";
        return _profile.Chip.PciId is null || owner.Id == _profile.Chip.PciId ? owner : throw Other(path, node, owner);
    }

    /// <summary>The chip must be on the bus as often as it is planned, also where the kernel does not tell what a node leads to.</summary>
    private void CheckBus(LaunchPlan launch)
    {
        if (_profile.Chip.PciId is not { } id || PciDevice.ReadAll(_machine).Count(device => device.Id == id) is var count && count >= launch.Indices.Length)
            return;
        throw new BrokenEnvironmentException(
            $"{launch.Indices.Length} devices are planned, and the machine has {count} of the PCI id {id} (`chip.pci` of {_profile.File}). Compare `lspci -nn`: choose fewer with --devices, or the profile of the chip that is there.");
    }

    /// <summary>What may be there, as this machine has it; of a folder the nodes that are no other chip's.</summary>
    private ImmutableSortedDictionary<string, string> Declared(IEnumerable<string> paths)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var path in paths.SelectMany(path => IsFolder(path) ? Own(path) : [path]))
        {
            if (_machine.TryNode(path) is { Kind: not DeviceNodeKind.None } node)
                all[path] = _owners.Stranger(node) is { } stranger ? throw Other(path, node, stranger) : node.ToString();
        }

        return all.ToImmutable();
    }

    private bool IsFolder(string path) => _machine.IsFolder(path);

    /// <summary>A server has a display of its own in /dev/dri, and may have another maker's cards: those are not handed over.</summary>
    private string[] Own(string folder) =>
    [
        .. _machine.List(folder).Select(name => $"{folder.TrimEnd('/')}/{name}").Where(member => _machine.TryNode(member) is { Kind: DeviceNodeKind.Character } node && _owners.Stranger(node) is null),
    ];

    private string[] Members(string path) => !IsFolder(path) ? [path] : Own(path) is { Length: > 0 } members ? members : throw Missing($"{path} holds no character device of the chip", Shared);

    private DeviceNode Node(string path, string key) => _machine.TryNode(path) switch
    {
        { Kind: DeviceNodeKind.Character } node => _owners.Stranger(node) is { } stranger ? throw Other(path, node, stranger) : node,
        null => throw Missing($"{path} is not there", key),
        { } other => throw Missing($"{path} is {other}, expected a character device", key),
    };

    /// <summary>Devices beyond those that are counted could be inside unseen.</summary>
    public static Problem? WhyUncounted(ImmutableArray<int> indices) => indices.FirstOrDefault(index => index >= MostIndices, -1) is >= 0 and var beyond
        ? new("--devices", 0, "", string.Create(CultureInfo.InvariantCulture, $"is {beyond}; devices are counted from 0 to {MostIndices - 1}, see `ls /dev` for those of this machine")) : null;

    /// <summary>Why the devices of a chip cannot be told apart in a container; null if they can.</summary>
    public static Problem? WhyUncountable(Profile profile)
    {
        var each = profile.Facts.Texts(Each);
        var why = each.IsEmpty ? "is unknown" : each.FirstOrDefault(pattern => !new NodePattern(pattern).HasIndex) is { } single ? $"names {single}, without {NodePattern.Index}" : null;
        return why is null ? null : new Problem(
            profile.File, profile.Facts.All.GetValueOrDefault(Each) is { } fact && fact.File == profile.File ? fact.Line : 0, $"facts.{Each}",
            $"{why}: a container without its accelerator cannot be told from one with it, so that nothing is certified. Put the nodes of a device into a copy of the profile, with {NodePattern.Index} for its number and a source, such as /dev/davinci{NodePattern.Index}");
    }

    private BrokenEnvironmentException Other(string path, DeviceNode node, PciDevice owner) => new(
        $"{path} ({node}) leads to {owner.Address}, a device {owner.Id} ({owner.Kind}, driver {owner.Driver ?? "none"}), and {_profile.Id} is for {_profile.Chip.PciId ?? "a CPU"} (`chip.pci` of {_profile.File}): the work could be done by another chip. "
        + $"Compare `lspci -nns {owner.Address}` with `ls -l {path}`; let the chip's driver make its nodes anew, choose others with --devices, or take the profile of the chip that is there.");

    private BrokenEnvironmentException Missing(string what, string key) => new(
        $"{what} on this machine (`facts.{key}` of {_profile.Id}). Is the driver loaded, and are there so many devices? Compare `ls -l /dev` with what `adapt profile show {_profile.Id}` says, and choose devices with --devices.");
}
