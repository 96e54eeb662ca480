using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What a management tool printed of one device. A member is null where nothing was printed: no value is ever made up, a zero least of all.</summary>
/// <remarks>Numbers are decimals, so that each is the one that stands in the tool's text, digit by digit.</remarks>
public sealed record DeviceSample
{
    /// <summary>The number that the tool gives it; where a card has several chips, <c>CARD.CHIP</c>.</summary>
    public required string Id { get; init; }

    public string? Name { get; init; }

    /// <summary>PCI address as printed: <c>0000:c1:00.0</c>.</summary>
    public string? Bus { get; init; }

    public string? Uuid { get; init; }

    /// <summary>The tool's own word: <c>OK</c>, <c>Available</c>.</summary>
    public string? Health { get; init; }

    public string? Firmware { get; init; }

    /// <summary>The tool's own word: a count of errors, or a mode.</summary>
    public string? Ecc { get; init; }

    /// <summary>Percent, 0 to 100.</summary>
    public decimal? Utilisation { get; init; }

    /// <summary>Watts.</summary>
    public decimal? Power { get; init; }

    /// <summary>Watts.</summary>
    public decimal? PowerCap { get; init; }

    /// <summary>Degrees Celsius.</summary>
    public decimal? Temperature { get; init; }

    /// <summary>MiB.</summary>
    public decimal? MemoryUsed { get; init; }

    /// <summary>MiB.</summary>
    public decimal? MemoryTotal { get; init; }

    /// <summary>Percent of the memory in use, where a tool prints nothing else.</summary>
    public decimal? MemoryShare { get; init; }

    /// <summary>MHz.</summary>
    public decimal? CoreClock { get; init; }

    /// <summary>MHz.</summary>
    public decimal? MemoryClock { get; init; }

    /// <summary>A PCI address as tools print it, in the kernel's spelling: four digits of domain, lowercase.</summary>
    public static string Normal(string bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        var lower = bus.ToLowerInvariant();
        return lower.Count(letter => letter == ':') == 1 ? $"0000:{lower}" : lower.Length > 12 && lower[..^12].All(letter => letter == '0') ? lower[^12..] : lower;
    }
}

/// <summary>One output of a management tool, read.</summary>
/// <param name="Versions"><c>tool.version</c>, <c>driver.version</c>, <c>toolkit.version</c>, <c>firmware.version</c>: those that were printed.</param>
public sealed record ToolReading(ImmutableArray<DeviceSample> Devices, ImmutableSortedDictionary<string, string> Versions)
{
    /// <summary>Of a tool that said nothing that is understood.</summary>
    public static ToolReading Empty { get; } = new([], ImmutableSortedDictionary<string, string>.Empty);
}
