using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Machines that show a power, and the facts of profiles that name their tools.</summary>
internal static class GivenMachine
{
    public const string Package = "/sys/class/powercap/intel-rapl:0";

    /// <summary>Processor counters as every machine has them, without any meter.</summary>
    public static SimulatedMachine Plain() => new SimulatedMachine()
        .File("/proc/stat", "cpu  100 0 50 800 10 0 5 0 0 0\ncpu0 1 1 1 1\n").File("/proc/meminfo", "MemTotal:       1000 kB\nMemFree: 10 kB\nMemAvailable:    700 kB\n");

    /// <summary>A package whose counter somebody has to turn (<see cref="TurnAsync"/>).</summary>
    public static SimulatedMachine WithPackage(this SimulatedMachine machine) => machine
        .File($"{Package}/name", "package-0\n").File($"{Package}/max_energy_range_uj", "262143328850\n").File($"{Package}/constraint_0_power_limit_uw", "125000000\n")
        .File($"{Package}/energy_uj", "262143000000\n").File($"{Package}:0/name", "core\n").File($"{Package}:0/energy_uj", "5\n");

    /// <summary>Counts so many watts, through the counter's end and on, until it is cancelled.</summary>
    /// <remarks>On a thread of its own: those of the pool belong to the load.</remarks>
    public static Task TurnAsync(this SimulatedMachine machine, double watts, CancellationToken cancellationToken) => Task.Factory.StartNew(() =>
    {
        var (file, started) = (Path.Join(machine.Root, Package, "energy_uj"), Stopwatch.GetTimestamp());
        do
        {
            var micros = (262_143_000_000 + (long)(Stopwatch.GetElapsedTime(started).TotalMicroseconds * watts)) % 262_143_328_850;
            File.WriteAllText(file + ".new", $"{micros.ToString(CultureInfo.InvariantCulture)}\n");
            File.Move(file + ".new", file, overwrite: true); // a reader sees the one or the other
        }
        while (!cancellationToken.WaitHandle.WaitOne(20));
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>A management tool whose power differs from call to call, until its call of that number: that one does what else is said.</summary>
    public static SimulatedMachine WithTool(this SimulatedMachine machine, int until = int.MaxValue, string otherwise = "") => machine.Script("ppu-smi", $"""
        n=$(cat "$0.calls" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "$0.calls"
        if [ $n -ge {until} ]; then {(otherwise.Length > 0 ? otherwise : ":")}; fi
        echo 'index, name, power.draw [W], power.limit [W], temperature.gpu, utilization.gpu [%]'
        echo "0, PPU, $((200 + n)).00 W, 400.00 W, 50, 90 %"

        """);

    public static ProfileFacts Facts(string tool, params ImmutableArray<string> command) => new([], ImmutableSortedDictionary<string, Fact>.Empty
        .Add("telemetry.tool", Known("telemetry.tool", new FactValue.Text(tool))).Add("telemetry.command", Known("telemetry.command", new FactValue.Texts(command))));

    public static ProfileFacts With(this ProfileFacts facts, string key, decimal value) => facts with { All = facts.All.SetItem(key, Known(key, new FactValue.Number(value))) };

    private static Fact Known(string key, FactValue value) => new(key, "profile.yaml", 1, value, ["a capture"], FactConfidence.Seen, "");
}
