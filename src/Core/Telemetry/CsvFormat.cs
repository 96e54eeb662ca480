using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>A tool that answers a query with comma-separated values under a heading; columns are found by their titles.</summary>
internal sealed class CsvFormat(string name, ImmutableArray<TableColumn> columns) : ToolFormat(name)
{
    /// <summary>T-Head, <c>ppu-smi --query-gpu=... --format=csv</c>.</summary>
    public static CsvFormat THead { get; } = new(
        "ppu-smi",
        [
            new("index", Held.Card), new("name", Held.Name), new("pci.bus_id", Held.Bus), new("memory.total", Held.Memory, IsTotal: true), new("power.draw", Held.Power),
            new("power.limit", Held.PowerCap), new("temperature.gpu", Held.Temperature), new("utilization.gpu", Held.Utilisation), new("clocks.sm", Held.CoreClock), new("clocks.mem", Held.MemoryClock),
        ]);

    private protected override ToolReading ReadWhole(string text)
    {
        TableColumn?[]? layout = null;
        var devices = new List<DeviceSample>();
        foreach (var line in Lines(text))
        {
            string[] cells = [.. line.Split(',').Select(cell => cell.Trim())];
            if (layout is null)
                layout = TryHeading(cells);
            else if (cells.Length == layout.Length && Read(layout, cells) is { } device)
                devices.Add(device);
        }

        return new([.. devices.GroupBy(device => device.Id, StringComparer.Ordinal).Where(same => same.Count() == 1).Select(same => same.Single())], ToolReading.Empty.Versions);
    }

    /// <returns>The column of each cell, null where it is not wanted, with the heading's own unit; null if there is no number to tell devices apart.</returns>
    private TableColumn?[]? TryHeading(string[] cells)
    {
        TableColumn?[] layout = [.. cells.Select(cell => columns.FirstOrDefault(column => column.Title == cell.Split(" [")[0]) is { } known
            ? known with { Title = cell.Replace('[', '(').Replace(']', ')') } : null)];
        return layout.Any(column => column?.Held == Held.Card) ? layout : null;
    }

    private static DeviceSample? Read(TableColumn?[] layout, string[] cells)
    {
        var card = cells[Array.FindIndex(layout, column => column?.Held == Held.Card)];
        if (!int.TryParse(card, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        DeviceSample? device = new() { Id = number.ToString(CultureInfo.InvariantCulture) };
        for (var at = 0; at < cells.Length && device is not null; at++)
        {
            if (layout[at] is { } column)
                device = ToolColumns.TryTake(device, column, cells[at]);
        }

        return device;
    }
}
