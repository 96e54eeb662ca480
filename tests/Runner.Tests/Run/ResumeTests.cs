using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

public class ResumeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_cancelled_before_any_of_its_events_goes_on_to_the_same_verdicts()
    {
        using var whole = new GivenRun();
        var counting = new CancellingTime(int.MaxValue, new CancellationTokenSource());
        var expected = Words(await whole.Conductor(counting).StartAsync(whole.Prepared, whole.Runs, Token));

        for (var at = 1; at <= counting.Asked; at++)
        {
            using var run = new GivenRun();
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var place = string.Create(CultureInfo.InvariantCulture, $"cancelled before event {at}");
            var interrupted = false;
            try
            {
                await run.Conductor(new CancellingTime(at, cancel)).StartAsync(run.Prepared, run.Runs, cancel.Token);
            }
            catch (OperationCanceledException)
            {
                interrupted = true;
            }

            Assert.All(run.Engine.All, container => Assert.Equal(1, container.Removals));
            Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), $"{Scratch.Prefix}{run.Only().Id}*"));
            if (!interrupted)
                continue; // the last events come after the last wait
            if (!File.Exists(run.Only().Journal))
            {
                await Assert.ThrowsAsync<BadInputException>(() => Resume(run));
                continue;
            }

            var before = File.ReadAllBytes(run.Only().Journal);
            Assert.Equal("interrupted", ConductorTests.Journal(run.Only()).Entries[^1].Kind);
            var judgement = await Resume(run);
            Assert.Equal(expected, Words(judgement));
            Assert.True(File.ReadAllBytes(run.Only().Journal).AsSpan().StartsWith(before), place);
            Assert.True(run.Verify(run.Only()) is EvidenceVerification.Accepted, $"{place}: {run.Verify(run.Only())}");
        }
    }

    [Fact]
    public async Task Steps_that_were_completed_are_kept_and_not_done_again()
    {
        using var run = await InterruptedAsync();
        run.Told.Clear();
        await Resume(run);
        Assert.Contains(run.Told, what => what is RunEvent.StepKept { Step: "versions" });
        Assert.DoesNotContain(run.Told, what => what is RunEvent.StepStarted { Step: "versions" });
    }

    [Fact]
    public async Task A_profile_that_has_changed_is_refused()
    {
        using var run = await InterruptedAsync();
        run.Prepared = run.Prepared with { Inputs = run.Prepared.Inputs with { Profile = run.Prepared.Inputs.Profile with { Declared = new() } } };
        await RefusedAsync(run, "have changed since");
    }

    [Fact]
    public async Task A_stack_that_has_changed_is_refused()
    {
        using var run = await InterruptedAsync();
        File.WriteAllText(Path.Combine(run.Root, "engine/lib.so"), "another");
        await RefusedAsync(run, "not the stack");
    }

    [Fact]
    public async Task A_run_that_another_process_works_on_is_refused()
    {
        using var run = await InterruptedAsync();
        var session = SessionFile.Read(File.ReadAllBytes(run.Only().Session));
        using var other = JournalWriter.Open(run.Only().Journal, session.Challenge, TimeProvider.System);
        await RefusedAsync(run, "If another `adapt` works on it");
    }

    [Fact]
    public async Task A_run_of_before_the_machine_was_started_is_refused()
    {
        using var run = await InterruptedAsync();
        var directory = run.Only();
        var session = SessionFile.Read(File.ReadAllBytes(directory.Session));
        var old = ConductorTests.Journal(directory).Entries[0].Data;
        File.Delete(directory.Journal);
        using (var writer = JournalWriter.Create(directory.Journal, session.Challenge, TimeProvider.System))
            writer.Append("run-started", CanonicalValue.Object.Of([.. old.Members.Select(member => (member.Key, member.Key == "bootId" ? "another" : member.Value))]));
        await RefusedAsync(run, "before this machine was last started");
    }

    [Fact]
    public async Task An_empty_journal_is_refused()
    {
        using var run = await InterruptedAsync();
        File.WriteAllBytes(run.Only().Journal, []);
        await RefusedAsync(run, "before it began");
    }

    [Fact]
    public async Task A_complete_run_is_refused_and_its_certificate_stays_as_it_is()
    {
        using var run = new GivenRun();
        await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        var certificate = File.ReadAllBytes(run.Only().Certificate);
        await RefusedAsync(run, "is complete");
        Assert.Equal(certificate, File.ReadAllBytes(run.Only().Certificate));
    }

    [Theory]
    [InlineData("run/session.json")]
    [InlineData("run/events.jsonl")]
    [InlineData("plan.json")]
    [InlineData("combination.lock")]
    public async Task A_run_that_lacks_a_file_is_refused(string file)
    {
        using var run = await InterruptedAsync();
        File.Delete(run.Only().InEvidence(file));
        await RefusedAsync(run, "");
    }

    [Fact]
    public async Task A_journal_that_was_changed_is_refused()
    {
        using var run = await InterruptedAsync();
        var text = File.ReadAllText(run.Only().Journal);
        File.WriteAllText(run.Only().Journal, text.Replace("\"tool\":\"test\"", "\"tool\":\"tesT\"", StringComparison.Ordinal));
        await Assert.ThrowsAsync<RejectedException>(() => Resume(run));
    }

    [Fact]
    public async Task A_measurement_that_was_changed_between_sessions_is_not_judged()
    {
        using var run = await InterruptedAsync();
        var file = run.Only().InEvidence("measurements/OPS-02.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("unknown", "known", StringComparison.Ordinal) + " ");
        await Assert.ThrowsAsync<BrokenEnvironmentException>(() => Resume(run));
        Assert.False(File.Exists(run.Only().Certificate));
    }

    [Fact]
    public async Task Golden_outputs_that_were_changed_between_sessions_are_written_anew()
    {
        using var run = await InterruptedAsync();
        File.WriteAllText(run.Only().InEvidence("golden/charset.txt"), "b\na\n");
        Assert.Equal(Outcome.Certified, (await Resume(run)).Outcome);
        Assert.IsType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
    }

    [Fact]
    public async Task A_measurement_that_the_journal_does_not_know_is_no_evidence()
    {
        using var run = await InterruptedAsync();
        File.Copy(run.Only().InEvidence("measurements/OPS-02.json"), run.Only().InEvidence("measurements/EXTRA-01.json"));
        Assert.Equal(Outcome.Certified, (await Resume(run)).Outcome);
        Assert.IsType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
    }

    [Fact]
    public void A_folder_that_is_no_run_is_bad_input()
    {
        using var folder = new TempFolder();
        Assert.Throws<BadInputException>(() => RequestFile.Read(new RunDirectory(folder.Path), folder.Path));
        folder.Write("request.json", """{"schema": "other", "profile": null}""");
        Assert.Throws<BadInputException>(() => RequestFile.Read(new RunDirectory(folder.Path), folder.Path));
    }

    [Fact]
    public void A_request_comes_back_as_it_was_written()
    {
        using var folder = new TempFolder();
        var asked = new RunRequest(folder.Path, "p/\"q", "模型", "0.1", "quick");
        foreach (var request in new[] { asked, asked with { Launch = LaunchChoice.Parse("cdi", "3,1") }, asked with { Launch = LaunchChoice.Parse("", "0") } })
        {
            folder.Write("request.json", RequestFile.Write(request, inContainer: false));
            Assert.Equal(request, RequestFile.Read(new RunDirectory(folder.Path), folder.Path));
        }

        Assert.False(RequestFile.WasInContainer(new RunDirectory(folder.Path)));
    }

    private static Task<Judgement> Resume(GivenRun run) => run.Conductor().ResumeAsync(run.Prepared, run.Only(), Token);

    private static async Task RefusedAsync(GivenRun run, string why)
    {
        var refused = await Assert.ThrowsAsync<BadInputException>(() => Resume(run));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Contains(run.Only().Path, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A run that was cancelled when its server was asked for the first time.</summary>
    private static async Task<GivenRun> InterruptedAsync()
    {
        var run = new GivenRun();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        run.Engine.Starting = container =>
        {
            if (!container.IsEcho)
                cancel.Cancel();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.Conductor().StartAsync(run.Prepared, run.Runs, cancel.Token));
        run.Engine.Starting = null;
        return run;
    }

    private static string Words(Judgement judgement) =>
        $"{judgement.Outcome} {judgement.Level}: {string.Join(", ", judgement.Findings.Select(finding => $"{finding.Check} {finding.Verdict.Word}"))}";

    /// <summary>Cancels when the clock is asked for the n-th time: that is before the n-th entry of the journal is written.</summary>
    private sealed class CancellingTime(int at, CancellationTokenSource cancel) : TimeProvider
    {
        private int _asked;

        public int Asked => _asked;

        public override DateTimeOffset GetUtcNow()
        {
            if (Interlocked.Increment(ref _asked) == at)
                cancel.Cancel();
            return base.GetUtcNow();
        }
    }
}
