using System.Text;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Whole runs on machines that show a power, that stop showing it, and that show none.</summary>
public sealed class EnergyRunTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_on_a_machine_with_counters_says_what_an_answer_took_and_a_stranger_can_compute_it_again()
    {
        using var machine = GivenMachine.Plain().WithPackage().WithTool();
        using var turning = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var turns = machine.TurnAsync(80, turning.Token);
        using var run = new GivenRun("energy");
        var judgement = await CertifyAsync(run, machine);
        await turning.CancelAsync();
        await turns;

        Assert.Equal(Outcome.Certified, judgement.Outcome);
        Assert.True(judgement.Finding("GRN-01").Verdict is Verdict.Pass, judgement.Finding("GRN-01").ToString());
        Assert.InRange(Milli(judgement, "GRN-01", "power under load"), 265_000, 300_000); // 80 W of the package, and 201 W and more of the device
        Assert.InRange(Milli(judgement, "GRN-02", "idle power, model loaded"), 265_000, 300_000);
        Assert.Contains("PUE of the site", Assert.IsType<Verdict.NotApplicable>(judgement.Finding("GRN-03").Verdict).Reason, StringComparison.Ordinal);
        Assert.IsType<Verdict.Pass>(judgement.Finding("GRN-04").Verdict);
        Assert.IsNotType<Verdict.Pass>(judgement.Finding("GRN-05").Verdict); // nobody states how far such counters are off
        Assert.IsType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
        Assert.Contains("Power over time", await File.ReadAllTextAsync(run.Only().Report, Token), StringComparison.Ordinal);

        var log = run.Only().InEvidence("telemetry/throughput.json");
        await File.WriteAllTextAsync(log, (await File.ReadAllTextAsync(log, Token)).Replace("262143", "262142", StringComparison.Ordinal), Token);
        Assert.IsNotType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
    }

    [Fact]
    public async Task A_tool_that_hangs_half_way_costs_the_energy_figure_and_nothing_else()
    {
        using var machine = GivenMachine.Plain().WithTool(until: 4, otherwise: "exec sleep 60"); // the survey asks once
        using var run = new GivenRun("energy");
        var judgement = await CertifyAsync(run, machine);

        Assert.True(judgement.Outcome == Outcome.Certified, string.Join('\n', judgement.Findings.Select(finding => $"{finding.Check} {finding.Verdict}")));
        Assert.IsType<Verdict.Pass>(judgement.Finding("PERF-05").Verdict);
        Assert.Contains("ppu-smi device 0 have a gap", Assert.IsType<Verdict.Inconclusive>(judgement.Finding("GRN-01").Verdict).Reason, StringComparison.Ordinal);
        Assert.Empty(judgement.Finding("GRN-04").Figures);
    }

    [Fact]
    public async Task Without_a_meter_nothing_of_energy_is_stated_and_nothing_waited_for()
    {
        using var machine = GivenMachine.Plain();
        using var run = new GivenRun("energy");
        var judgement = await CertifyAsync(run, machine);

        Assert.Equal(Outcome.Certified, judgement.Outcome);
        foreach (var check in StepTelemetry.Checks)
        {
            Assert.StartsWith("not measured: this machine has no power meter", Assert.IsType<Verdict.NotApplicable>(judgement.Finding(check).Verdict).Reason, StringComparison.Ordinal);
            Assert.Empty(judgement.Finding(check).Figures);
        }

        var log = TelemetryFile.TryRead(await File.ReadAllBytesAsync(run.Only().InEvidence("telemetry/throughput.json"), Token), out _)!;
        Assert.Equal([TelemetryPhase.LoadOf("PERF-05")], log.Phases.Select(phase => phase.Name));
        var report = await File.ReadAllTextAsync(run.Only().Report, Encoding.UTF8, Token);
        Assert.Contains("not measured", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Power over time", report, StringComparison.Ordinal);
    }

    private static long Milli(Judgement judgement, string check, string figure) => judgement.Finding(check).Figures.Single(one => one.Name == figure).ValueMilli;

    private static Task<Judgement> CertifyAsync(GivenRun run, SimulatedMachine machine)
    {
        run.Prepared = run.Prepared with { Inputs = run.Prepared.Inputs with { Profile = run.Prepared.Inputs.Profile with { Facts = GivenMachine.Facts("ppu-smi", "ppu-smi") } } };
        return run.Conductor().StartAsync(run.Prepared with { Machine = new HostMachine(machine.Root) }, run.Runs, Token);
    }
}
