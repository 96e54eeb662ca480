using System.Text;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Certificates;

/// <summary>A log's signing key with what belongs to it: beside <c>NAME.key</c> (<see cref="KeyFile"/>) lie <c>NAME.policy</c> (public, for verifiers) and <c>NAME.memory</c> (what it signs). <c>NAME.lock</c> is held while it is in use.</summary>
/// <remarks>
/// The memory lies with the key, not with the log: a log's folder that is brought back from a copy does not bring the memory back with it, so the key finds out that it would sign
/// another history. It holds the three lines of the last checkpoint, is on the disk before the key signs them, and is no secret. A history begins with a key that was drawn for it, and
/// never again: a key that is there may have signed. The last line of its file says which log it is of, so that a copy of it says so too.
/// </remarks>
public sealed class LogKey : IDisposable
{
    private const string OriginLine = "log ";

    private readonly ISigner _key;
    private readonly SafeFileHandle _lock;

    private LogKey(ISigner key, NoteKey known, string path, SafeFileHandle held) =>
        (_key, Public, MemoryPath, _lock) = (key, known, MemoryPathOf(path), held);

    /// <summary>What verifiers know; its name is the log's origin.</summary>
    public NoteKey Public { get; }

    internal string MemoryPath { get; }

    /// <summary>Where the public policy of a private key's file lies: one log, no witness.</summary>
    public static string PolicyPathOf(string keyPath) => Path.ChangeExtension(keyPath, ".policy");

    /// <summary>Where the last checkpoint that a key signed, or was about to, lies.</summary>
    public static string MemoryPathOf(string keyPath) => Path.ChangeExtension(keyPath, ".memory");

    /// <summary>Draws a key for a log without entries, and opens it. There is no other way to begin a log.</summary>
    /// <param name="path">Of the private key, which must not be there yet.</param>
    /// <exception cref="RejectedException">LOG_KEY: the origin is no name that notes can carry. KEY_*: as <see cref="KeyFile.Create(string, KeySpec, PassphrasePrompt, TimeProvider)"/>.</exception>
    /// <exception cref="IOException">One of the files is there already, or cannot be written.</exception>
    public static LogKey Create(string path, string origin, KeyEnvironment environment, TimeSpan life, PassphrasePrompt prompt, TimeProvider time)
    {
        path = Path.GetFullPath(path);
        if (!NoteKey.IsName(origin))
            throw Rejection.Because("LOG_KEY", $"{JsonGate.Quote(origin)} is no name for a log: expected 1 to 255 characters without spaces, controls and +");
        if (File.Exists(path))
            throw new IOException($"{path} is there already, and may have signed: a log begins with a key of its own, drawn for it. To go on with a log whose memory was lost: `adapt log resume`");
        RefuseBelongings(path);
        Passphrase? given = null;
        Passphrase Keep(string what, bool isNew)
        {
            var passphrase = prompt(what, isNew);
            given = new Passphrase(passphrase.Bytes);
            return passphrase;
        }

        try
        {
            Give(path, origin, KeyFile.Create(path, new KeySpec { Algorithm = KeyAlgorithm.Ed25519, Duty = KeyDuty.Log, Environment = environment, Life = life }, Keep, time));
            return Open(path, KeyFile.Open(path, (_, _) => given!), time.GetUtcNow());
        }
        finally
        {
            given?.Dispose();
        }
    }

    /// <summary>Gives a key that was just drawn its log: its name in the key's file, memory and policy.</summary>
    /// <exception cref="RejectedException">LOG_KEY: the origin is no name that notes can carry, or the key is none of a log.</exception>
    /// <exception cref="IOException">One of the files is there already, or cannot be written.</exception>
    internal static NoteKey Give(string path, string origin, KeyRecord key)
    {
        path = Path.GetFullPath(path);
        RefuseBelongings(path);
        var known = NoteKey.For(origin, NoteKeyType.Log, PublicKey(key));
        var disk = new LogDisk();
        PendingFiles.MakeFolder(disk, Path.GetDirectoryName(path)!);
        File.AppendAllText(path, $"{OriginLine}{origin}\n");
        disk.Sync(path);
        PendingFiles.Publish(disk, MemoryPathOf(path), Encoding.UTF8.GetBytes(new Checkpoint(origin, 0, Merkle.EmptyRoot).ToText()));
        PendingFiles.Publish(disk, PolicyPathOf(path), PolicyOf(known));
        return known;
    }

