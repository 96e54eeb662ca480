using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Certificates;

/// <summary>A log's signing key with what belongs to it: <c>NAME.pem</c> (secret), <c>NAME.policy</c> (public, for verifiers) and <c>NAME.memory</c> (what it signs). <c>NAME.lock</c> is held while it is in use.</summary>
/// <remarks>
/// The memory lies with the key, not with the log: a log's folder that is brought back from a copy does not bring the memory back with it, so the key finds out that it would sign
/// another history. It holds the three lines of the last checkpoint, is on the disk before the key signs them, and is no secret.
/// </remarks>
public sealed class LogKey : IDisposable
{
    private const string Remedy = "Make a log with `adapt log new`.";

    private readonly LibCrypto.KeyHandle _key;
    private readonly SafeFileHandle _lock;

    private LogKey(LibCrypto.KeyHandle key, NoteKey known, string path, SafeFileHandle held) =>
        (_key, Public, MemoryPath, _lock) = (key, known, MemoryPathOf(path), held);

    /// <summary>What verifiers know; its name is the log's origin.</summary>
    public NoteKey Public { get; }

    internal string MemoryPath { get; }

    /// <summary>Where the public policy of a private key's file lies: one log, no witness.</summary>
    public static string PolicyPathOf(string keyPath) => Path.ChangeExtension(keyPath, ".policy");

    /// <summary>Where the last checkpoint that a key signed, or was about to, lies.</summary>
    public static string MemoryPathOf(string keyPath) => Path.ChangeExtension(keyPath, ".memory");

    /// <summary>Makes a key for a new log; the secret file last, so that there is none without its memory.</summary>
    /// <exception cref="RejectedException">LOG_KEY: the origin is no name that notes can carry.</exception>
    /// <exception cref="IOException">One of the three files is there already, or cannot be written.</exception>
    public static NoteKey Create(string path, string origin)
    {
        SelfTest.Run();
        path = Path.GetFullPath(path);
        foreach (var file in (ReadOnlySpan<string>)[path, PolicyPathOf(path), MemoryPathOf(path)])
            if (File.Exists(file))
                throw new IOException($"{file} is there already; a key is never written over");
        var pem = Ed25519.GeneratePem();
        using var key = Ed25519.TryImport(DerOf(pem))!;
        var known = NoteKey.For(origin, NoteKeyType.Log, Ed25519.PublicKey(key));
        var disk = new LogDisk();
        PendingFiles.Publish(disk, PolicyPathOf(path), Encoding.UTF8.GetBytes($"log {known}\nquorum none\n"));
        PendingFiles.Publish(disk, MemoryPathOf(path), Encoding.UTF8.GetBytes(new Checkpoint(origin, 0, Merkle.EmptyRoot).ToText()));
        PrivateKeyFile.Write(path, pem);
        disk.Sync(Path.GetDirectoryName(path)!);
        return known;
    }

    /// <summary>Opens a key for writing to its log, and holds it: nobody else signs with this file meanwhile.</summary>
    /// <exception cref="BadInputException">A file is missing, open to others, damaged, or the policy is of another key.</exception>
    /// <exception cref="BrokenEnvironmentException">Another process holds the key.</exception>
    public static LogKey Open(string path)
    {
        SelfTest.Run();
        path = Path.GetFullPath(path);
        SafeFileHandle? held = null;
        LibCrypto.KeyHandle? key = null;
        try
        {
            key = Read(path);
            held = LogDisk.LockFile(Path.ChangeExtension(path, ".lock"));
            var bytes = Ed25519.PublicKey(key);
            var known = LogPolicy.Read(File.ReadAllBytes(PolicyPathOf(path))).Logs.FirstOrDefault(log => log.PublicKey.AsSpan().SequenceEqual(bytes))
                ?? throw Bad(PolicyPathOf(path), $"names no log of the key that lies beside it. {Remedy}");
            return new LogKey(key, known, path, held);
        }
        catch (Exception failed)
        {
            held?.Dispose();
            key?.Dispose();
            switch (failed)
            {
                case RejectedException refused:
                    throw Bad(PolicyPathOf(path), refused.Message);
                case IOException or UnauthorizedAccessException:
                    throw Bad(path, $"the key or what belongs to it cannot be read: {failed.Message}. {Remedy}");
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
        return Encoding.UTF8.GetBytes($"{text}\n{SignedNote.WriteLine(Public, Ed25519.Sign(_key, Encoding.UTF8.GetBytes(text)))}");
    }

    private static LibCrypto.KeyHandle Read(string path)
    {
        try
        {
            var der = PrivateKeyFile.Read(path, Remedy);
            var key = Ed25519.TryImport(der);
            CryptographicOperations.ZeroMemory(der);
            return key ?? throw Bad(path, $"is not an Ed25519 private key in PEM. {Remedy}");
        }
        catch (BrokenEnvironmentException unusable)
        {
            throw Bad(path, unusable.Message);
        }
    }

    private static BadInputException Bad(string file, string why) => new([new Problem(file, 0, "--key", why)]);

    private static byte[] DerOf(byte[] pem)
    {
        var text = Encoding.ASCII.GetString(pem);
        return PemEncoding.TryFind(text, out var fields) ? Convert.FromBase64String(text[fields.Base64Data]) : [];
    }
}
