using System.Globalization;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>Puts the value of a column where it belongs in a sample.</summary>
internal static partial class ToolColumns
{
    /// <returns>Null if the value cannot stand in such a column, so that the line is no row of this kind. A figure that makes no sense is left out instead.</returns>
    public static DeviceSample? TryTake(DeviceSample device, TableColumn column, string value)
    {
        var (used, total) = Pair(value);
        return column.Held switch
        {
            Held.Chip => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var chip) ? device with { Id = $"{device.Id}.{chip.ToString(CultureInfo.InvariantCulture)}" } : null,
            Held.Name => value.Any(char.IsAsciiLetter) && !ToolValue.IsAbsent(value) ? device with { Name = value } : null,
            Held.Bus => ToolValue.IsAbsent(value) ? device : BusAddress().IsMatch(value) ? device with { Bus = value.ToLowerInvariant() } : null,
            Held.Health => value.All(c => char.IsAsciiLetter(c) || c == '/') ? device with { Health = Word(value) } : null,
            Held.Firmware => device with { Firmware = Word(value) },
            Held.Ecc => device with { Ecc = Word(value) },
            Held.Utilisation => device with { Utilisation = ToolValue.Percent(value, column.HasUnit) },
            Held.Temperature => device with { Temperature = ToolValue.Celsius(value, isBare: true) },
            Held.Power => device with { Power = ToolValue.Watts(used, column.HasUnit), PowerCap = total is null ? device.PowerCap : ToolValue.Watts(total, column.HasUnit) },
            Held.PowerCap => device with { PowerCap = ToolValue.Watts(value, column.HasUnit) },
            Held.Memory => Memory(device, column, used, total),
            Held.HighBandwidthMemory => ToolValue.Mebibytes(total ?? "", column.HasUnit) > 0 ? Memory(device, column, used, total) : device,
            Held.MemoryShare => device with { MemoryShare = ToolValue.Percent(value, column.HasUnit) },
            Held.CoreClock => device with { CoreClock = ToolValue.Megahertz(value, column.HasUnit) },
            Held.MemoryClock => device with { MemoryClock = ToolValue.Megahertz(value, column.HasUnit) },
            _ => device,
        };
    }

    private static string? Word(string value) => ToolValue.IsAbsent(value) ? null : value;

    private static DeviceSample Memory(DeviceSample device, TableColumn column, string used, string? total)
    {
        if (total is null)
            return column.IsTotal ? device with { MemoryTotal = ToolValue.Mebibytes(used, column.HasUnit) } : device;
        // "826/65536 MiB": the unit stands once, at the end
        var hasUnit = column.HasUnit || ToolValue.Mebibytes(total, isBare: false) is not null;
        var (inUse, all) = (ToolValue.Mebibytes(used, hasUnit), ToolValue.Mebibytes(total, column.HasUnit));
        return all is null or 0 || inUse > all ? device : device with { MemoryUsed = inUse, MemoryTotal = all };
    }

    private static (string Used, string? Total) Pair(string value)
    {
        if (Brackets().Match(value) is { Success: true } brackets)
            return (brackets.Groups["used"].Value, brackets.Groups["total"].Value);
        if (Slash().Match(value) is { Success: true } slash)
            return (slash.Groups["used"].Value, slash.Groups["total"].Value);
        return (value, null);
    }

    [GeneratedRegex(@"\A[0-9a-f]{2,8}(:[0-9a-fx]{2,4}){1,2}\.[0-9a-f]\z", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BusAddress();

    [GeneratedRegex(@"\A(?<used>[0-9][0-9.]*[A-Za-z]+)\((?<total>[0-9][0-9.]*[A-Za-z]+)\)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Brackets();

    [GeneratedRegex(@"\A(?<used>N/A|NA|[^/\s]+([ ][A-Za-z%]+)?)[ ]*/[ ]*(?<total>N/A|NA|[^/]+)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Slash();
}
