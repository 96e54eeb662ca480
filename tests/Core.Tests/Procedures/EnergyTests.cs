using System.Collections.Immutable;
using Adaptation.Testing;
using static Adaptation.Core.Tests.EnergyBench;
using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

/// <summary>GRN-01: energy per token from raw readings.</summary>
public sealed class EnergyTests
{
    private static readonly TelemetryLog Sound = Tool(Steps);

    private static string Reason(TelemetryLog log) => Judged.Reason(EnergyBench.Judge(PerToken, log));

    [Fact]
    public void A_thousand_watts_over_600_s_and_600_000_tokens_are_a_joule_a_token()
    {
        var finding = EnergyBench.Judge(PerToken, Sound);

        Judged.Passes(finding);
        Assert.Equal(1_000_000, Judged.Milli(finding, "energy per output token"));
        Assert.Equal(650_000, Judged.Milli(finding, "energy per output token, above idle"));
        Assert.Equal(277_778, Judged.Milli(finding, "energy per output token, by the thousand"));
        Assert.Equal(1_000_000, Judged.Milli(finding, "power under load"));
        Assert.Contains("not at the wall", finding.Note!.En, StringComparison.Ordinal);
    }

    [Fact]
    public void Counters_of_several_packages_that_wrap_say_the_same_and_what_lies_within_them_is_not_counted_twice()
    {
        var finding = EnergyBench.Judge(PerToken, Rapl(Steps));

        Judged.Passes(finding);
        Assert.InRange(Judged.Milli(finding, "energy per output token"), 999_990, 1_000_010);
        Assert.InRange(Judged.Milli(finding, "energy of rapl package-0 dram"), 119_999_000, 120_001_000);
        Assert.DoesNotContain(finding.Figures, figure => figure.Name.Contains("psys", StringComparison.Ordinal) || figure.Name.Contains("core", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_the_window_of_the_load_counts() =>
        Assert.Equal(1_000_000, Judged.Milli(EnergyBench.Judge(PerToken, Tool(second => second is < 618 or > 1222 ? 90_000 : 1000)), "energy per output token"));

    [Theory]
    [InlineData(1_200_000, "pass")]
    [InlineData(500_000, "fail")]
    public void A_declaration_is_held_against_the_bounds(long microjoules, string word) =>
        Assert.Equal(word, EnergyBench.Judge(PerToken, Sound, EnergyBench.Plan with { Declared = new(EnergyMicrojoules: microjoules) }).Verdict.Word);

    [Theory] // 1003 to 1005 s are within the load; one second that is missing is bridged, three are not
    [InlineData(1003, 1003, null)]
    [InlineData(1003, 1005, "gap from 1002")]
    [InlineData(1219, 1225, "gap from 1218")]
    [InlineData(615, 625, "gap from 614")]
    public void A_gap_of_more_than_two_seconds_voids_the_figure(int from, int to, string? reason)
    {
        var finding = EnergyBench.Judge(PerToken, Sound.Without(from, to, "mthreads-gmi did not end within 10 s"));

        if (reason is null)
            Judged.Passes(finding);
        else
            Assert.Contains(reason, Judged.Reason(finding), StringComparison.Ordinal);
        if (reason is not null)
            Assert.Contains("did not end within 10 s", Judged.Reason(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void A_gap_before_the_load_leaves_the_gross_figure_and_no_other()
    {
        var finding = EnergyBench.Judge(PerToken, Sound.Without(100, 110, "hung"));

        Judged.Passes(finding);
        Assert.DoesNotContain(finding.Figures, figure => figure.Name.Contains("above idle", StringComparison.Ordinal));
        Assert.Contains("hung", finding.Note!.En, StringComparison.Ordinal);
    }

    [Fact]
    public void A_counter_that_stands_still_is_no_energy_of_zero() =>
        Assert.Contains("did not move on", Reason(Rapl(second => second < 600 ? 350 : 0)), StringComparison.Ordinal);

    [Fact]
    public void A_counter_that_stands_still_for_a_while_is_a_gap() =>
        Assert.Contains("gap from 701", Reason(Rapl(second => second is > 700 and < 706 ? 0 : 1000)), StringComparison.Ordinal);

    [Fact]
    public void A_tool_that_prints_the_same_idle_and_under_load_is_not_believed() =>
        Assert.Contains("idle and under load", Reason(Tool(_ => 65)), StringComparison.Ordinal);

    [Fact]
    public void An_idle_device_beside_a_busy_one_may_well_print_the_same() => Judged.Passes(EnergyBench.Judge(PerToken, Tool(_ => 65, Steps)));

    [Theory]
    [InlineData(0, "switched on")]
    [InlineData(2001, "no more than 2000 W")]
    public void A_power_that_cannot_be_is_named(double watts, string reason)
    {
        var log = Tool(second => second == 800 ? watts : Steps(second));
        var capped = log with { Sources = [log.Sources[0] with { CapMilliwatts = 200_000 }] };

        Assert.Contains(reason, Judged.Reason(EnergyBench.Judge(PerToken, capped)), StringComparison.Ordinal);
    }

    [Fact] // the counter begins anew, which looks like a wrap: 262 kJ at once
    public void A_counter_that_was_set_back_is_not_believed() => Assert.Contains("is believed", Reason(Reset(Rapl(Steps))), StringComparison.Ordinal);

    [Fact]
    public void A_counter_that_goes_back_without_an_end_that_is_known_is_not_believed()
    {
        var log = Rapl(Steps);
        var about = string.Concat(log.Sources[0].About.Split('\n').Where(line => line.Contains("/name", StringComparison.Ordinal)).Select(line => line + "\n"));

        Assert.Contains("counted backwards", Reason(log with { Sources = [log.Sources[0] with { About = about }] }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_vanishes_half_way_is_a_gap_of_that_device()
    {
        var log = Log(Sound.Sources[0], second => second > 900 ? Devices(($"{Steps(second)}W", 1)) : Devices(($"{Steps(second)}W", 1), ("90W", 1)));

        Assert.Contains("device 1 have a gap", Reason(log), StringComparison.Ordinal);
    }

    [Fact]
    public void A_board_of_which_one_die_prints_power_is_incomplete_and_no_claim()
    {
        var log = Log(Sound.Sources[0], second => Devices(($"{Steps(second)}W", 1), (null, 1)));
        var finding = EnergyBench.Judge(PerToken, log);

        Assert.Contains("incomplete: mthreads-gmi device 1 prints no power", Judged.Reason(finding), StringComparison.Ordinal);
        Assert.Equal(1_000_000, Judged.Milli(finding, "energy per output token, incomplete"));
    }

    [Fact]
    public void A_board_of_two_devices_that_both_print_power_is_incomplete() =>
        Assert.Contains("a board has 2 devices", Reason(Sound with { Sources = [Sound.Sources[0] with { DevicesPerBoard = 2 }] }), StringComparison.Ordinal);

    [Theory] // bound by number, by address, and by number where the kernel shows no address
    [InlineData("0", "", false)]
    [InlineData("0", "0000:c1:00.0", true)]
    [InlineData("0", "0000:c1:00.0", false)]
    public void Power_of_devices_that_the_run_did_not_use_is_none_of_the_runs(string number, string address, bool prints)
    {
        var (log, plan) = Bound(number, address, prints, number);

        var finding = EnergyBench.Judge(PerToken, log, plan);

        Judged.Passes(finding);
        Assert.Equal(1_000_000, Judged.Milli(finding, "energy per output token"));
        Assert.Contains("those that the run used", finding.Note!.En, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5", "")]
    [InlineData("5", "0000:f5:00.0")]
    public void A_planned_device_of_which_the_tool_prints_no_row_is_not_measured(string number, string address)
    {
        var (log, plan) = Bound(number, address, prints: true, number);

        var reason = Judged.Reason(EnergyBench.Judge(PerToken, log, plan));

        Assert.StartsWith("not measured: ppu-smi printed no row of device 5", reason, StringComparison.Ordinal);
        Assert.Contains("it printed 0 (0000:c1:00.0), 1 (0000:c2:00.0)", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Telemetry_that_counts_other_devices_than_the_plan_is_no_evidence()
    {
        var (log, plan) = Bound("0", "", prints: true, "1");

        Assert.StartsWith("invalid evidence: the telemetry of ppu-smi is bound to the devices 0=", Judged.Reason(EnergyBench.Judge(PerToken, log, plan)), StringComparison.Ordinal);
        Assert.Contains("bound to the devices of no plan", Judged.Reason(EnergyBench.Judge(PerToken, Sound, plan)), StringComparison.Ordinal);
    }

    /// <summary>Two devices, of which the second takes 90 kW; the log and the plan say which one a run used.</summary>
    private static (TelemetryLog Log, Plan Plan) Bound(string number, string address, bool prints, string planned)
    {
        ImmutableSortedDictionary<string, string> Units(string of) => ImmutableSortedDictionary<string, string>.Empty.Add(of, address);
        var source = new TelemetrySource("ppu-smi", IsTool: true, "") { Command = ["ppu-smi"], Planned = Units(number) };
        var log = Log(source, second => string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"index, {(prints ? "pci.bus_id, " : "")}power.draw [W]\n0, {(prints ? "0000:C1:00.0, " : "")}{Steps(second):0.##} W\n1, {(prints ? "0000:C2:00.0, " : "")}90000 W\n"));
        var none = ImmutableSortedDictionary<string, string>.Empty;
        return (log, EnergyBench.Plan with { Devices = new([], none.Add("/dev/chip0", "c 240:0"), none) { PciId = "1ed5:fade", Units = Units(planned) } });
    }

    [Fact]
    public void The_processors_alone_are_not_a_machine_with_accelerators() =>
        Assert.Contains("nothing shows the power of the accelerators", Reason(Rapl(Steps) with { IsAccelerated = true }), StringComparison.Ordinal);

    [Fact]
    public void A_log_of_a_longer_load_than_was_driven_is_invalid() =>
        Assert.Contains("the log has", Reason(Sound with { Phases = [Sound.Phases[0], new(TelemetryPhase.LoadOf("PERF-05-TEXT"), LoadFrom - (100 * Second), LoadFrom + Length)] }), StringComparison.Ordinal);

    [Fact]
    public void Nothing_that_shows_a_power_is_not_measured_and_the_tool_says_why()
    {
        var silent = Log(Sound.Sources[0], _ => "Failed to initialise the driver\n");

        Assert.StartsWith("not measured", Reason(silent), StringComparison.Ordinal);
        Assert.Contains("exit code 1", Reason(silent.Without(3, 3, "mthreads-gmi ended with exit code 1")), StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_that_the_runner_did_not_count_give_no_figure() =>
        Assert.Contains("not counted by the runner", Judged.Reason(EnergyBench.Judge(PerToken, Sound, load: Tokens with { Terms = Tokens.Terms with { CountedBy = "chunks" } })), StringComparison.Ordinal);

    [Fact]
    public void A_load_that_the_evidence_lacks_or_telemetry_that_it_lacks_is_invalid()
    {
        var own = new Measurement { Check = "GRN-01", Facts = ImmutableSortedDictionary<string, string>.Empty.Add("load", "PERF-05-TEXT") };
        Assert.Contains("no telemetry", Judged.Reason(Judged.By(PerToken, own, EnergyBench.Plan)), StringComparison.Ordinal);

        var files = InMemoryFiles.Empty.With("t", TelemetryFile.Write(Sound));
        Assert.Contains("no one load", Judged.Reason(Judged.By(PerToken, own with { Tensors = [new("telemetry", "t", "UINT8", [1])] }, EnergyBench.Plan, files)), StringComparison.Ordinal);
    }

    private static TelemetryLog Reset(TelemetryLog log) => log with
    {
        Readings = [.. log.Readings.Select(reading => reading.From < 800 * Second ? reading : reading with
        {
            Text = string.Concat(FileLines.Read(reading.Text!).Select(file => FileLines.Line(file.Key, $"{reading.From / Second * 100_000_000 - 79_000_000_000}"))),
        })],
    };
}
