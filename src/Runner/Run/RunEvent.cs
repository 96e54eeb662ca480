using System.Collections.Immutable;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a user is told while a run goes on. The journal holds more; this is for eyes and scripts.</summary>
public abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>Something is fetched, built or installed, which may take a while.</summary>
    public sealed record Preparing(string What) : RunEvent;

    /// <param name="Directory">Where the run's evidence, report and certificate go.</param>
    public sealed record Started(string RunId, string Directory, Plan Plan, ImmutableArray<PlannedStep> Steps) : RunEvent;

    public sealed record StepStarted(string Step, TimeSpan Expected, TimeSpan Remaining) : RunEvent;

    /// <summary>The step was carried out before the run was interrupted.</summary>
    public sealed record StepKept(string Step) : RunEvent;

    public sealed record StepFinished(string Step, TimeSpan Took) : RunEvent;

    /// <summary>The backend broke off: that is evidence, and the end of this run's measuring.</summary>
    public sealed record BackendBroke(string Step, string Reason) : RunEvent;

    /// <param name="Clause">As the suite applies it.</param>
    public sealed record Judged(Clause Clause, Finding Finding) : RunEvent;

    /// <param name="Certificate">Path of the certificate, or null if none was issued.</param>
    public sealed record Finished(string RunId, Judgement Judgement, string Report, string Evidence, string? Certificate) : RunEvent
    {
        /// <summary>The stack after the run is not the one before it, so that nothing is certified whatever the checks say.</summary>
        public bool StackChanged { get; init; }

        /// <summary>In which fields it differs, each with what it was before and after.</summary>
        public ImmutableArray<LockDifference> Changes { get; init; } = [];
    }
}

/// <param name="Checks">Clause ids that the step measures.</param>
public sealed record PlannedStep(string Name, LocalText Title, ImmutableArray<string> Checks, TimeSpan Expected);
