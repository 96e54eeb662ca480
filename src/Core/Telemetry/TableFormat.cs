using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>A tool that prints a table of one or more lines for each device.</summary>
/// <remarks>
/// Columns are found by their titles, for versions of a tool differ in order and width; where no heading is printed, those of <paramref name="rows"/> are
/// taken. A line is read whole or not at all, and the further lines of a device only right behind its first one.
/// </remarks>
/// <param name="rows">The first holds the card's number.</param>
/// <param name="versions">What the banner says: the first group of each pattern.</param>
/// <param name="isBarred">Whether every row ends with a bar, so that one without was cut.</param>
internal sealed partial class TableFormat(string name, ImmutableArray<TableRow> rows, ImmutableArray<(string Key, Regex Pattern)> versions, bool isBarred) : ToolFormat(name)
{
    /// <param name="rows">Titles of each line, cells apart.</param>
    public static ImmutableArray<TableRow> Rows(params ReadOnlySpan<TableColumn[][]> rows)
    {
        var all = ImmutableArray.CreateBuilder<TableRow>();
        foreach (var row in rows)
            all.Add(new([.. row.Select(cell => cell.ToImmutableArray())]));
        return all.ToImmutable();
    }

    private protected override ToolReading ReadWhole(string text)
    {
        var (layout, devices) = (rows.ToArray(), ImmutableArray.CreateBuilder<DeviceSample>());
        var next = 0; // of the device in hand; 0: none is
        foreach (var line in Lines(text))
        {
            if (Cells(line) is not { } cells)
            {
                next = 0;
                continue;
            }

            if (TryFollow(layout, cells))
                next = 0;
            else if (next > 0 && layout[next].TryRead(cells) is { } more && Further(devices[^1], more) is { } further)
                (devices[^1], next) = (further, next + 1 == layout.Length ? 0 : next + 1);
            else if (layout[0].TryRead(cells) is { } first && First(first) is { } device)
                (next, _) = (layout.Length > 1 ? 1 : 0, Add(devices, device));
            else
                next = 0;
        }

        return new(Unique(devices), ToolVersions.Find(text, versions));
    }

    /// <summary>A number that is there twice is of two devices that cannot be told apart: neither is read.</summary>
    private static ImmutableArray<DeviceSample> Unique(IEnumerable<DeviceSample> devices) =>
        [.. devices.GroupBy(device => device.Id, StringComparer.Ordinal).Where(same => same.Count() == 1).Select(same => same.Single())];

    private static bool Add(ImmutableArray<DeviceSample>.Builder devices, DeviceSample device)
    {
        devices.Add(device);
        return true;
    }

    private static bool TryFollow(TableRow[] layout, ImmutableArray<string> cells)
    {
        for (var at = 0; at < layout.Length; at++)
        {
            if (layout[at].TryFollow(cells) is { } seen)
            {
                layout[at] = seen;
                return true;
            }
        }

        return false;
    }

    /// <returns>Null for a border.</returns>
    private ImmutableArray<string>? Cells(string line)
    {
        var text = line.Trim();
        if (Border().IsMatch(text) || (isBarred && !text.EndsWith('|')))
            return null;
        if (text.StartsWith('|') && isBarred)
            text = text[1..];
        return [.. (isBarred ? text[..^1] : text).Split('|').Select(cell => cell.Trim())];
    }

    private static DeviceSample? First(ImmutableArray<(TableColumn Column, string Value)> values)
    {
        var card = values.FirstOrDefault(value => value.Column.Held == Held.Card).Value;
        return card is not null && int.TryParse(card, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? Further(new DeviceSample { Id = number.ToString(CultureInfo.InvariantCulture) }, values) : null;
    }

    /// <returns>Null if what identifies a device is not of its kind: the line is another one.</returns>
    private static DeviceSample? Further(DeviceSample device, ImmutableArray<(TableColumn Column, string Value)> values)
    {
        foreach (var (column, value) in values)
        {
            if (ToolColumns.TryTake(device, column, value) is not { } taken)
                return null;
            device = taken;
        }

        return device;
    }

    [GeneratedRegex(@"\A[-+=|\s*]*\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Border();
}
