using System.Text;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Certificates;

/// <summary>A log's signing key with what belongs to it: beside <c>NAME.key</c> (<see cref="KeyFile"/>) lie <c>NAME.policy</c> (public, for verifiers) and <c>NAME.memory</c> (what it signs). <c>NAME.lock</c> is held while it is in use.</summary>
/// <remarks>
/// The memory lies with the key, not with the log: a log's folder that is brought back from a copy does not bring the memory back with it, so the key finds out that it would sign
/// another history. It holds the three lines of the last checkpoint, is on the disk before the key signs them, and is no secret.
/// </remarks>
public sealed class LogKey : IDisposable
{
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

    /// <summary>Gives a key its log: writes its policy and its memory, of a log without entries.</summary>
    /// <param name="path">Of the private key, which is not opened.</param>
    /// <exception cref="RejectedException">LOG_KEY: the origin is no name that notes can carry, or the key is none of a log.</exception>
    /// <exception cref="IOException">One of the two files is there already, or cannot be written.</exception>
    public static NoteKey Create(string path, string origin, KeyRecord key)
    {
        path = Path.GetFullPath(path);
        foreach (var file in (ReadOnlySpan<string>)[PolicyPathOf(path), MemoryPathOf(path)])
            if (File.Exists(file))
                throw new IOException($"{file} is there already; a key has one log for ever");
        var known = NoteKey.For(origin, NoteKeyType.Log, PublicKey(key));
        var disk = new LogDisk();
        PendingFiles.Publish(disk, MemoryPathOf(path), Encoding.UTF8.GetBytes(new Checkpoint(origin, 0, Merkle.EmptyRoot).ToText()));
        PendingFiles.Publish(disk, PolicyPathOf(path), Encoding.UTF8.GetBytes($"log {known}\nquorum none\n"));
        return known;
    }

    /// <summary>Opens a key for writing to its log, and holds it: nobody else signs with this file meanwhile.</summary>
    /// <param name="path">Of the private key: what belongs to it lies beside it.</param>
    /// <param name="key">Opened from there; disposed with this, and where this fails.</param>
    /// <exception cref="BadInputException">What belongs to the key is missing or damaged, or the policy is of another key.</exception>
    /// <exception cref="BrokenEnvironmentException">Another process holds the key.</exception>
    public static LogKey Open(string path, ISigner key)
    {
        path = Path.GetFullPath(path);
        SafeFileHandle? held = null;
        try
        {
            held = LogDisk.LockFile(Path.ChangeExtension(path, ".lock"));
            var bytes = PublicKey(key.Key);
            var known = LogPolicy.Read(File.ReadAllBytes(PolicyPathOf(path))).Logs.FirstOrDefault(log => log.PublicKey.AsSpan().SequenceEqual(bytes))
                ?? throw Bad(PolicyPathOf(path), "names no log of the key that lies beside it; `adapt log new` writes it");
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
                    throw Bad(PolicyPathOf(path), $"what belongs to the key cannot be read: {failed.Message}. `adapt log new` writes it");
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
        : throw Rejection.Because("LOG_KEY", $"{key.KeyId} is a key of {Words.Of(key.Duty)}, {Words.Of(key.Algorithm)}; a log signs with one of the role log: `adapt keys new NAME.key --role log`");

    private static BadInputException Bad(string file, string why) => new([new Problem(file, 0, "--key", why)]);
}
