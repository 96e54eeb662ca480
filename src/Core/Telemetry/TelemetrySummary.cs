using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>What a machine was like between two instants: only what was read of it, and absent where it was not.</summary>
/// <param name="BusyShare">Mean share of the processors at work, 0 to 1 (proc(5) stat: everything but idle and iowait).</param>
/// <param name="MemoryAvailable">Least, bytes.</param>
/// <param name="Hottest">Degrees Celsius, of all sensors of the kernel.</param>
/// <param name="Throttled">How often processors were slowed for heat, all counters together; null where there is none.</param>
/// <param name="ClockMegahertz">Mean of the processors that were read.</param>
/// <param name="Utilisation">Mean of what tools print of devices, percent.</param>
/// <param name="DeviceMemory">Least and most that devices held together, MiB.</param>
public sealed record TelemetrySummary(
    double? BusyShare, long? MemoryAvailable, double? Hottest, long? Throttled, double? ClockMegahertz, decimal? Utilisation, decimal? DeviceHottest, (decimal Least, decimal Most)? DeviceMemory)
{
    public static TelemetrySummary Of(TelemetryLog log, long from, long to)
    {
        ArgumentNullException.ThrowIfNull(log);
        ImmutableArray<ImmutableSortedDictionary<string, string>> kernel = [.. Within(log, from, to, source => source is { IsTool: false, Name: TelemetrySource.Kernel }).Select(reading => log.Texts.Files(reading.Text!))];
        ImmutableArray<ImmutableArray<DeviceSample>> tools =
            [.. Within(log, from, to, source => source.IsTool).Select(reading => PowerMeters.Devices(log, reading)).Where(devices => !devices.IsEmpty)];
        var devices = tools.SelectMany(reading => reading).ToImmutableArray();
        ImmutableArray<decimal> held = [.. tools.Where(reading => reading.All(device => device.MemoryUsed is not null)).Select(reading => reading.Sum(device => device.MemoryUsed!.Value))];
        return new(
            Busy(kernel), Values(kernel, "/proc/meminfo", "MemAvailable").Min() * 1024, Values(kernel, "/sys/class/hwmon/", "_input", "/temp").Max() / 1000.0, Throttles(kernel),
            Values(kernel, "/sys/devices/system/cpu/", "/scaling_cur_freq").Average(kilohertz => (double?)kilohertz) / 1000.0, devices.Average(device => device.Utilisation),
            devices.Max(device => device.Temperature), held.IsEmpty ? null : (held.Min(), held.Max()));
    }

    private static IEnumerable<TelemetryReading> Within(TelemetryLog log, long from, long to, Func<TelemetrySource, bool> isWanted) =>
        log.Readings.Where(reading => reading.Text is not null && reading.From >= from && reading.To <= to && isWanted(log.Sources[reading.Source]));

    private static IEnumerable<long?> Values(ImmutableArray<ImmutableSortedDictionary<string, string>> readings, string start, string end, string within = "") => readings.SelectMany(files => files.Keys
        .Where(path => path.StartsWith(start, StringComparison.Ordinal) && path.EndsWith(end, StringComparison.Ordinal) && path.Contains(within, StringComparison.Ordinal)).Select(path => files.Number(path)));

    private static double? Busy(ImmutableArray<ImmutableSortedDictionary<string, string>> readings)
    {
        if (readings.Length < 2 || Ticks(readings[0]) is not { } first || Ticks(readings[^1]) is not { } last || last.All <= first.All)
            return null;
        return (double)(last.Busy - first.Busy) / (last.All - first.All);
    }

    // user nice system idle iowait irq softirq steal; guest time is in user already
    private static (long Busy, long All)? Ticks(ImmutableSortedDictionary<string, string> files)
    {
        if (!files.TryGetValue("/proc/stat", out var line))
            return null;
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= FileLines.MostNumber ? ticks : -1).ToArray();
        return fields.Length == 8 && fields.All(ticks => ticks >= 0) ? (fields.Sum() - fields[3] - fields[4], fields.Sum()) : null;
    }

    private static long? Throttles(ImmutableArray<ImmutableSortedDictionary<string, string>> readings)
    {
        if (readings.Length < 2)
            return null;
        static long? Sum(ImmutableSortedDictionary<string, string> files) =>
            files.Keys.Where(path => path.EndsWith("_throttle_count", StringComparison.Ordinal)).Select(path => files.Number(path)).ToArray() is { Length: > 0 } counts && counts.All(count => count is not null) ? counts.Sum() : null;
        return Sum(readings[^1]) - Sum(readings[0]);
    }
}
