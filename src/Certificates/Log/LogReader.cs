using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>A log as a stranger reads it: its checkpoint under a policy, and proofs from its tiles, each checked before it is handed out.</summary>
public sealed class LogReader
{
    private readonly ILogSource _source;

    private LogReader(ILogSource source, VerifiedCheckpoint checkpoint) => (_source, Checkpoint) = (source, checkpoint);

    public VerifiedCheckpoint Checkpoint { get; }

    /// <exception cref="RejectedException">LOG_CHECKPOINT: there is none. Else as <see cref="VerifiedCheckpoint.Open"/>.</exception>
    public static LogReader Open(ILogSource source, LogPolicy policy, DateTimeOffset now) =>
        source.TryRead(LogFiles.Checkpoint, SignedNote.MaxBytes) is { } note
            ? new LogReader(source, VerifiedCheckpoint.Open(note, policy, now))
            : throw Rejection.Because("LOG_CHECKPOINT", $"{source.Name} has no file checkpoint: it is not a log");

    /// <summary>Looks for a leaf from the newest entry back.</summary>
    /// <returns>Its last index, or null if the log does not hold it.</returns>
    /// <exception cref="RejectedException">LOG_TILE.</exception>
    public ulong? Find(LogLeaf leaf)
    {
        for (var end = Checkpoint.Content.Size; end > 0;)
        {
            var tile = (end - 1) / LogFiles.Width;
            var start = tile * LogFiles.Width;
            if (Array.LastIndexOf(_source.Tile(0, tile, (int)(end - start)), leaf.Hash) is >= 0 and var at)
                return start + (ulong)at;
            end = start;
        }

        return null;
    }

    /// <summary>A proof that the leaf stands at this index.</summary>
    /// <exception cref="RejectedException">LOG_INDEX, LOG_TILE, or LOG_INCLUSION: another entry stands there, or the tiles do not give the signed root.</exception>
    public TlogProof Prove(LogLeaf leaf, ulong index)
    {
        var (size, root) = (Checkpoint.Content.Size, Checkpoint.Content.Root);
        if (index >= size)
            throw Rejection.Because("LOG_INDEX", $"index {index}: the log has {size} entries, numbered from 0");
        var path = new TileTree(_source, size).Inclusion(index);
        return Merkle.Includes(root, size, index, leaf.Hash, path.AsSpan())
            ? new TlogProof(leaf.Bytes, index, path, Checkpoint.Note)
            : throw Rejection.Because("LOG_INCLUSION",
                $"{_source.Name}: the tiles do not lead from this object at index {index} to the signed root {root}: another stands there, or a file is damaged, which `adapt log audit` tells");
    }

    /// <summary>A proof that this log begins with an older checkpoint's entries; empty where none is needed.</summary>
    /// <exception cref="RejectedException">As <see cref="Consistency.Require"/>, or LOG_TILE.</exception>
    public ImmutableArray<LogHash> ProveConsistency(Checkpoint older)
    {
        var newer = Checkpoint.Content;
        ImmutableArray<LogHash> proof = Consistency.CheckHeads(older, newer) ? new TileTree(_source, newer.Size).Consistency(older.Size) : [];
        Consistency.Require(older, newer, proof.AsSpan());
        return proof;
    }
}
