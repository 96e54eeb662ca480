using static Adaptation.Core.Tests.EnergyBench;
using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

/// <summary>GRN-02 to GRN-05: what is made of the energy.</summary>
public sealed class EnergyClaimTests
{
    private static readonly TelemetryLog Sound = Tool(Steps);
    internal static readonly Clause Idle = Clause("GRN-02", "idle-power", ("resident_ppm", 500_000));
    internal static readonly Clause Facility = Clause("GRN-03", "facility-energy");
    internal static readonly Clause Carbon = Clause("GRN-04", "carbon-intensity", ("milligrams_per_kwh", 530_600));
    internal static readonly Clause Quality = Clause("GRN-05", "meter-quality", ("uncertainty_max_ppm", 10_000));

    [Fact]
    public void Constant_350_W_with_the_model_loaded_are_the_idle_power()
    {
        var finding = EnergyBench.Judge(Idle, Sound);

        Judged.Passes(finding);
        Assert.Equal(350_000, Judged.Milli(finding, "idle power, model loaded"));
    }

    [Fact]
    public void A_window_of_a_minute_is_not_ten() => Assert.Contains("lasted 60 s; 600 s are asked for", Judged.Reason(EnergyBench.Judge(
        Idle, Sound with { Phases = [new(TelemetryPhase.Idle, IdleTo - (60 * Second), IdleTo), Sound.Phases[1]] })), StringComparison.Ordinal);

    [Fact]
    public void A_model_that_was_put_away_while_idle_was_not_loaded() => Assert.Contains("devices held 300 MiB", Judged.Reason(EnergyBench.Judge(
        Idle, Log(Sound.Sources[0], second => Devices(($"{Steps(second)}W", second is > 200 and < 500 ? 300 : 4000))))), StringComparison.Ordinal);

    [Fact]
    public void A_declared_pue_gives_a_figure_of_the_facility_with_its_source()
    {
        var finding = EnergyBench.Judge(Facility, Sound, EnergyBench.Plan with { Declared = new(Pue: new(1250, "operator's report", "2025")) });

        Judged.Passes(finding);
        Assert.Equal(347_222, Judged.Milli(finding, "energy at the facility, by the thousand"));
        Assert.Contains("operator's report, 2025", finding.Note!.En, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pue_that_is_unknown_or_without_a_source_is_never_assumed()
    {
        Assert.Contains("none is assumed", Judged.Reason(EnergyBench.Judge(Facility, Sound)), StringComparison.Ordinal);
        Assert.Contains("without its source", Judged.Reason(EnergyBench.Judge(Facility, Sound, EnergyBench.Plan with { Declared = new(Pue: new(1300, " ", "2025")) })), StringComparison.Ordinal);
        Assert.Contains("0.9", Judged.Reason(EnergyBench.Judge(Facility, Sound, EnergyBench.Plan with { Declared = new(Pue: new(900, "a", "b")) })), StringComparison.Ordinal);
    }

    [Fact] // 3.6 J a token are 1 Wh a thousand
    public void One_watt_hour_at_pue_1_3_is_0_69_g()
    {
        var finding = EnergyBench.Judge(Carbon, Tool(second => 3.6 * Steps(second)), EnergyBench.Plan with { Declared = new(Pue: new(1300, "a", "b")) });

        Judged.Passes(finding);
        Assert.Equal(689_780, Judged.Milli(finding, "emissions, by the thousand"));
        Assert.Contains("0.5306 kg/kWh", finding.Note!.En, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_pue_nothing_of_the_facility_is_in_the_figure()
    {
        var finding = EnergyBench.Judge(Carbon, Tool(second => 3.6 * Steps(second)));

        Assert.Equal(530_600, Judged.Milli(finding, "emissions, by the thousand"));
        Assert.Contains("PUE unknown", finding.Note!.En, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(530_600_000)] // grams where kilograms are meant
    public void A_factor_of_no_grid_gives_no_figure(long milligrams) =>
        Assert.Contains("of no grid", Judged.Reason(EnergyBench.Judge(Carbon with { Limits = Carbon.Limits.SetItem("milligrams_per_kwh", milligrams) }, Sound)), StringComparison.Ordinal);

    private static TelemetryLog Meter(long? uncertaintyPpm) => Sound with { Sources = [Sound.Sources[0] with { UncertaintyPpm = uncertaintyPpm }] };

    [Fact]
    public void A_meter_of_half_a_percent_on_a_synchronised_clock_passes() => Judged.Passes(EnergyBench.Judge(Quality, Meter(5_000)));

    [Fact]
    public void Each_fault_of_a_meter_marks_the_figures_as_an_estimate()
    {
        var longer = Tokens with { Terms = Tokens.Terms with { DurationNanos = Tokens.Terms.DurationNanos * 5 / 4 } };
        var beside = Meter(5_000) with { Phases = [Sound.Phases[0], new(TelemetryPhase.LoadOf("PERF-05-TEXT"), LoadFrom, LoadFrom + (Length * 5 / 4))] };

        Assert.Contains("estimate: uncertainty 1.5 %", Judged.Measured(EnergyBench.Judge(Quality, Meter(15_000))), StringComparison.Ordinal);
        Assert.Contains("estimate: the machine's clock", Judged.Measured(EnergyBench.Judge(Quality, Meter(5_000) with { IsClockSynchronised = false })), StringComparison.Ordinal);
        Assert.Contains("estimate: the window differs from the test by 20 %", Judged.Measured(EnergyBench.Judge(Quality, beside, load: longer)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_nobody_states_is_an_estimate_and_no_pass()
    {
        Assert.Contains("device-counter estimate: nobody states the uncertainty", Judged.Reason(EnergyBench.Judge(Quality, Sound)), StringComparison.Ordinal);
        Assert.Contains("does not say whether", Judged.Reason(EnergyBench.Judge(Quality, Meter(5_000) with { IsClockSynchronised = null })), StringComparison.Ordinal);
        Assert.StartsWith("no energy is claimed", Judged.Reason(EnergyBench.Judge(Quality, Sound.Without(700, 720, "hung"))), StringComparison.Ordinal);
    }
}
