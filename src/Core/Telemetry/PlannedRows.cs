using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Which rows that a management tool prints are of the devices that a run uses: a machine has others, whose power is none of the run's.</summary>
internal static class PlannedRows
{
    /// <param name="planned">Number to address on the bus, as <see cref="DevicePlan.Units"/>; null where nobody chose, and all rows count.</param>
    public static ImmutableArray<DeviceSample> Of(ImmutableArray<DeviceSample> rows, ImmutableSortedDictionary<string, string>? planned) =>
        planned is null ? rows : [.. planned.SelectMany(unit => OfUnit(rows, unit, planned.Count)).Distinct()];

    /// <summary>Planned devices of which no row is.</summary>
    public static IEnumerable<string> Without(ImmutableArray<DeviceSample> rows, ImmutableSortedDictionary<string, string> planned) =>
        planned.Where(unit => !OfUnit(rows, unit, planned.Count).Any()).Select(unit => unit.Value.Length > 0 ? $"device {unit.Key} ({unit.Value})" : $"device {unit.Key}");

    /// <summary>By the address where both say one, else by the number. Where a tool counts cards and their chips, a number alone means nothing, unless all that it prints is planned.</summary>
    private static IEnumerable<DeviceSample> OfUnit(ImmutableArray<DeviceSample> rows, KeyValuePair<string, string> unit, int count) =>
        unit.Value.Length > 0 && rows.Any(row => row.Bus is not null) ? rows.Where(row => row.Bus is { } bus && DeviceSample.Normal(bus) == unit.Value)
        : rows.Any(row => !long.TryParse(row.Id, NumberStyles.None, CultureInfo.InvariantCulture, out _)) ? rows.Length == count ? rows : []
        : rows.Where(row => row.Id == unit.Key);
}
