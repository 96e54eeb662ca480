namespace Adaptation.Runner;

/// <summary>The backend died, hung, flooded its log or spoke nonsense. That is evidence, not a fault of ours: it ends the measuring and fails the check.</summary>
public sealed class BackendBrokenException(string reason, Exception? cause = null) : Exception(reason, cause);

/// <summary>The model's files are not the ones that its manifest names; nothing was started with them.</summary>
/// <param name="file">The first file that differs.</param>
/// <param name="expected">SHA-256 in the manifest.</param>
/// <param name="seen">SHA-256 of the file, or null if there is none.</param>
public sealed class ModelRefusedException(string file, string expected, string? seen)
    : Core.AdaptationException($"Model file {file} is not the one that its manifest names: expected sha256 {expected}, seen {seen ?? "no such file"}. Nothing was started. Get the file again, or correct the manifest in a reviewed change.", cause: null);
