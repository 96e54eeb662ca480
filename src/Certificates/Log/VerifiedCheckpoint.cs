using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Adaptation.Certificates;

/// <summary>A witness that has seen a checkpoint, and when by its own clock.</summary>
public sealed record Cosigner(NoteKey Key, DateTimeOffset At);

/// <summary>A checkpoint that a believed log signed and enough witnesses have seen. There is no other way to get one.</summary>
public sealed class VerifiedCheckpoint
{
    /// <summary>How far a witness's clock may be ahead of ours.</summary>
    private static readonly TimeSpan ClockError = TimeSpan.FromSeconds(300);

    private VerifiedCheckpoint(Checkpoint content, NoteKey log, ImmutableArray<Cosigner> witnesses, ImmutableArray<byte> note) =>
        (Content, Log, Witnesses, Note) = (content, log, witnesses, note);

    public Checkpoint Content { get; }

    public NoteKey Log { get; }

    /// <summary>Those of the policy that cosigned, in its order.</summary>
    public ImmutableArray<Cosigner> Witnesses { get; }

    /// <summary>The signed note as it was read, lines of unknown keys included.</summary>
    public ImmutableArray<byte> Note { get; }

    /// <summary>Checks form, origin, the log's signature, the witnesses' and the quorum, in this order.</summary>
    /// <exception cref="RejectedException">
    /// LOG_NOTE_FORMAT, LOG_ORIGIN, LOG_UNSIGNED, LOG_NOTE_SIG (a line of a known key does not verify), SIG_RANGE, LOG_WITNESS_TIME, LOG_WITNESS_DUP or LOG_QUORUM.
    /// </exception>
    public static VerifiedCheckpoint Open(ReadOnlySpan<byte> note, LogPolicy policy, DateTimeOffset now)
    {
        var read = SignedNote.Read(note);
        var content = Checkpoint.Read(read.Text);
        var logs = policy.Logs.Where(key => key.Name == content.Origin).ToList();
        if (logs.Count == 0)
            throw Rejection.Because("LOG_ORIGIN", $"the checkpoint is of {JsonGate.Quote(content.Origin)}; the policy believes {string.Join(", ", policy.Logs.Select(key => key.Name))}");
        NoteKey? log = null;
        foreach (var key in logs)
        {
            if (read.Of(key, "LOG_NOTE_FORMAT") is not { } signature)
                continue;
            Require(key, Encoding.UTF8.GetBytes(read.Text), signature.Value.AsSpan());
            log ??= key;
        }

        if (log is null)
            throw Rejection.Because("LOG_UNSIGNED", $"the checkpoint of {content.Origin} carries no signature of a key that the policy believes for it");
        var witnesses = policy.Witnesses
            .Select(key => (Key: key, Signature: read.Of(key, "LOG_WITNESS_DUP")))
            .Where(pair => pair.Signature is not null)
            .Select(pair => Check(pair.Key, read.Text, pair.Signature!, now)).ToImmutableArray();
        return policy.IsMetBy(witnesses.Select(witness => witness.Key).ToHashSet())
            ? new VerifiedCheckpoint(content, log, witnesses, [.. note])
            : throw Rejection.Because("LOG_QUORUM",
                $"the policy asks that {policy.Quorum} have seen the checkpoint; of its witnesses {(witnesses.IsEmpty ? "none has" : "only " + string.Join(", ", witnesses.Select(witness => witness.Key.Name)) + " has")}");
    }

    /// <summary>The message of a witness's signature.</summary>
    internal static byte[] CosignedMessage(ulong time, string text) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {time}\n{text}"));

    private static Cosigner Check(NoteKey key, string text, NoteSignature signature, DateTimeOffset now)
    {
        if (signature.Value.Length != sizeof(ulong) + Ed25519.SignatureBytes)
            throw Rejection.Because("LOG_NOTE_SIG", $"the line of the witness {key.Name} is no cosignature: {signature.Value.Length} bytes, expected 72");
        var seconds = BinaryPrimitives.ReadUInt64BigEndian(signature.Value.AsSpan());
        Require(key, CosignedMessage(seconds, text), signature.Value.AsSpan()[sizeof(ulong)..]);
        return seconds <= (ulong)now.Add(ClockError).ToUnixTimeSeconds()
            ? new Cosigner(key, DateTimeOffset.FromUnixTimeSeconds((long)seconds))
            : throw Rejection.Because("LOG_WITNESS_TIME",
                $"the witness {key.Name} signed at {seconds} s of Unix time, more than {ClockError.TotalSeconds:0} s after now, {UtcText.Write(now)}: one of the two clocks is wrong");
    }

    private static void Require(NoteKey key, byte[] message, ReadOnlySpan<byte> signature)
    {
        switch (Ed25519.Refuse(key.PublicKey.AsSpan(), message, signature))
        {
            case null:
                return;
            case "SIG_RANGE":
                throw Rejection.Because("SIG_RANGE", $"the signature of {key.Name} holds a number that is not below the order of the group");
            default:
                throw Rejection.Because("LOG_NOTE_SIG", $"the line of {key.Name} does not verify under its key: the checkpoint was changed, or another key signed it");
        }
    }
}
