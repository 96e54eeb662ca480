namespace Adaptation.Runner;

/// <summary>The backend died, hung, flooded its log or spoke nonsense. That is evidence, not a fault of ours: it ends the measuring and fails the check.</summary>
public sealed class BackendBrokenException(string reason, Exception? cause = null) : Exception(reason, cause)
{
    /// <summary>What whoever waited for it saw.</summary>
    public BackendEnd End { get; init; }
}

/// <summary>The container of the server under test does not hold exactly the planned devices, or they cannot be seen: no answer of it counts.</summary>
/// <remarks>No <see cref="BackendBrokenException"/>: a step that allows a server to break off does not allow it another accelerator, or none.</remarks>
public sealed class WrongDevicesException(string reason) : Core.AdaptationException(reason, cause: null);

/// <summary>How a backend broke off, as seen from outside.</summary>
public enum BackendEnd
{
    /// <summary>It runs on and does not answer, answers nonsense, or was stopped for what it did.</summary>
    Silent,

    /// <summary>Its process ended.</summary>
    Ended,

    /// <summary>It answered that it cannot.</summary>
    Refused,
}

/// <summary>The model's files are not the ones that its manifest names; nothing was started with them.</summary>
/// <param name="file">The first file that differs.</param>
/// <param name="expected">SHA-256 in the manifest.</param>
/// <param name="seen">SHA-256 of the file, or null if there is none.</param>
public sealed class ModelRefusedException(string file, string expected, string? seen)
    : Core.AdaptationException($"Model file {file} is not the one that its manifest names: expected sha256 {expected}, seen {seen ?? "no such file"}. Nothing was started. Get the file again, or correct the manifest in a reviewed change.", cause: null);
