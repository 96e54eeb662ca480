using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>A tool that prints a line <c>key : value</c> for each figure, in blocks that begin with a device's number.</summary>
/// <param name="starts">The device's number: the first group; it begins a block.</param>
/// <param name="ends">Begins a block of something else, such as the controller of the card; null if there is none.</param>
/// <param name="columns">Keys as they are printed, with what they hold.</param>
internal sealed partial class FieldFormat(string name, Regex starts, Regex? ends, ImmutableArray<TableColumn> columns) : ToolFormat(name)
{
    private protected override ToolReading ReadWhole(string text)
    {
        var devices = new List<DeviceSample>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var isOpen = false;
        foreach (var line in Lines(text))
        {
            if (starts.Match(line) is { Success: true } start)
            {
                devices.Add(new() { Id = start.Groups[1].Value });
                seen.Clear();
                isOpen = true;
            }
            else if (ends?.IsMatch(line) == true)
            {
                isOpen = false;
            }
            else if (isOpen && Field().Match(line) is { Success: true } field && columns.FirstOrDefault(column => column.Title == field.Groups["key"].Value) is { } column)
            {
                // a key that is there twice in one block is of two things: the first is not better than the second
                devices[^1] = seen.Add(column.Title) ? ToolColumns.TryTake(devices[^1], column, field.Groups["value"].Value) ?? devices[^1] : Without(devices[^1], column);
            }
        }

        return new([.. devices.GroupBy(device => device.Id, StringComparer.Ordinal).Where(same => same.Count() == 1).Select(same => same.Single())], ToolVersions.Find(text, []));
    }

    private static DeviceSample Without(DeviceSample device, TableColumn column) => column.Held switch
    {
        Held.Temperature => device with { Temperature = null },
        Held.Power => device with { Power = null },
        Held.Utilisation => device with { Utilisation = null },
        Held.MemoryShare => device with { MemoryShare = null },
        Held.CoreClock => device with { CoreClock = null },
        Held.Name => device with { Name = null },
        _ => device,
    };

    [GeneratedRegex(@"\A\s*(?<key>[A-Za-z][^:]{0,60}?)\s*:\s*(?<value>\S.{0,100})\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Field();
}
