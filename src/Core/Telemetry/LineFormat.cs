using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>A tool or a file of the kernel that prints figures in lines of their own, without a table.</summary>
/// <param name="readings">Each pattern, and the column of its group <c>value</c>; its group <c>id</c> names the device, and <c>0</c> is it where there is none.</param>
/// <param name="versions">The first group of each pattern.</param>
internal sealed partial class LineFormat(string name, ImmutableArray<(Regex Pattern, TableColumn Column)> readings, ImmutableArray<(string Key, Regex Pattern)> versions) : ToolFormat(name)
{
    /// <summary>Rockchip, <c>/sys/kernel/debug/rknpu/load</c> and <c>version</c>. Some drivers print more than 100 there, which is no share of anything.</summary>
    public static LineFormat Rockchip { get; } = new("rknpu", [(RknpuCore(), new("load", Held.Utilisation)), (RknpuWhole(), new("load", Held.Utilisation))], [(ToolVersions.Driver, RknpuVersion())]);

    /// <summary>Sophgo, <c>/proc/bmsophon/driver_version</c>. No text of its bm-smi is public.</summary>
    public static LineFormat Sophgo { get; } = new("bmsophon", [], [(ToolVersions.Driver, SophgoVersion())]);

    /// <summary>Horizon, <c>hrut_somstatus</c>.</summary>
    public static LineFormat Horizon { get; } = new("hrut_somstatus", [(Bpu(), new("temperature", Held.Temperature))], []);

    /// <summary>Biren, the lines that <c>brsmi</c> begins with. Its table is not public.</summary>
    public static LineFormat Biren { get; } = new("brsmi", [], [(ToolVersions.Tool, Brsmi()), (ToolVersions.Driver, BirenDriver()), (ToolVersions.Toolkit, Supa())]);

    private protected override ToolReading ReadWhole(string text)
    {
        var devices = new Dictionary<string, DeviceSample>(StringComparer.Ordinal);
        var twice = new HashSet<string>(StringComparer.Ordinal);
        foreach (var match in Lines(text).SelectMany(line => readings.SelectMany(reading => reading.Pattern.Matches(line).Select(match => (match, reading.Column)))))
        {
            var id = match.match.Groups["id"] is { Success: true } named ? named.Value : "0";
            if (ToolColumns.TryTake(new() { Id = id }, match.Column, match.match.Groups["value"].Value) is { } device && !devices.TryAdd(id, device))
                twice.Add(id);
        }

        return new([.. devices.Values.Where(device => !twice.Contains(device.Id)).OrderBy(device => device.Id, StringComparer.Ordinal)], ToolVersions.Find(text, versions));
    }

    [GeneratedRegex(@"\b(?:Core|NPU)(?<id>[0-9]{1,2}):\s*(?<value>[0-9]{1,6}%)(?=,|\.|\s|\z)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RknpuCore();

    [GeneratedRegex(@"\ANPU load:\s+(?<value>[0-9]{1,6}%)\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RknpuWhole();

    [GeneratedRegex(@"^RKNPU driver: v([0-9][0-9.]*)\s", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RknpuVersion();

    [GeneratedRegex(@"^release version:([0-9][0-9.]*)\s", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SophgoVersion();

    [GeneratedRegex(@"\A\s*BPU\s*:\s*(?<value>[0-9]{1,3}(\.[0-9]+)?) \(C\)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Bpu();

    [GeneratedRegex(@"^BR-SMI ([0-9]\S*)\s", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Brsmi();

    [GeneratedRegex(@"^Driver Version: ([0-9]\S*)\s", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BirenDriver();

    [GeneratedRegex(@"^SUPA Version: ([0-9]\S*)\s", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Supa();
}
