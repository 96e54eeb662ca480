using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Takes what has a power out of a telemetry log: a pure function of its texts.</summary>
/// <remarks>
/// Sources: the kernel's Documentation/power/powercap and hwmon/acpi_power_meter. Of RAPL, packages and memory are counted: cores and uncore lie within
/// their package, psys within nobody knows what. Other power sensors of hwmon are kept in evidence and not counted: nothing says what is behind one.
/// </remarks>
internal static class PowerMeters
{
    private const string Rapl = "/sys/class/powercap/intel-rapl:", Energy = "/energy_uj", Average = "/power1_average", AcpiMeter = "power_meter";

    private static readonly ImmutableArray<string> Caps = ["constraint_0_max_power_uw", "constraint_0_power_limit_uw"];

    /// <param name="gapNanos">Longest time between two readings that is bridged by a straight line.</param>
    /// <param name="capFactor">So many times the limit of a device is no reading.</param>
    public static ImmutableArray<PowerChannel> Read(TelemetryLog log, long gapNanos, double capFactor)
    {
        var channels = ImmutableArray.CreateBuilder<PowerChannel>();
        foreach (var (source, at) in log.Sources.Select((source, at) => (source, at)))
        {
            ImmutableArray<TelemetryReading> readings = [.. log.Readings.Where(reading => reading.Source == at && reading.Text is not null && reading.To - reading.From <= gapNanos)];
            channels.AddRange(
                source.IsTool ? Tool(log, at, readings, gapNanos, capFactor)
                : source.Name == TelemetrySource.Rapl ? Counters(log, at, readings, gapNanos, capFactor)
                : Sensors(log, at, readings, gapNanos));
        }

        return channels.ToImmutable();
    }

    /// <summary>Those that make up the whole: a meter of the machine alone where there is one, since all others lie behind it.</summary>
    public static ImmutableArray<PowerChannel> Whole(ImmutableArray<PowerChannel> channels) =>
        channels.Any(channel => channel.Point == MeterPoint.Machine) ? [.. channels.Where(channel => channel.Point == MeterPoint.Machine)] : channels;

    /// <summary>Devices of which a tool prints rows and never a power.</summary>
    public static ImmutableArray<string> Powerless(TelemetryLog log) =>
    [
        .. log.Sources.SelectMany((source, at) => !source.IsTool ? [] : log.Readings.Where(reading => reading.Source == at).SelectMany(reading => Devices(log, reading))
            .GroupBy(device => device.Id, StringComparer.Ordinal).Where(same => same.All(device => device.Power is null)).Select(same => $"{source.Name} device {same.Key}")),
    ];

    /// <summary>Of the devices that the run uses.</summary>
    public static ImmutableArray<DeviceSample> Devices(TelemetryLog log, TelemetryReading reading) => PlannedRows.Of(Rows(log, reading), log.Sources[reading.Source].Planned);

    /// <summary>Of all devices that a tool printed.</summary>
    public static ImmutableArray<DeviceSample> Rows(TelemetryLog log, TelemetryReading reading) =>
        reading.Text is { } text && log.Sources[reading.Source] is { IsTool: true } source ? log.Texts.Devices(source.Name, text) : [];

    private static IEnumerable<PowerChannel> Tool(TelemetryLog log, int at, ImmutableArray<TelemetryReading> readings, long gapNanos, double capFactor)
    {
        var source = log.Sources[at];
        var samples = readings.SelectMany(reading => Devices(log, reading).Select(device => (reading.At, Device: device))).Where(sample => sample.Device.Power is not null);
        foreach (var device in samples.GroupBy(sample => sample.Device.Id, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var cap = device.Max(sample => sample.Device.PowerCap) is > 0 and var printed ? (double)printed : source.CapMilliwatts / 1000.0;
            yield return PowerChannel.OfGauge(
                $"{source.Name} device {device.Key}", at, MeterPoint.Devices, device.Select(sample => (sample.At, (double)sample.Device.Power!.Value)), gapNanos, cap * capFactor);
        }
    }

    private static IEnumerable<PowerChannel> Counters(TelemetryLog log, int at, ImmutableArray<TelemetryReading> readings, long gapNanos, double capFactor)
    {
        var source = log.Sources[at];
        var about = log.Texts.Files(source.About);
        var read = Numbers(log, readings, Energy);
        foreach (var name in about.Where(file => file.Key.StartsWith(Rapl, StringComparison.Ordinal) && file.Key.EndsWith("/name", StringComparison.Ordinal)))
        {
            var domain = name.Key[..^"/name".Length];
            var isPackage = name.Value.StartsWith("package-", StringComparison.Ordinal);
            if (!isPackage && name.Value != "dram")
                continue;
            var range = about.Number($"{domain}/max_energy_range_uj");
            double? cap = Caps.Max(limit => about.Number($"{domain}/{limit}")) is > 0 and var micros ? micros / 1e6 : null;
            var package = isPackage ? name.Value : about.GetValueOrDefault($"{domain[..domain.LastIndexOf(':')]}/name", "");
            yield return PowerChannel.OfCounter(
                $"{source.Name} {package}{(isPackage ? "" : " dram")}", at, MeterPoint.Processors,
                Unwrapped(read[domain + Energy], range), gapNanos, cap * capFactor);
        }
    }

    /// <summary>Joules since the first reading. A counter that went back came to its end and began again; where nobody says where that is, it is read anew.</summary>
    private static IEnumerable<(long At, double Joules)> Unwrapped(IEnumerable<(long At, long Micros)> readings, long? range)
    {
        (long Micros, Int128 Sum)? last = null;
        foreach (var (at, micros) in readings)
        {
            if (micros < 0)
                continue;
            var step = last is { } before ? micros >= before.Micros ? micros - before.Micros : range is { } end && end >= before.Micros ? end - before.Micros + micros : (long?)null : 0;
            if (step is not { } counted)
            {
                yield return (at, double.NegativeInfinity); // no power is that: the channel says so
                yield break;
            }

            last = (micros, (last?.Sum ?? 0) + counted);
            yield return (at, (double)last.Value.Sum / 1e6);
        }
    }

    private static IEnumerable<PowerChannel> Sensors(TelemetryLog log, int at, ImmutableArray<TelemetryReading> readings, long gapNanos)
    {
        var about = log.Texts.Files(log.Sources[at].About);
        var read = Numbers(log, readings, Average);
        foreach (var name in about.Where(file => file.Key.EndsWith("/name", StringComparison.Ordinal) && file.Value == AcpiMeter))
        {
            var points = read[$"{name.Key[..^"/name".Length]}{Average}"].Select(point => (point.At, point.Number / 1e6)).ToImmutableArray();
            if (!points.IsEmpty)
                yield return PowerChannel.OfGauge(string.Create(CultureInfo.InvariantCulture, $"{AcpiMeter} {name.Key.Split('/')[^2]}"), at, MeterPoint.Machine, points, gapNanos, null);
        }
    }

    /// <summary>Each such file's numbers in the order of the readings: gone through once, so that what is named and never read costs nothing.</summary>
    private static ILookup<string, (long At, long Number)> Numbers(TelemetryLog log, ImmutableArray<TelemetryReading> readings, string file) => readings
        .SelectMany(reading => log.Texts.Files(reading.Text!) is var files ? files.Keys.Where(path => path.EndsWith(file, StringComparison.Ordinal)).Select(path => (path, reading.At, Number: files.Number(path))) : [])
        .Where(point => point.Number is not null).ToLookup(point => point.path, point => (point.At, point.Number!.Value), StringComparer.Ordinal);
}
