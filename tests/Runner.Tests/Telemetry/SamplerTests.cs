using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

public sealed class SamplerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_tool_prints_is_kept_to_the_letter_with_the_time_before_and_after()
    {
        using var machine = GivenMachine.Plain().WithTool();
        var readers = TelemetryReader.Of(new HostMachine(machine.Root), GivenMachine.Facts("ppu-smi", "ppu-smi", "-q").With("devices.per_board", 2).With("power.cap_w", 400));
        await using var sampler = new TelemetrySampler(readers, new HurriedTime());
        while (sampler.Now < 300_000_000)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        var readings = await sampler.StopAsync();

        var tool = readers.Single(reader => reader.Source.IsTool).Source;
        Assert.Equal((2L, 400_000L), (tool.DevicesPerBoard, tool.CapMilliwatts));
        var own = readings.Where(reading => reading.Text is not null && readers[reading.Source].Source.IsTool).ToArray();
        Assert.True(own.Length >= 2, $"{own.Length} readings");
        Assert.Equal(Enumerable.Range(1, own.Length).Select(n => $"{200 + n}.00"), own.Select(reading => reading.Text!.Split('\n')[1].Split(' ')[2]));
        Assert.All(own.Zip(own.Skip(1)), pair => Assert.True(pair.First.From < pair.First.To && pair.First.To <= pair.Second.From));
        Assert.Contains(readings, reading => reading.Text?.Contains("/proc/meminfo MemAvailable\t700\n", StringComparison.Ordinal) == true);
        Assert.Contains(readings, reading => reading.Text?.Contains("/proc/stat\tcpu  100 0 50 800 10 0 5 0 0 0\n", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_tool_that_hangs_is_ended_with_the_step_and_says_so()
    {
        using var machine = GivenMachine.Plain().WithTool(until: 2, otherwise: "exec sleep 60");
        await using var sampler = new TelemetrySampler([TelemetryReader.Tool(new HostMachine(machine.Root), GivenMachine.Facts("ppu-smi", "ppu-smi"))!], new HurriedTime());
        while (sampler.Now < 300_000_000)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        var readings = await sampler.StopAsync();

        Assert.NotNull(readings[0].Text);
        Assert.Equal("it was not over when the step was", readings[^1].Failure);
        Assert.Equal(2, readings.Length);
    }

    [Theory]
    [InlineData("exit 3", "ended with exit code 3")]
    [InlineData("head -c 70000 /dev/zero | tr '\\0' x; exit 0", "at most 65536 are kept")]
    public async Task A_tool_that_goes_wrong_is_a_failure_and_left_alone_after_five(string script, string said)
    {
        using var machine = GivenMachine.Plain().WithTool(until: 2, otherwise: script);
        await using var sampler = new TelemetrySampler([TelemetryReader.Tool(new HostMachine(machine.Root), GivenMachine.Facts("ppu-smi", "ppu-smi"))!], new HurriedTime());
        while (sampler.Now < 700_000_000)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        var readings = await sampler.StopAsync();

        Assert.Contains(said, readings[1].Failure, StringComparison.Ordinal);
        Assert.All(readings.Skip(1), reading => Assert.Null(reading.Text));
        if (script == "exit 3" && readings.Length > 5)
            Assert.Equal((6, true), (readings.Length, readings[^1].Failure!.Contains("not asked again", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Counters_sensors_and_clocks_of_the_kernel_are_read_and_those_within_a_package_are_not_counted()
    {
        using var machine = GivenMachine.Plain().WithPackage().File("/sys/class/hwmon/hwmon0/name", "power_meter\n").File("/sys/class/hwmon/hwmon0/power1_average", "300000000\n")
            .File("/sys/class/hwmon/hwmon1/temp1_input", "41000\n").File("/sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "2600000\n")
            .File("/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "4\n");
        var readers = TelemetryReader.Of(new HostMachine(machine.Root), ProfileFacts.None);
        var texts = await Task.WhenAll(readers.Select(async reader => (await reader.ReadAsync(Token)).Text));

        Assert.Equal($"{GivenMachine.Package}/energy_uj\t262143000000\n", texts[0]);
        Assert.Contains("hwmon0/power1_average\t300000000\n", texts[1], StringComparison.Ordinal);
        Assert.Contains("package_throttle_count\t4\n", texts[1], StringComparison.Ordinal);
        var log = new TelemetryLog { Sources = [.. readers.Select(reader => reader.Source)], Readings = [.. Enumerable.Range(0, 4).SelectMany(at => texts.Select((text, source) => new TelemetryReading(source, at, at, text, null)))] };
        var seen = TelemetrySummary.Of(log, 0, 9);
        Assert.Equal((41.0, 2600.0, 0L, 700L * 1024), (seen.Hottest, seen.ClockMegahertz, seen.Throttled, seen.MemoryAvailable));
        Assert.Null(seen.Utilisation);
    }

    public static TheoryData<string, string, string> Surveys => new()
    {
        { "none", "no /sys/class/powercap/intel-rapl:*", "not applicable" },
        { "none", "name no management tool", "not applicable" },
        { "not installed", "ppu-smi is not installed", "not applicable" },
        { "no power", "prints no power", "not applicable" },
        { "garbage", "nothing of what ppu-smi prints is understood: `segmentation fault`", "problem" },
        { "fails", "ppu-smi ended with exit code 9", "problem" },
        { "unreadable", "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj", "problem" },
        { "tool", "ppu-smi", "meter" },
        { "package", "rapl", "meter" },
        { "machine", "kernel", "meter" },
    };

    [Theory, MemberData(nameof(Surveys))]
    public async Task Before_a_run_it_is_found_out_what_shows_a_power(string what, string said, string kind)
    {
        using var machine = Arrange(what);
        var survey = await MeterSurvey.TakeAsync(new HostMachine(machine.Root), what is "none" or "unreadable" or "package" or "machine" ? ProfileFacts.None : GivenMachine.Facts("ppu-smi", "ppu-smi"), Token);

        Assert.Equal(kind == "meter", survey.HasMeter);
        Assert.Equal(kind == "not applicable", survey.WhyNotApplicable is not null);
        Assert.Contains(said, kind switch { "meter" => string.Join(' ', survey.Meters), "problem" => string.Join(' ', survey.Problems), _ => survey.WhyNotApplicable }, StringComparison.Ordinal);
    }

    private static SimulatedMachine Arrange(string what) => what switch
    {
        "no power" => GivenMachine.Plain().Tool("ppu-smi", "index, name, memory.total [MiB]\n0, PPU, 98304 MiB\n"),
        "garbage" => GivenMachine.Plain().Tool("ppu-smi", "segmentation fault\n"),
        "fails" => GivenMachine.Plain().Tool("ppu-smi", "", exitCode: 9),
        "unreadable" => GivenMachine.Plain().File($"{GivenMachine.Package}/name", "package-0\n").File($"{GivenMachine.Package}/energy_uj/x", "a folder: no user can read it as a file"),
        "tool" => GivenMachine.Plain().WithTool(),
        "package" => GivenMachine.Plain().WithPackage(),
        "machine" => GivenMachine.Plain().File("/sys/class/hwmon/hwmon0/name", "power_meter\n").File("/sys/class/hwmon/hwmon0/power1_average", "300000000\n"),
        _ => GivenMachine.Plain(),
    };

    /// <summary>The clock of this machine, on which every wait is a short one.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, TimeSpan.FromMilliseconds(20), period);
    }
}
