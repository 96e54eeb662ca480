using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>A device on the PCI bus, as the kernel shows it.</summary>
/// <param name="Address">Such as <c>0000:c1:00.0</c>.</param>
internal sealed record PciDevice(string Address)
{
    private const string Folder = "/sys/bus/pci/devices";
    private static readonly ImmutableArray<string> IdFiles = ["vendor", "device", "subsystem_vendor", "subsystem_device"];

    /// <summary>Vendor and device: <c>19e5:d802</c>; empty where one of the two cannot be read.</summary>
    public required string Id { get; init; }

    /// <summary>Vendor, device, subsystem vendor and subsystem device: <c>19e5:d802:0200:4000</c>; null where one of the four cannot be read.</summary>
    public string? Ids { get; init; }

    /// <summary>The file of the id that could not be read; null where all were.</summary>
    public string? Unread { get; init; }

    /// <summary>Two hex digits of the class and two of what it is in it: <c>1200</c>; empty where it cannot be read.</summary>
    public string Class { get; init; } = "";

    /// <summary>Null where the kernel does not know.</summary>
    public int? NumaNode { get; init; }

    /// <summary>The kernel's driver that is bound to it; null where none is.</summary>
    public string? Driver { get; init; }

    /// <summary>As the device or the driver gives it, in clear: never to be kept. Null where there is none, and where it was not looked for.</summary>
    public DeviceSerial? Serial { get; init; }

    /// <summary>What the device is by its class, for those that stand beside accelerators in a server (PCI Code and ID Assignment Specification).</summary>
    public string Kind => Class switch
    {
        ['1', '2', ..] => "accelerator",
        "0300" or "0302" or "0380" => "display or GPU",
        "0b40" => "co-processor",
        ['0', '2', ..] => "network",
        ['0', '1', ..] => "storage",
        ['0', '6', ..] => "bridge",
        "" => "class not readable",
        _ => $"class {Class}",
    };

    /// <summary>Whether it is of a class that computes: an accelerator, a GPU or a co-processor.</summary>
    public bool Computes => Class is ['1', '2', ..] or ['0', '3', ..] or "0b40";

    /// <summary>All devices of the bus, by address, without serials.</summary>
    public static ImmutableArray<PciDevice> ReadAll(HostMachine machine) => [.. machine.List(Folder).Select(address => Read(machine, address))];

    /// <summary>All devices of a chip, by address, with serials where there are any.</summary>
    /// <param name="pciId">Vendor and device, <c>19e5:d802</c>.</param>
    public static ImmutableArray<PciDevice> Find(HostMachine machine, string pciId) =>
        [.. ReadAll(machine).Where(device => device.Id == pciId).Select(device => device with { Serial = DeviceSerial.TryRead(machine, $"{Folder}/{device.Address}") })];

    /// <summary>A PCI address as tools print it, in the kernel's spelling: four digits of domain, lowercase.</summary>
    public static string Normal(string bus) => Core.DeviceSample.Normal(bus);

    public override string ToString() => $"{Address} {Id} ({Kind}), driver {Driver ?? "none"}, NUMA node {NumaNode?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}";

    private static PciDevice Read(HostMachine machine, string address)
    {
        var folder = $"{Folder}/{address}";
        var ids = IdFiles.Select(file => (File: file, Id: Hex(machine, $"{folder}/{file}", 4))).ToArray();
        var unread = ids.FirstOrDefault(id => id.Id is null).File;
        return new(address)
        {
            Id = ids is [{ Id: { } vendor }, { Id: { } device }, ..] ? $"{vendor}:{device}" : "",
            Ids = unread is null ? string.Join(':', ids.Select(id => id.Id)) : null,
            Unread = unread is null ? null : $"{folder}/{unread}",
            Class = Hex(machine, $"{folder}/class", 6)?[..4] ?? "",
            NumaNode = int.TryParse(machine.TryRead($"{folder}/numa_node"), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var node) ? node : null, // -1: not known
            Driver = machine.TryLink($"{folder}/driver"),
        };
    }

    private static string? Hex(HostMachine machine, string file, int digits) =>
        machine.TryRead(file)?.Trim() is ['0', 'x', .. var hex] && hex.Length == digits && hex.All(char.IsAsciiHexDigit) ? hex.ToLowerInvariant() : null;
}
