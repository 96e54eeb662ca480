using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>A device on the PCI bus, as the kernel shows it.</summary>
/// <param name="Address">Such as <c>0000:c1:00.0</c>.</param>
/// <param name="Id">Vendor and device: <c>19e5:d802</c>.</param>
/// <param name="Class">Two hex digits of the class and two of what it is in it: <c>1200</c>; empty where it cannot be read.</param>
/// <param name="NumaNode">Null where the kernel does not know.</param>
/// <param name="Driver">Null where none is bound.</param>
internal sealed record PciDevice(string Address, string Id, string Class, int? NumaNode, string? Driver)
{
    private const string Folder = "/sys/bus/pci/devices";

    public static ImmutableArray<PciDevice> ReadAll(HostMachine machine) =>
    [
        .. machine.List(Folder).Select(address =>
        {
            string Value(string name) => machine.TryRead($"{Folder}/{address}/{name}")?.Trim() ?? "";
            string Hex(string name) => Value(name) is var text && text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : "";
            var node = int.TryParse(Value("numa_node"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (int?)null; // -1: not known
            return new PciDevice(address, $"{Hex("vendor")}:{Hex("device")}", Hex("class") is { Length: >= 4 } kind ? kind[..4] : "", node, machine.TryLink($"{Folder}/{address}/driver"));
        }),
    ];

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

    public override string ToString() => $"{Address} {Id} ({Kind}), driver {Driver ?? "none"}, NUMA node {NumaNode?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}";
}
