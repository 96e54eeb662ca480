using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What an examination of a machine found.</summary>
public enum ExaminationState
{
    Ok,

    /// <summary>A run would fail or mean nothing until this is mended.</summary>
    Missing,

    /// <summary>Nobody has stated what is needed, or it cannot be read here. Never as good as <see cref="Ok"/>.</summary>
    Unknown,

    /// <summary>This profile, or this way of starting it, does without.</summary>
    NotNeeded,
}

/// <summary>One thing of a machine, looked at before anything is started.</summary>
/// <param name="Id">For programs, and stable: <c>nodes</c>, <c>version.driver</c>.</param>
/// <param name="Seen">What was found, against what was looked for.</param>
public sealed record Examination(string Id, LocalText What, ExaminationState State, LocalText Seen)
{
    /// <summary>At least one wherever something is missing.</summary>
    public ImmutableArray<Remedy> Remedies { get; init; } = [];

    /// <summary>Remarks that change nothing about the state.</summary>
    public ImmutableArray<LocalText> Notes { get; init; } = [];

    /// <summary>Whether a run is refused, or ends without a certificate, for as long as this is not known.</summary>
    public bool PreventsRun { get; init; }

    /// <summary>Whether it is had by a command that fetches it.</summary>
    public bool MustBeFetched { get; init; }
}

/// <param name="What">What it does, or why.</param>
/// <param name="Command">To be typed as it stands; null where there is none that would do.</param>
public sealed record Remedy(LocalText What, string? Command);

/// <summary>What is examined; makes its examination.</summary>
internal sealed record Subject(string Id, string En, string Zh)
{
    public Examination Ok(string en, string zh) => Is(ExaminationState.Ok, en, zh);

    public Examination Missing(string en, string zh, params ImmutableArray<Remedy> remedies) => Is(ExaminationState.Missing, en, zh) with { Remedies = remedies };

    public Examination Unknown(string en, string zh, params ImmutableArray<Remedy> remedies) => Is(ExaminationState.Unknown, en, zh) with { Remedies = remedies };

    public Examination NotNeeded(string en, string zh) => Is(ExaminationState.NotNeeded, en, zh);

    private Examination Is(ExaminationState state, string en, string zh) => new(Id, new(En, Zh), state, new(en, zh));
}
