using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Something of the machine that is read again and again while a step goes on.</summary>
/// <param name="ReadAsync">One reading: what was printed, or why there is nothing. Never throws but when it is cancelled.</param>
internal sealed record TelemetryReader(TelemetrySource Source, Func<CancellationToken, Task<ToolOutput>> ReadAsync)
{
    /// <summary>Tools are known to hang with their driver.</summary>
    private static readonly TimeSpan ToolLimit = TimeSpan.FromSeconds(10);

    private const string Powercap = "/sys/class/powercap", Hwmon = "/sys/class/hwmon", Processors = "/sys/devices/system/cpu";
    private const int LongestLine = 4096, MostSensors = 64, MostProcessors = 16;

    /// <summary>Those of a machine: its counters of energy, its other sensors, and the management tool that the profile's facts name.</summary>
    public static ImmutableArray<TelemetryReader> Of(HostMachine machine, ProfileFacts facts)
    {
        var readers = ImmutableArray.CreateBuilder<TelemetryReader>();
        ImmutableArray<string> domains = [.. machine.List(Powercap, "intel-rapl:*").Select(name => $"{Powercap}/{name}")];
        if (!domains.IsEmpty)
            readers.Add(Files(machine, TelemetrySource.Rapl, [.. domains.SelectMany(About)], [.. domains.Where(domain => IsCounted(machine, domain)).Select(domain => $"{domain}/energy_uj")]));
        readers.Add(Kernel(machine));
        if (Tool(machine, facts) is { } tool)
            readers.Add(tool);
        return readers.ToImmutable();
    }

    /// <returns>Null where the facts name no tool whose output is read, or no command.</returns>
    public static TelemetryReader? Tool(HostMachine machine, ProfileFacts facts)
    {
        if (facts.Text("telemetry.tool") is not { } name || facts.Texts("telemetry.command") is not { IsEmpty: false } command || ToolFormats.Find(name) is null)
            return null;
        var source = new TelemetrySource(name, IsTool: true, "")
        {
            Command = command,
            DevicesPerBoard = (long?)facts.Number("devices.per_board"),
            CapMilliwatts = (long?)(facts.Number("power.cap_w") * 1000),
        };
        return SafeTools.OfTelemetry(command) is { } refused ? new(source, _ => Task.FromResult(ToolOutput.Failed(refused)))
            : new(source, cancellationToken => machine.RunAsync(command, ToolLimit, cancellationToken));
    }

    /// <summary>Packages and memory: the rest of the domains lie within a package, or nobody knows within what.</summary>
    private static bool IsCounted(HostMachine machine, string domain) => Line(machine, $"{domain}/name") is { } name && (name.StartsWith("package-", StringComparison.Ordinal) || name == "dram");

    private static IEnumerable<string> About(string domain) =>
        [$"{domain}/name", $"{domain}/max_energy_range_uj", $"{domain}/constraint_0_max_power_uw", $"{domain}/constraint_0_power_limit_uw"];

    private static TelemetryReader Kernel(HostMachine machine)
    {
        ImmutableArray<string> sensors = [.. machine.List(Hwmon).Select(name => $"{Hwmon}/{name}")];
        IEnumerable<string> Inside(string folder, string pattern) => machine.List(folder, pattern).Select(name => $"{folder}/{name}");
        ImmutableArray<string> files =
        [
            "/proc/stat", "/proc/meminfo",
            .. sensors.SelectMany(sensor => Inside(sensor, "power*_average").Concat(Inside(sensor, "power*_input")).Concat(Inside(sensor, "temp*_input"))).Take(MostSensors),
            .. Spread(Inside($"{Processors}/cpufreq", "policy*")).Select(policy => $"{policy}/scaling_cur_freq"),
            .. Spread(Inside(Processors, "cpu*").Where(processor => machine.Exists($"{processor}/thermal_throttle")))
                .SelectMany(processor => Inside($"{processor}/thermal_throttle", "*_throttle_count")),
        ];
        return Files(machine, TelemetrySource.Kernel, [.. sensors.Select(sensor => $"{sensor}/name")], files);
    }

    /// <summary>A machine of hundreds of processors is not read to the last of them each second.</summary>
    private static IEnumerable<string> Spread(IEnumerable<string> all)
    {
        string[] every = [.. all];
        var step = Math.Max(1, (every.Length + MostProcessors - 1) / MostProcessors);
        return every.Where((_, at) => at % step == 0);
    }

    private static TelemetryReader Files(HostMachine machine, string name, ImmutableArray<string> about, ImmutableArray<string> files) => new(
        new(name, IsTool: false, string.Concat(about.Select(path => Kept(machine, path)))),
        _ => Task.FromResult(string.Concat(files.Select(path => Kept(machine, path))) is { Length: > 0 } text
            ? new ToolOutput(text, null)
            : ToolOutput.Failed(files.IsEmpty ? $"{name} has nothing that is counted" : Unread(machine, files[0]))));

    /// <returns>Empty where a file cannot be read: what is not there stays absent.</returns>
    private static string Kept(HostMachine machine, string path)
    {
        if (machine.TryRead(path, LongestLine) is not { } content)
            return "";
        const string wanted = "MemAvailable:";
        return path != "/proc/meminfo" ? FileLines.Line(path, content)
            : content.Split('\n').FirstOrDefault(line => line.StartsWith(wanted, StringComparison.Ordinal)) is { } line
                ? FileLines.Line($"{path} MemAvailable", line[wanted.Length..].Replace("kB", "", StringComparison.Ordinal).Trim()) : "";
    }

    private static string? Line(HostMachine machine, string path) => machine.TryRead(path, LongestLine)?.Split('\n')[0].Trim();

    private static string Unread(HostMachine machine, string path) => machine.Exists(path)
        ? $"{machine.Read(path).Problem ?? $"{path} holds nothing"}; `sudo chmod a+r {(path.StartsWith(Powercap, StringComparison.Ordinal) ? $"{Powercap}/intel-rapl:*/energy_uj" : path)}` lets it"
        : $"{path} is not there";
}
