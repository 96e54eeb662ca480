using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>The devices that a container of the server must have, those that it may have, and with that all that it may not: fixed before anything is started.</summary>
/// <remarks>A device is its kind and numbers (<c>c 236:0</c>), as the kernel of the machine knows it; its name alone is nothing.</remarks>
/// <param name="Given">Names that the container engine is asked for one by one; empty where a vendor's toolkit adds the devices.</param>
/// <param name="Inside">Name to device: what must be there. Empty for a CPU.</param>
/// <param name="Beside">Name to device: the chip's other devices on this machine.</param>
public sealed record DevicePlan(ImmutableArray<string> Given, ImmutableSortedDictionary<string, string> Inside, ImmutableSortedDictionary<string, string> Beside)
{
    /// <summary>Stands for the devices of a deployment that ended before it was asked anything: nothing was measured with it.</summary>
    public const string NotAsked = "not asked";

    private const int Named = 8;

    /// <summary>What every container has: null, zero, full, random, urandom; tty, console, ptmx.</summary>
    /// <remarks>Source: OCI runtime specification, "Default Devices"; numbers from the kernel's admin-guide/devices.txt.</remarks>
    private static readonly ImmutableHashSet<string> Standard = ["c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:1", "c 5:2"];

    /// <summary>Name to device: what the profile lets be there besides, as this machine has it.</summary>
    public ImmutableSortedDictionary<string, string> Optional { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Vendor and device id of the chip: <c>19e5:d802</c>; null for a CPU.</summary>
    public string? PciId { get; init; }

    /// <summary>Name of a node that belongs to one device to what the kernel has behind it, such as <c>0000:c1:00.0 19e5:d802</c>; a node of which it shows nothing is absent.</summary>
    public ImmutableSortedDictionary<string, string> Behind { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Number of a planned device, as the chip's tools count, to its address on the bus; empty text where nobody shows it.</summary>
    public ImmutableSortedDictionary<string, string> Units { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Holds what was seen in a container against the plan.</summary>
    /// <param name="seen">Name to device; what is no device under a planned name is there too, in words.</param>
    /// <returns>Null if the planned devices are there, each under its own name, and none that is not planned, declared or every container's; else what is wrong.</returns>
    public string? Problem(IReadOnlyDictionary<string, string> seen)
    {
        if (Inside.IsEmpty && PciId is not null)
            return "the plan names no device, so that nothing can be counted";
        var (planned, others) = (Inside.Values.ToHashSet(StringComparer.Ordinal), Beside.ToLookup(node => node.Value, node => node.Key, StringComparer.Ordinal));
        var wrong = Behind.Where(node => PciId is null || !node.Value.EndsWith($" {PciId}", StringComparison.Ordinal)).Select(node => $"behind {node.Key} is {node.Value}, and the chip is {PciId ?? "a CPU"}")
            .Concat(Inside.Where(node => !seen.ContainsKey(node.Key)).Select(node => $"{node.Key} ({node.Value}) is missing"))
            .Concat(seen.Select(node => Wrong(node.Key, node.Value, planned, others)).OfType<string>())
            .ToArray();
        return wrong.Length == 0 ? null : string.Join("; ", wrong.Take(Named)) + (wrong.Length > Named ? $"; and {wrong.Length - Named} more" : "");
    }

    /// <summary>What of a container's devices the plan decides on: all but those that every container has.</summary>
    public ImmutableSortedDictionary<string, string> Concerned(IEnumerable<KeyValuePair<string, string>> seen) =>
        seen.Where(node => IsOwn(node.Value) || Inside.ContainsKey(node.Key) || Beside.ContainsKey(node.Key) || Inside.ContainsValue(node.Value) || Beside.ContainsValue(node.Value))
            .ToImmutableSortedDictionary(node => node.Key, node => node.Value, StringComparer.Ordinal);

    /// <summary>One line of it, as evidence keeps it.</summary>
    public static string Text(IEnumerable<KeyValuePair<string, string>> nodes) => string.Join(',', nodes.Select(node => $"{node.Key}={node.Value}"));

    /// <returns>Null where the line is none that <see cref="Text"/> writes.</returns>
    public static IReadOnlyDictionary<string, string>? TryRead(string line)
    {
        var nodes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in line.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Split('=') is not [var name, var device] || !nodes.TryAdd(name, device))
                return null;
        }

        return nodes;
    }

    private string? Wrong(string name, string device, HashSet<string> planned, ILookup<string, string> others) =>
        Inside.TryGetValue(name, out var own) ? own == device ? null : $"{name} should be {own} and is {device}"
        : planned.Contains(device) ? $"{name} is {device}, a planned device under another name"
        : others.Contains(device) ? $"{name} is {device}, {others[device].First()} of this machine, which is not planned"
        : Beside.ContainsKey(name) ? $"{name} is not planned and is {device}"
        : !IsOwn(device) || (Optional.TryGetValue(name, out var pinned) && pinned == device) ? null
        : pinned is not null ? $"{name} was {pinned} when the run was planned and is {device}"
        : $"{name} is {device}, which is neither planned nor declared by the profile";

    /// <summary>Whether it is a device that not every container has.</summary>
    private static bool IsOwn(string device) =>
        (device.StartsWith("c ", StringComparison.Ordinal) || device.StartsWith("b ", StringComparison.Ordinal)) && !Standard.Contains(device) && !IsTerminal(device);

    /// <summary>Of the container's own /dev/pts: Unix98 pseudo-terminals, majors 136 to 143.</summary>
    private static bool IsTerminal(string device) =>
        device.Split(' ', ':') is ["c", var major, _] && int.TryParse(major, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && number is >= 136 and <= 143;
}
