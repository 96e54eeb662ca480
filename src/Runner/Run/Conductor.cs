using System.Collections.Immutable;
using System.Security.Cryptography;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Carries a run out, step by step, and leaves a record whatever happens to it.</summary>
/// <param name="signers">The keys that a certificate is signed with.</param>
/// <param name="tell">Told what goes on, in order.</param>
public sealed class Conductor(DevelopmentKeys signers, TimeProvider time, string toolVersion, Action<RunEvent> tell)
{
    /// <summary>Makes the cases of single operators; without it COR-01 to COR-05 are not measured.</summary>
    public OperatorSource? Operators { get; init; }

    /// <summary>Starts a run and carries it out.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; the journal can be gone on with.</exception>
    /// <exception cref="AdaptationException">This machine broke; the journal can be gone on with.</exception>
    public async Task<Judgement> StartAsync(Prepared prepared, string runs, CancellationToken cancellationToken)
    {
        var directory = RunDirectory.Create(runs, time);
        var session = new Session(directory.Id, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        RunDirectory.WriteWhole(directory.Session, SessionFile.Write(session));
        RunDirectory.WriteWhole(directory.Request, RequestFile.Write(prepared.Asked, prepared.Engine.Description.IsContainer));
        await KeepGoldenAsync(prepared, directory, cancellationToken);
        var meters = await MeterSurvey.TakeAsync(prepared.Machine, prepared.Inputs.Profile.Facts, cancellationToken);
        var plan = RunPlanner.Plan(directory.Id, prepared, Environment, meters);
        var planBytes = PlanFile.Write(plan);
        RunDirectory.WriteWhole(directory.Plan, planBytes);
        var (read, stack) = await CaptureAsync(prepared, cancellationToken);
        RunDirectory.WriteWhole(directory.Lock, stack);
        using var journal = new RunJournal(directory, JournalWriter.Create(directory.Journal, session.Challenge, time));
        journal.Append(
            "run-started", ("runId", directory.Id), ("tool", toolVersion), ("bootId", new StackProbe(prepared.Machine.Root).BootId),
            ("plan", Digests.Sha256(planBytes)), ("lock", Digests.Sha256(stack)));
        return await CarryOutAsync(prepared, plan, meters, read, directory, journal, cancellationToken);
    }

    /// <summary>Goes on with a run that was interrupted: steps that were completed are kept, everything else is done again.</summary>
    /// <exception cref="BadInputException">The run is not one, is complete, or is about another combination than this machine has now.</exception>
    /// <inheritdoc cref="StartAsync"/>
    public async Task<Judgement> ResumeAsync(Prepared prepared, RunDirectory directory, CancellationToken cancellationToken)
    {
        var session = ReadSession(directory);
        using var journal = new RunJournal(directory, OpenJournal(directory, session));
        var meters = await MeterSurvey.TakeAsync(prepared.Machine, prepared.Inputs.Profile.Facts, cancellationToken);
        var plan = RunPlanner.Plan(directory.Id, prepared, Environment, meters);
        var (read, stack) = await CaptureAsync(prepared, cancellationToken);
        RefuseIfOther(directory, journal, prepared.Machine, PlanFile.Write(plan), stack);
        // the copies in the evidence are what is judged by: between two sessions anyone could have changed them
        await KeepGoldenAsync(prepared, directory, cancellationToken);
        journal.Append("resumed", ("droppedBytes", journal.DroppedBytes), ("tool", toolVersion));
        return await CarryOutAsync(prepared, plan, meters, read, directory, journal, cancellationToken);
    }

    private KeyEnvironment Environment => signers.Signers[0].Key.Environment;

    private async Task<Judgement> CarryOutAsync(
        Prepared prepared, Plan plan, MeterSurvey meters, StackFacts read, RunDirectory directory, RunJournal journal, CancellationToken cancellationToken)
    {
        using var scratch = Scratch.Create(directory.Id);
        try
        {
            var run = new RunContext(
                prepared, plan, new Deployer(prepared.Stand, scratch, directory.Id, time, journal) { Run = prepared }, journal, directory,
                new GoldenAnswers(prepared.Golden), time, read.Facts)
            {
                Unread = read.Unread,
                Meters = meters,
            };
            await MeasureAsync(run, cancellationToken);
            var (_, after) = await CaptureAsync(prepared, cancellationToken);
            RunDirectory.WriteWhole(directory.LockAfter, after);
            return new RunCloser(run, signers, toolVersion, tell).Close();
        }
        catch (Exception interrupted) when (interrupted is OperationCanceledException or AdaptationException)
        {
            journal.Interrupted(interrupted is OperationCanceledException ? "cancelled" : Short(interrupted.Message));
            throw;
        }
    }

    private static async Task KeepGoldenAsync(Prepared prepared, RunDirectory directory, CancellationToken cancellationToken)
    {
        foreach (var (path, file) in prepared.Golden.Files)
            RunDirectory.WriteWhole(directory.InEvidence(path), await File.ReadAllBytesAsync(file, cancellationToken));
    }

    private static Session ReadSession(RunDirectory directory)
    {
        try
        {
            return SessionFile.Read(File.ReadAllBytes(directory.Session));
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(directory.Path, 0, "", $"is not a run that can be gone on with: {unread.Message}")]);
        }
    }

    private async Task MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var steps = RunPlanner.StepsOf(run, Operators);
        tell(new RunEvent.Started(
            run.Directory.Id, run.Directory.Path, run.Plan, [.. steps.Select(step => new PlannedStep(step.Name, step.Title, step.Checks, step.Expected(run)))]));
        var done = run.Journal.CompletedSteps.ToHashSet(StringComparer.Ordinal);
        foreach (var (step, at) in steps.Select((step, at) => (step, at)))
        {
            if (run.Journal.BackendBroke is not null || run.Journal.IsJudged)
                return;
            if (done.Contains(step.Name))
                tell(new RunEvent.StepKept(step.Name));
            else
                await MeasureAsync(run, step, steps.Skip(at).Aggregate(TimeSpan.Zero, (sum, next) => sum + next.Expected(run)), cancellationToken);
        }
    }

    private async Task MeasureAsync(RunContext run, IStep step, TimeSpan remaining, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        tell(new RunEvent.StepStarted(step.Name, step.Expected(run), remaining));
        run.Journal.Append("step-started", ("step", step.Name));
        try
        {
            foreach (var measurement in (await step.MeasureAsync(run, cancellationToken)).Where(measurement => run.Includes(measurement.Check)))
                run.Journal.Measured(measurement);
            run.Journal.Append("step-completed", ("step", step.Name));
        }
        catch (Exception broken) when (broken is BackendBrokenException or WrongDevicesException)
        {
            var reason = Short(broken.Message);
            // what does not stay up was not deployed: OPS-01 fails with whatever was being measured
            foreach (var check in step.Checks.Append("OPS-01").Distinct(StringComparer.Ordinal).Where(run.Includes))
                run.Journal.Measured(new Measurement { Check = check, BrokenOff = reason });
            run.Journal.Append("backend-broke", ("step", step.Name), ("reason", reason));
            tell(new RunEvent.BackendBroke(step.Name, reason));
        }

        tell(new RunEvent.StepFinished(step.Name, time.GetElapsedTime(started)));
    }

    private static async Task<(StackFacts Read, byte[] Lock)> CaptureAsync(Prepared prepared, CancellationToken cancellationToken)
    {
        var read = await LockCapture.ReadAsync(prepared, prepared.Machine, cancellationToken);
        return (read, LockCapture.LockOf(read).ToBytes());
    }

    private JournalWriter OpenJournal(RunDirectory directory, Session session)
    {
        try
        {
            return JournalWriter.Open(directory.Journal, session.Challenge, time);
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(directory.Path, 0, "", $"cannot be gone on with: {busy.Message} If another `adapt` works on it, wait for that one.")]);
        }
    }

    private static void RefuseIfOther(RunDirectory directory, RunJournal journal, HostMachine machine, ReadOnlySpan<byte> plan, ReadOnlySpan<byte> stack)
    {
        var problems = ImmutableArray.CreateBuilder<Problem>();
        if (journal.IsEmpty)
            problems.Add(new(directory.Path, 0, "", "was interrupted before it began; `adapt certify` starts a new run"));
        else if (journal.IsJudged && File.Exists(directory.Report))
            problems.Add(new(directory.Path, 0, "", $"is complete; its report is {directory.Report}"));
        else if (journal.Start("bootId") != new StackProbe(machine.Root).BootId)
            problems.Add(new(directory.Path, 0, "", "began before this machine was last started; figures from two sessions do not mix. `adapt certify` starts a new run"));
        if (!plan.SequenceEqual(RunDirectory.TryRead(directory.Plan)))
            problems.Add(new(directory.Path, 0, "plan", "profile, model, standard or keys have changed since the run began. `adapt certify` starts a new run"));
        if (!stack.SequenceEqual(RunDirectory.TryRead(directory.Lock)))
            problems.Add(new(directory.Path, 0, "combination.lock", $"this is not the stack that the run began on{LockChanges.Words(RunDirectory.TryRead(directory.Lock), stack.ToArray())}. `adapt certify` starts a new run"));
        if (problems.Count > 0)
            throw new BadInputException(problems.ToImmutable());
    }

    /// <summary>A server's own bytes may stand in a reason: what evidence refuses to hold, such as NUL, must not keep a run from being judged.</summary>
    private static string Short(string text) =>
        Clip.Beginning(new string([.. text.Select(c => c == '\n' || !(char.IsControl(c) || char.IsSurrogate(c)) ? c : '.')]), 4000);
}
