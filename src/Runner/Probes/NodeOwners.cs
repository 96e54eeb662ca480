using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Which device of the PCI bus a node below /dev leads to, as the kernel shows it.</summary>
/// <param name="makers">Vendor ids of the chip, four hex digits each; none for a CPU.</param>
internal sealed class NodeOwners(HostMachine machine, ImmutableArray<string> makers)
{
    private readonly ImmutableArray<PciDevice> _all = PciDevice.ReadAll(machine);
    private readonly Dictionary<uint, string> _drivers = Drivers(machine);

    /// <summary>The one that the kernel's tree has above the node.</summary>
    /// <returns>Null where it shows none: some drivers make nodes without telling whose they are.</returns>
    public PciDevice? Of(DeviceNode node)
    {
        var place = $"/sys/dev/{(node.Kind == DeviceNodeKind.Block ? "block" : "char")}/{node.Major}:{node.Minor}";
        foreach (var target in new[] { machine.TryTarget(place), machine.TryTarget($"{place}/device") })
        {
            // the last address on the way is the device itself, those before it are bridges
            if (target?.Split('/').Reverse().Select(part => _all.FirstOrDefault(device => device.Address == part)).FirstOrDefault(device => device is not null) is { } found)
                return found;
        }

        return null;
    }

    /// <summary>Another maker's accelerator or GPU that the node leads to, by the kernel's tree, or by the driver that the node's major number belongs to.</summary>
    public PciDevice? Stranger(DeviceNode node)
    {
        if (Of(node) is { } owner)
            return IsStranger(owner) ? owner : null;
        return node.Kind == DeviceNodeKind.Character && _drivers.TryGetValue(node.Major, out var name)
            ? _all.FirstOrDefault(device => device.Driver is { Length: > 2 } driver && name.StartsWith(driver, StringComparison.Ordinal) && IsStranger(device)) : null;
    }

    private bool IsStranger(PciDevice device) => device.Computes && !makers.Any(maker => device.Id.StartsWith($"{maker}:", StringComparison.Ordinal));

    /// <summary>Majors of character devices with the names that drivers registered them under.</summary>
    private static Dictionary<uint, string> Drivers(HostMachine machine)
    {
        var all = new Dictionary<uint, string>();
        foreach (var line in (machine.TryRead("/proc/devices") ?? "").Split('\n').TakeWhile(line => !line.StartsWith("Block", StringComparison.Ordinal)))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var major, var name] && uint.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                all.TryAdd(number, name);
        }

        return all;
    }
}
