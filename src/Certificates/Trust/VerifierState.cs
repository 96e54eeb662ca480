using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>How large a log was when it was last seen, and its root then.</summary>
/// <param name="Root">SHA-256 of the Merkle tree, 64 lowercase hex digits.</param>
public sealed record SeenLog(long Size, string Root);

/// <summary>What a verifier remembers from one run to the next, so that nobody can show it older things: it only ever grows.</summary>
/// <remarks>File format <c>adaptation.verifier/v1</c>. It is no secret, and whoever can change it can have the verifier believe anything.</remarks>
public sealed record VerifierState
{
    private const int MaxBytes = 1 << 20;
    private const string Schema = "adaptation.verifier/v1";

    /// <summary>The root whose digest a person compared; everything follows from it.</summary>
    public required RootReference Pinned { get; init; }

    /// <summary>A verifier for production believes nothing that is for test, and the other way round.</summary>
    public required KeyEnvironment Environment { get; init; }

    /// <summary>The newest root seen.</summary>
    public required RootReference Root { get; init; }

    /// <summary>The highest version of a trust pack seen; 0: none.</summary>
    public long PackVersion { get; init; }

    /// <summary>Id of a status list to its highest sequence seen.</summary>
    public ImmutableSortedDictionary<string, long> Statuses { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Origin of a log to its largest checkpoint seen.</summary>
    public ImmutableSortedDictionary<string, SeenLog> Logs { get; init; } = ImmutableSortedDictionary<string, SeenLog>.Empty;

    /// <summary>The latest time that this machine's clock has shown; null: it was never asked.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>Pins a root that somebody has compared with what its custodians say.</summary>
    /// <param name="sha256">As those custodians give it, on a way of its own.</param>
    /// <exception cref="RejectedException">SIG_UNTRUSTED: another root. KEY_ENVIRONMENT: for another environment than was asked for. ENV_*, ROOT_*, KEY_*, SIG_*.</exception>
    public static VerifierState Pin(ReadOnlyMemory<byte> root, string sha256, KeyEnvironment environment)
    {
        var trusted = TrustedRoot.First(root, new RootReference(SignedRoot.Read(root).Content.Version, sha256));
        return trusted.Content.Environment == environment
            ? new VerifierState { Pinned = trusted.Reference, Root = trusted.Reference, Environment = environment }
            : throw Rejection.Because("KEY_ENVIRONMENT", $"the root is for {Words.Of(trusted.Content.Environment)}; this verifier is for {Words.Of(environment)}");
    }

    /// <exception cref="RejectedException">With a code STATE_*.</exception>
    public static VerifierState Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "STATE", MaxBytes, JsonShape.Free);
        var root = new JsonMembers(document.RootElement, "STATE", "");
        root.Expect("schema", Schema);
        var (statuses, logs) = (root.Object("statuses"), root.Object("logs"));
        var state = new VerifierState
        {
            Environment = Words.TryEnvironment(root.Text("environment")) ?? throw root.Refuse("MEMBER", "environment is unknown"),
            Pinned = ReadReference(root.Object("pinned")),
            Root = ReadReference(root.Object("root")),
            PackVersion = root.Integer("packVersion"),
            Statuses = statuses.All().ToImmutableSortedDictionary(list => list.Name, list => statuses.Integer(list.Name), StringComparer.Ordinal),
            Logs = logs.All().ToImmutableSortedDictionary(log => log.Name, log => ReadLog(logs.Object(log.Name)), StringComparer.Ordinal),
            LastSeen = root.TryGet("lastSeen") is null ? null : root.Time("lastSeen"),
        };
        root.RefuseOthers();
        return state;
    }

    public byte[] ToBytes() => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("environment", Words.Of(Environment));
        if (LastSeen is { } seen)
            writer.WriteString("lastSeen", UtcText.Write(seen));
        writer.WriteStartObject("logs");
        foreach (var (origin, log) in Logs)
        {
            writer.WriteStartObject(origin);
            writer.WriteString("root", log.Root);
            writer.WriteInteger("size", log.Size);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteInteger("packVersion", PackVersion);
        RootReferenceJson.Write(writer, "pinned", Pinned);
        RootReferenceJson.Write(writer, "root", Root);
        writer.WriteString("schema", Schema);
        writer.WriteStartObject("statuses");
        foreach (var (list, sequence) in Statuses)
            writer.WriteInteger(list, sequence);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>The later of two memories, member by member.</summary>
    /// <exception cref="RejectedException">STATE_PIN: they follow from different roots. LOG_FORK: each has seen another history of a log.</exception>
    public VerifierState With(VerifierState other)
    {
        if (other.Pinned != Pinned || other.Environment != Environment)
            throw Rejection.Because("STATE_PIN", $"one state follows from root version {Pinned.Version}, sha256:{Pinned.Sha256}, the other from sha256:{other.Pinned.Sha256}");
        return this with
        {
            Root = other.Root.Version > Root.Version ? other.Root : Root,
            PackVersion = Math.Max(PackVersion, other.PackVersion),
            Statuses = Merge(Statuses, other.Statuses, (mine, theirs) => Math.Max(mine, theirs)),
            Logs = Merge(Logs, other.Logs, Larger),
            LastSeen = LastSeen is null || other.LastSeen > LastSeen ? other.LastSeen ?? LastSeen : LastSeen,
        };
    }

    /// <summary>Remembers, after a complete run: the file then holds the later of what it held and of this, whole, however many do so at once.</summary>
    /// <exception cref="RejectedException">The file is damaged (STATE_*), or follows from another root.</exception>
    public void Remember(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var gate = Lock(path + ".lock");
        WholeFile.Write(path, (File.Exists(path) ? Read(File.ReadAllBytes(path)).With(this) : this).ToBytes());
    }

    private static FileStream Lock(string path)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (attempt < 100_000) // another run remembers: that takes as long as one small file
            {
                Thread.Yield();
            }
        }
    }

    private static ImmutableSortedDictionary<string, T> Merge<T>(ImmutableSortedDictionary<string, T> mine, ImmutableSortedDictionary<string, T> theirs, Func<T, T, T> later)
    {
        foreach (var (name, value) in theirs)
            mine = mine.SetItem(name, mine.TryGetValue(name, out var known) ? later(known, value) : value);
        return mine;
    }

    private static SeenLog Larger(SeenLog mine, SeenLog theirs) => mine.Size == theirs.Size && mine.Root != theirs.Root
        ? throw Rejection.Because("LOG_FORK", $"a log shows two histories of {mine.Size} entries: roots {mine.Root} and {theirs.Root}")
        : theirs.Size > mine.Size ? theirs : mine;

    private static RootReference ReadReference(JsonMembers reference) => RootReferenceJson.Read(reference);

    private static SeenLog ReadLog(JsonMembers log)
    {
        var seen = new SeenLog(log.Integer("size"), log.Digest("root"));
        log.RefuseOthers();
        return seen;
    }
}

/// <summary>How every signed file names its root: <c>{sha256, version}</c>.</summary>
internal static class RootReferenceJson
{
    public static readonly JsonShape Shape = JsonShape.Of("sha256", "version");

    public static RootReference Read(JsonMembers reference)
    {
        var read = new RootReference(reference.Integer("version"), reference.Digest("sha256"));
        reference.RefuseOthers();
        return read;
    }

    public static void Write(Utf8JsonWriter writer, string name, RootReference root)
    {
        writer.WriteStartObject(name);
        writer.WriteString("sha256", root.Sha256);
        writer.WriteInteger("version", root.Version);
        writer.WriteEndObject();
    }
}
