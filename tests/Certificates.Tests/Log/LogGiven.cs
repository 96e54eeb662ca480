using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>A key of a log or witness that a test signs with as it likes, wrongly too.</summary>
internal sealed class TestNoteKey
{
    private readonly LibCrypto.KeyHandle _key;

    public TestNoteKey(string name, NoteKeyType type, byte seed)
    {
        _key = Ed25519.TryImport([.. Convert.FromHexString("302e020100300506032b657004220420"), .. Enumerable.Repeat(seed, 32)])!;
        Public = NoteKey.For(name, type, Ed25519.PublicKey(_key));
    }

    public NoteKey Public { get; }

    public byte[] Sign(string message) => Ed25519.Sign(_key, Encoding.UTF8.GetBytes(message));

    /// <summary>The line of a log's key under a text.</summary>
    public string Line(string text) => SignedNote.WriteLine(Public, Sign(text));

    /// <summary>The line of a witness's key under a checkpoint.</summary>
    public string Line(string text, DateTimeOffset at)
    {
        var value = new byte[72];
        BinaryPrimitives.WriteUInt64BigEndian(value, (ulong)at.ToUnixTimeSeconds());
        Sign($"cosignature/v1\ntime {at.ToUnixTimeSeconds()}\n{text}").CopyTo(value, 8);
        return SignedNote.WriteLine(Public, value);
    }
}

/// <summary>A log, its key, its witnesses and what they signed; a test changes the one fact it is about.</summary>
internal static class LogGiven
{
    public const string Origin = "hwcert.example.org/log1";

    public static readonly TestNoteKey Log = new(Origin, NoteKeyType.Log, 1);

    public static readonly TestNoteKey Witness = new("witness.example.org/w1", NoteKeyType.Witness, 2);

    public static readonly TestNoteKey OtherWitness = new("witness.example.org/w2", NoteKeyType.Witness, 3);

    public static readonly LogPolicy Alone = LogPolicy.Of(Log.Public);

    public static readonly LogPolicy Witnessed = Policy($"log {Log.Public}\nwitness w1 {Witness.Public}\nwitness w2 {OtherWitness.Public}\ngroup any1 any w1 w2\nquorum any1\n");

    public static LogPolicy Policy(string text) => LogPolicy.Read(Encoding.UTF8.GetBytes(text));

    public static byte[] Entry(int at) => Encoding.UTF8.GetBytes($"entry {at} 条目");

    public static ImmutableArray<ReadOnlyMemory<byte>> Entries(int from, int count) => [.. Enumerable.Range(from, count).Select(at => new ReadOnlyMemory<byte>(Entry(at)))];

    public static byte[][] Leaves(int count) => [.. Enumerable.Range(0, count).Select(at => RfcTree.LeafHash(Entry(at)))];

    public static RfcTree Tree(int size) => new(Leaves(size));

    public static LogHash Hash(byte[] bytes) => LogHash.Of(bytes);

    public static LogHash[] Hashes(IEnumerable<byte[]> hashes) => [.. hashes.Select(hash => LogHash.Of(hash))];

    public static Checkpoint Checkpoint(int size) => new(Origin, (ulong)size, Hash(Tree(size).Root(size)));

    /// <summary>A checkpoint's note with the lines given, or with the log's alone.</summary>
    public static byte[] Note(Checkpoint checkpoint, params string[] lines) => Note(checkpoint.ToText(), lines);

    public static byte[] Note(string text, params string[] lines) => Encoding.UTF8.GetBytes($"{text}\n{string.Concat(lines is [] ? [Log.Line(text)] : lines)}");

    public static VerifiedCheckpoint Open(byte[] note, LogPolicy? policy = null) => VerifiedCheckpoint.Open(note, policy ?? Alone, Given.Now);

    /// <summary>A log of entries 0 to size-1, built by the growth under test into memory.</summary>
    public static MemoryLog Grown(int size)
    {
        var (log, tree) = (new MemoryLog(), new TreeGrowth());
        for (var at = 0; at < size; at++)
            tree.Append(Entry(at), log.Put);
        tree.PutEdge(log.Put);
        log.Put("checkpoint", Note(new Checkpoint(Origin, (ulong)size, tree.Root())));
        return log;
    }

    /// <summary>Any object that is logged.</summary>
    public static LogLeaf Leaf(string payload = "{\"result\":\"FAILED\"}", params string[] signers) =>
        LogLeaf.For(CertificateFormat.PayloadType, Encoding.UTF8.GetBytes(payload), (signers is [] ? ["issuer"] : signers).Select(KeyId));

    public static string KeyId(string name) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))}";
}

/// <summary>A log's files in memory.</summary>
internal sealed class MemoryLog : ILogSource
{
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public string Name => "memory";

    public byte[]? TryRead(string path, int maxBytes) => Files.TryGetValue(path, out var bytes) ? bytes[..Math.Min(bytes.Length, maxBytes + 1)] : null;

    public void Put(string path, ReadOnlySpan<byte> content) => Files[path] = content.ToArray();
}
