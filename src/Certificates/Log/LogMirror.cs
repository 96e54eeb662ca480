using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>What a mirror took over.</summary>
/// <param name="Before">Entries that it had.</param>
public sealed record MirrorReport(VerifiedCheckpoint Latest, ulong Before);

/// <summary>Copies a log into a folder and goes on from what is there. It takes the entries and computes the tiles itself, so it holds nothing that does not lead to the signed root.</summary>
public static class LogMirror
{
    /// <param name="folder">A mirror that this wrote, or a folder to be made.</param>
    /// <exception cref="RejectedException">
    /// LOG_ROLLBACK, LOG_FORK, LOG_CONSISTENCY: the source is not a later state of what the mirror holds, which stays as it is. LOG_TILE, LOG_ROOT: one of the two is damaged.
    /// Else as <see cref="LogReader.Open"/>.
    /// </exception>
    /// <exception cref="BrokenEnvironmentException">Another process writes to the mirror.</exception>
    public static MirrorReport Run(ILogSource source, string folder, LogPolicy policy, DateTimeOffset now, CancellationToken cancellationToken)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var reader = LogReader.Open(source, policy, now);
        var latest = reader.Checkpoint;
        Directory.CreateDirectory(folder);
        using var held = LogDisk.Lock(folder);
        var mirror = new LogFolder(folder);
        var before = mirror.TryRead(LogFiles.Checkpoint, SignedNote.MaxBytes) is { } note ? VerifiedCheckpoint.Open(note, policy, now).Content : null;
        if (before is not null)
            reader.ProveConsistency(before);
        var tree = before is null ? new TreeGrowth() : TreeGrowth.Load(mirror, before.Size, before.Root);
        var disk = new LogDisk();
        PendingFiles.MakeFolder(disk, folder);
        var files = new PendingFiles(disk, folder);
        LogAudit.Replay(source, tree, latest.Content.Size, files.Put, seen: [], cancellationToken);
        tree.PutEdge(files.Put);
        if (tree.Root() != latest.Content.Root)
            throw LogAudit.OtherRoot(source, tree, latest.Content);
        files.Sync();
        PendingFiles.Publish(disk, Path.Combine(folder, LogFiles.Checkpoint), latest.Note.AsSpan());
        files.RemovePartialOfFull();
        return new MirrorReport(latest, before?.Size ?? 0);
    }
}
