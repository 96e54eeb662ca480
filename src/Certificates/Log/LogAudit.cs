namespace Adaptation.Certificates;

/// <summary>What an audit recomputed.</summary>
/// <param name="Older">The earlier state that was found in the log; null if none was given.</param>
/// <param name="State">What the verifier has to remember now; null if it remembers nothing.</param>
public sealed record AuditReport(VerifiedCheckpoint Latest, VerifiedCheckpoint? Older, VerifierState? State);

/// <summary>Recomputes a whole log from its entries: every tile, the root, and the root at the size of an older checkpoint. Nothing that the log computed is taken over.</summary>
public static class LogAudit
{
    private const int TileBytes = LogFiles.Width * LogHash.Bytes;

    /// <inheritdoc cref="Run(ILogSource, LogPolicy, byte[], VerifierState, DateTimeOffset, CancellationToken)"/>
    public static AuditReport Run(ILogSource source, LogPolicy policy, byte[]? older, DateTimeOffset now, CancellationToken cancellationToken) =>
        Run(source, policy, older, state: null, now, cancellationToken);

    /// <param name="older">A checkpoint that was seen before, signed, under the same policy; null: none.</param>
    /// <param name="state">Of a verifier that remembers what it has seen of the log; null: it does not.</param>
    /// <exception cref="RejectedException">
    /// LOG_ROLLBACK, LOG_FORK, LOG_CONSISTENCY: not a later state of the older one. LOG_TILE: a file is missing, torn or wrong. LOG_ROOT: the entries do not give the signed root.
    /// Else as <see cref="LogReader.Open"/>.
    /// </exception>
    public static AuditReport Run(ILogSource source, LogPolicy policy, byte[]? older, VerifierState? state, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var before = older is { } note ? VerifiedCheckpoint.Open(note, policy, now) : null;
        var latest = LogReader.Open(source, policy, now).Checkpoint;
        Checkpoint[] seen = [.. new[] { before?.Content, state?.LastOf(latest.Content.Origin) }.OfType<Checkpoint>()];
        foreach (var earlier in seen)
            Consistency.CheckHeads(earlier, latest.Content);
        var tree = new TreeGrowth();
        void Compare(string path, ReadOnlySpan<byte> expected)
        {
            if (!path.StartsWith("tile/entries/", StringComparison.Ordinal)) // those are what was read
                RequireSame(source, path, expected);
        }

        Replay(source, tree, latest.Content.Size, Compare, seen, cancellationToken);
        tree.PutEdge(Compare);
        return tree.Root() == latest.Content.Root ? new AuditReport(latest, before, state?.WithSeen(latest.Content)) : throw OtherRoot(source, tree, latest.Content);
    }

    /// <summary>Appends a source's entries to a tree, from where the tree ends.</summary>
    /// <param name="seen">Where the tree reaches the size of one, it must have its root.</param>
    internal static void Replay(ILogSource source, TreeGrowth tree, ulong size, PutFile put, ReadOnlySpan<Checkpoint> seen, CancellationToken cancellationToken)
    {
        while (tree.Size < size)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bundle = tree.Size / LogFiles.Width;
            var width = (int)Math.Min(LogFiles.Width, size - bundle * LogFiles.Width);
            foreach (var entry in source.Entries(bundle, width)[(int)(tree.Size % LogFiles.Width)..])
            {
                tree.Append(entry.Span, put);
                foreach (var older in seen)
                    if (tree.Size == older.Size && tree.Root() != older.Root)
                        throw Consistency.Broken(older, new Checkpoint(older.Origin, size, tree.Root()));
            }
        }
    }

    internal static RejectedException OtherRoot(ILogSource source, TreeGrowth tree, Checkpoint signed) =>
        Rejection.Because("LOG_ROOT", $"{source.Name}: the {signed.Size} entries give the root {tree.Root()}; the checkpoint says {signed.Root}");

    private static void RequireSame(ILogSource source, string path, ReadOnlySpan<byte> expected)
    {
        var seen = source.TryRead(path, TileBytes);
        var partial = path.IndexOf(".p/", StringComparison.Ordinal);
        if (seen is null && partial >= 0 && source.TryRead(path[..partial], TileBytes) is { Length: TileBytes } full)
            seen = full[..expected.Length]; // the log has grown since
        if (seen is null)
            throw Rejection.Because("LOG_TILE", $"{source.Name}: {path} is missing; the checkpoint's size asks for it");
        if (!expected.SequenceEqual(seen))
            throw Rejection.Because("LOG_TILE", $"{source.Name}: {path} is not what the entries give: a tile or an entry was changed, swapped or torn");
    }
}
