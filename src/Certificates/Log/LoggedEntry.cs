namespace Adaptation.Certificates;

/// <summary>An entry that was shown to stand in a believed log. There is no other way to get one.</summary>
public sealed class LoggedEntry
{
    private LoggedEntry(ulong index, VerifiedCheckpoint checkpoint) => (Index, Checkpoint) = (index, checkpoint);

    public ulong Index { get; }

    /// <summary>What the log had signed when the proof was made; compare it with what was seen before by <see cref="Consistency.Require"/>.</summary>
    public VerifiedCheckpoint Checkpoint { get; }

    /// <summary>Checks the proof's form, its checkpoint, and that the leaf stands where it says.</summary>
    /// <param name="file">Null: there is no proof.</param>
    /// <param name="leaf">Made by the verifier from what it verified, never taken from the proof.</param>
    /// <exception cref="RejectedException">
    /// LOG_NO_PROOF, LOG_PROOF_FORMAT, LOG_ROOT_SOURCE, those of <see cref="VerifiedCheckpoint.Open"/>, LOG_INDEX (at or beyond the size), LOG_INCLUSION (the path does not lead to the root);
    /// in its place, where the proof's extra line tells, LOG_OTHER_LEAF (a proof of another object) or LOG_SIGNER_SET (of this one by other signers).
    /// </exception>
    public static LoggedEntry Verify(byte[]? file, LogLeaf leaf, LogPolicy policy, DateTimeOffset now)
    {
        if (file is null)
            throw Rejection.Because("LOG_NO_PROOF", "there is no proof that the object was logged");
        var proof = TlogProof.Read(file);
        var checkpoint = VerifiedCheckpoint.Open(proof.Note.AsSpan(), policy, now);
        var (size, root) = (checkpoint.Content.Size, checkpoint.Content.Root);
        if (proof.Index >= size)
            throw Rejection.Because("LOG_INDEX", $"the proof is of index {proof.Index}; the log has {size} entries, numbered from 0");
        if (Merkle.Includes(root, size, proof.Index, leaf.Hash, proof.Path.AsSpan()))
            return new LoggedEntry(proof.Index, checkpoint);
        if (proof.Extra is not { } extra || !Merkle.Includes(root, size, proof.Index, Merkle.Leaf(extra.AsSpan()), proof.Path.AsSpan()))
            throw Rejection.Because("LOG_INCLUSION", $"the path does not lead from this object at index {proof.Index} to the root {root} of {size} entries");
        throw leaf.HasContentOf(extra.AsSpan())
            ? Rejection.Because("LOG_SIGNER_SET", $"entry {proof.Index} is of the same content, signed by others: a signature was taken away, added or exchanged")
            : Rejection.Because("LOG_OTHER_LEAF", $"the proof is of another object, which stands at index {proof.Index}");
    }
}