    /// <summary>Replaces a memory that was lost by what others have seen of the log. Whatever the key signed after that checkpoint becomes a fork.</summary>
    /// <param name="path">Of the private key, which is not opened; its policy is written too where it is lost.</param>
    /// <param name="key">Its record.</param>
    /// <param name="checkpoint">The last that anyone has seen, signed by this key; witnesses as the policy asks.</param>
    /// <exception cref="RejectedException">LOG_ORIGIN: of another log than the key. LOG_KEY: by another key. Else as <see cref="VerifiedCheckpoint.Open"/>.</exception>
    /// <exception cref="IOException">There is a memory, or it cannot be written.</exception>
    public static VerifiedCheckpoint Resume(string path, KeyRecord key, LogPolicy policy, ReadOnlySpan<byte> checkpoint, DateTimeOffset now)
    {
        path = Path.GetFullPath(path);
        using var held = LogDisk.LockFile(Path.ChangeExtension(path, ".lock"));
        if (File.Exists(MemoryPathOf(path)))
            throw new IOException($"{MemoryPathOf(path)} is there: what the key signed last is known, and not replaced");
        var (origin, seen) = (OriginOf(path), VerifiedCheckpoint.Open(checkpoint, policy, now));
        if (seen.Content.Origin != origin)
            throw Rejection.Because("LOG_ORIGIN", $"the checkpoint is of {JsonGate.Quote(seen.Content.Origin)}; {path} is the key of {JsonGate.Quote(origin)}");
        if (!seen.Log.PublicKey.AsSpan().SequenceEqual(PublicKey(key)))
            throw Rejection.Because("LOG_KEY", $"the checkpoint was signed by another key of {origin} than {key.KeyId}");
        var disk = new LogDisk();
        PendingFiles.MakeFolder(disk, Path.GetDirectoryName(path)!);
        if (!File.Exists(PolicyPathOf(path)))
            PendingFiles.Publish(disk, PolicyPathOf(path), PolicyOf(seen.Log));
        PendingFiles.Publish(disk, MemoryPathOf(path), Encoding.UTF8.GetBytes(seen.Content.ToText()));
        return seen;
    }

    /// <summary>Opens a key for writing to its log, and holds it: nobody else signs with this file meanwhile.</summary>
    /// <param name="path">Of the private key: what belongs to it lies beside it.</param>
    /// <param name="key">Opened from there; disposed with this, and where this fails.</param>
    /// <exception cref="BadInputException">What belongs to the key is missing, damaged or of another key, or the key is not in force (KEY_WINDOW, KEY_REVOKED).</exception>
    /// <exception cref="BrokenEnvironmentException">Another process holds the key.</exception>
    public static LogKey Open(string path, ISigner key, DateTimeOffset now)
    {
        path = Path.GetFullPath(path);
        SafeFileHandle? held = null;
        try
        {
            held = LogDisk.LockFile(Path.ChangeExtension(path, ".lock"));
            var (bytes, origin) = (PublicKey(key.Key), OriginOf(path));
            if (key.Key.RefuseAt(now) is { } why)
                throw Bad(KeyFile.TrustPath(path), $"{why.Code}: {why.Message}. Nothing is signed. 密钥不在有效期内或已吊销，拒绝签名。");
            var known = LogPolicy.Read(File.ReadAllBytes(PolicyPathOf(path))).Logs.FirstOrDefault(log => log.Name == origin && log.PublicKey.AsSpan().SequenceEqual(bytes))
                ?? throw Bad(PolicyPathOf(path), $"names no log {origin} of the key that lies beside it: bring back the one that belongs to it");
            return new LogKey(key, known, path, held);
        }
        catch (Exception failed)
        {
            held?.Dispose();
            key.Dispose();
            switch (failed)
            {
                case RejectedException refused:
                    throw Bad(PolicyPathOf(path), refused.Message);
                case IOException or UnauthorizedAccessException:
                    throw Bad(PolicyPathOf(path), $"what belongs to the key cannot be read: {failed.Message}. Bring it back: verifiers have the policy");
                default:
                    throw;
            }
        }
    }

    /// <summary>Releases the key.</summary>
    public void Dispose()
    {
        _key.Dispose();
        _lock.Dispose();
    }

    /// <summary>The signed note of a checkpoint. Whoever calls this has made sure that it continues the last one.</summary>
    internal byte[] Sign(Checkpoint checkpoint)
    {
        var text = checkpoint.ToText();
        return Encoding.UTF8.GetBytes($"{text}\n{SignedNote.WriteLine(Public, _key.Sign(Encoding.UTF8.GetBytes(text)))}");
    }

    private static byte[] PublicKey(KeyRecord key) => key is { Algorithm: KeyAlgorithm.Ed25519, Duty: KeyDuty.Log }
        ? [.. key.Spki[^Ed25519.KeyBytes..]]
        : throw Rejection.Because("LOG_KEY", $"{key.KeyId} is a key of {Words.Of(key.Duty)}, {Words.Of(key.Algorithm)}; a log signs with one of the role log, drawn for it");

    private static byte[] PolicyOf(NoteKey log) => Encoding.UTF8.GetBytes($"log {log}\nquorum none\n");

    private static void RefuseBelongings(string path)
    {
        foreach (var file in (ReadOnlySpan<string>)[PolicyPathOf(path), MemoryPathOf(path)])
            if (File.Exists(file))
                throw new IOException($"{file} is there already; a key has one log for ever");
    }

    /// <summary>The last line of a key's file, behind what PEM has.</summary>
    private static string OriginOf(string path) =>
        (LogFolder.ReadFile(path, SignedNote.MaxBytes) is { } file ? Encoding.UTF8.GetString(file) : "").Split('\n').FirstOrDefault(line => line.StartsWith(OriginLine, StringComparison.Ordinal))?[OriginLine.Length..]
        ?? throw Bad(path, "has no last line `log NAME`: it was not drawn for a log, or the line was lost when it was encrypted anew; then put it back");

    private static BadInputException Bad(string file, string why) => new([new Problem(file, 0, "--key", why)]);
}
