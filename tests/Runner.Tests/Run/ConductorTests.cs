using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

public class ConductorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_is_right_is_certified_and_a_stranger_can_verify_it_all()
    {
        using var run = new GivenRun("all");
        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        Assert.True(judgement.Outcome == Outcome.Certified, string.Join('\n', judgement.Findings.Select(finding => $"{finding.Check} {finding.Verdict}")));
        Assert.IsType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
        Assert.All(run.Engine.All, container => Assert.Equal(1, container.Removals));
        Assert.Equal(run.Only().Certificate, Assert.IsType<RunEvent.Finished>(run.Told[^1]).Certificate);
        Assert.Empty(Scratches(run));
    }

    [Fact]
    public async Task What_a_container_gets_names_no_check_and_no_expected_output()
    {
        using var run = new GivenRun();
        await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        foreach (var spec in run.Engine.All.Where(container => !container.IsEcho).Select(container => container.Spec))
        {
            Assert.Equal(["/serve", "/run/adaptation/serve.sock", "/model"], spec.Command);
            Assert.Equal(["/run/adaptation", "/model"], spec.Mounts.Select(mount => mount.Target));
            Assert.Equal(["model.bin"], Directory.GetFileSystemEntries(spec.Mounts[1].Source).Select(Path.GetFileName));
            Assert.True(spec.Mounts[1].ReadOnly);
        }
    }

    [Fact]
    public async Task A_server_that_answers_a_little_wrong_is_rejected_by_the_golden_outputs()
    {
        using var run = new GivenRun(answer: (given, container, request) =>
        {
            var answer = GivenRun.Right(given, container, request);
            if (!container.IsEcho)
                answer[^2] ^= 1; // a bit of an exponent's neighbourhood in the last float
            return answer;
        });
        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        Assert.IsType<Verdict.Fail>(judgement.Findings.Single(finding => finding.Check == "COR-18").Verdict);
        Assert.False(File.Exists(run.Only().Certificate));
    }

    [Theory]
    [InlineData(1, "SEC-01")]
    [InlineData(3, "COR-18")]
    [InlineData(30, "PERF-04")]
    public async Task A_server_that_dies_fails_what_was_measured_then_and_is_removed(int after, string check)
    {
        using var run = new GivenRun(answer: (given, container, request) =>
        {
            if (!container.IsEcho && container.Served > after)
            {
                container.Write("Segmentation fault\u0007\n"u8.ToArray());
                container.Die(139);
            }

            return GivenRun.Right(given, container, request);
        });
        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        var fail = Assert.IsType<Verdict.Fail>(judgement.Findings.Single(finding => finding.Check == check).Verdict);
        Assert.Contains("exit code 139", fail.Measured, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0007', fail.Measured);
        Assert.IsType<Verdict.Fail>(judgement.Findings.Single(finding => finding.Check == "OPS-01").Verdict);
        Assert.All(run.Engine.All, container => Assert.Equal(1, container.Removals));
    }

    [Fact]
    public async Task A_dead_server_whose_last_words_split_an_emoji_can_still_be_recorded()
    {
        using var run = new GivenRun(answer: (given, container, request) =>
        {
            if (!container.IsEcho && container.Served > 1)
            {
                container.Write(GivenWire.Ascii(new string('x', 399) + "😀" + new string('y', 20)));
                container.Die(1);
                return null;
            }

            return GivenRun.Right(given, container, request);
        });
        Assert.Equal(Outcome.Rejected, (await run.Conductor().StartAsync(run.Prepared, run.Runs, Token)).Outcome);
        Assert.DoesNotContain("\\ud83d\"", File.ReadAllText(run.Only().Journal), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_broken_echo_is_this_machine_s_fault_and_rejects_nobody()
    {
        using var run = new GivenRun(answer: (given, container, request) =>
        {
            if (container.IsEcho && container.Served > 5)
                container.Die(1);
            return GivenRun.Right(given, container, request);
        });
        var broken = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => run.Conductor().StartAsync(run.Prepared, run.Runs, Token));
        Assert.Contains("echo", broken.Message, StringComparison.Ordinal);
        Assert.All(run.Engine.All, container => Assert.Equal(1, container.Removals));
        Assert.Equal("interrupted", Journal(run.Only()).Entries[^1].Kind);
    }

    [Fact]
    public async Task A_container_that_cannot_be_removed_is_residue_and_hides_nothing()
    {
        using var run = new GivenRun();
        run.Engine.Starting = container => container.RemovalFails = container.IsEcho ? null : new BrokenEnvironmentException("the engine is gone");
        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        var fail = Assert.IsType<Verdict.Fail>(judgement.Findings.Single(finding => finding.Check == "OPS-01").Verdict);
        Assert.Contains("the engine is gone", fail.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removal_that_nobody_can_look_into_is_no_clean_one()
    {
        using var run = new GivenRun();
        run.Engine.FindFails = new BrokenEnvironmentException("no list today");
        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        Assert.IsType<Verdict.Fail>(judgement.Findings.Single(finding => finding.Check == "OPS-01").Verdict);
    }

    [Fact]
    public async Task A_stack_that_changes_under_the_run_is_not_certified()
    {
        using var run = new GivenRun(answer: (given, container, request) =>
        {
            if (container.IsEcho)
                File.WriteAllText(Path.Combine(given.Root, "engine/lib.so"), "another");
            return GivenRun.Right(given, container, request);
        });
        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        Assert.Equal(Outcome.Incomplete, judgement.Outcome);
        Assert.Equal(Level.None, judgement.Level);
        Assert.False(File.Exists(run.Only().Certificate));
        var finished = Assert.IsType<RunEvent.Finished>(run.Told[^1]);
        Assert.True(finished.StackChanged);
        Assert.Equal(Outcome.Incomplete, finished.Judgement.Outcome);
    }

    [Fact]
    public async Task An_engine_that_refuses_to_start_leaves_nothing_behind()
    {
        using var run = new GivenRun();
        run.Engine.Starting = container => throw new BrokenEnvironmentException("no space left on device");
        var refused = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => run.Conductor().StartAsync(run.Prepared, run.Runs, Token));
        Assert.Contains("no space left", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Scratches(run));
    }

    [Fact]
    public async Task A_model_that_was_swapped_stops_the_run_before_anything_starts()
    {
        using var run = new GivenRun();
        File.WriteAllText(Path.Combine(run.Prepared.ModelFolder, "model.bin"), "another");
        await Assert.ThrowsAsync<ModelRefusedException>(() => run.Conductor().StartAsync(run.Prepared, run.Runs, Token));
        Assert.All(run.Engine.All, container => Assert.True(container.IsEcho));
    }

    [Fact]
    public async Task Cold_and_warm_starts_are_measured_each_in_a_container_of_its_own()
    {
        using var run = new GivenRun("starts");
        await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        var measurement = MeasurementFile.Read(File.ReadAllBytes(run.Only().InEvidence("measurements/PERF-01.json")));
        Assert.Single(measurement.Series.Single(series => series.Name == "warm").Samples);
        Assert.Equal(run.Engine.All.Length, Journal(run.Only()).Entries.Count(entry => entry.Kind == "removed"));
    }

    internal static Journal Journal(RunDirectory directory) =>
        JournalReader.Read(File.ReadAllBytes(directory.Journal), SessionFile.Read(File.ReadAllBytes(directory.Session)).Challenge);

    private static string[] Scratches(GivenRun run) => Directory.GetDirectories(Path.GetTempPath(), $"{Scratch.Prefix}{run.Only().Id}*");
}
