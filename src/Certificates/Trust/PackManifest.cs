using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>What <c>pack.dsse.json</c> says: which files make up one trust pack, under which root.</summary>
internal sealed record PackManifest
{
    public const string PredicateType = "https://example.org/hwcert/trust-pack/v1";
    private const string Prefix = "PACK";
    private const string SchemaVersion = "1.0";

    private static readonly JsonShape Shape = new(
        ("_type", JsonShape.Free),
        ("subject", new JsonShape(("name", JsonShape.Free), ("digest", JsonShape.Of("sha256", "sm3")))),
        ("predicateType", JsonShape.Free),
        ("predicate", new JsonShape(
            ("environment", JsonShape.Free), ("issuedAt", JsonShape.Free), ("root", RootReferenceJson.Shape), ("schemaVersion", JsonShape.Free), ("version", JsonShape.Free))));

    /// <summary>From 1, and only up.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required KeyEnvironment Environment { get; init; }

    public required RootReference Root { get; init; }

    /// <summary>Every file but the manifest itself, sorted by path.</summary>
    public required ImmutableArray<(string Path, DigestPair Digests)> Files { get; init; }

    public byte[] ToBytes() => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("_type", CertificateFormat.StatementType);
        writer.WriteStartObject("predicate");
        writer.WriteString("environment", Words.Of(Environment));
        writer.WriteString("issuedAt", UtcText.Write(IssuedAt));
        RootReferenceJson.Write(writer, "root", Root);
        writer.WriteString("schemaVersion", SchemaVersion);
        writer.WriteInteger("version", Version);
        writer.WriteEndObject();
        writer.WriteString("predicateType", PredicateType);
        writer.WriteStartArray("subject");
        foreach (var file in Files)
            WriteFile(writer, file.Path, file.Digests);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">With a code PACK_*.</exception>
    public static PackManifest Read(ReadOnlyMemory<byte> payload)
    {
        using var document = JsonGate.Parse(payload, Prefix, Dsse.MaxBytes, Shape);
        var root = new JsonMembers(document.RootElement, Prefix, "");
        if (root.Text("_type") != CertificateFormat.StatementType)
            throw root.Refuse("TYPE", $"_type is {JsonGate.Quote(root.Text("_type"))}; expected {CertificateFormat.StatementType}");
        if (root.Text("predicateType") != PredicateType)
            throw root.Refuse("PREDICATE_TYPE", $"predicateType is {JsonGate.Quote(root.Text("predicateType"))}; expected {PredicateType}");
        var predicate = root.Object("predicate");
        predicate.Expect("schemaVersion", SchemaVersion);
        var manifest = new PackManifest
        {
            Version = predicate.Integer("version"),
            IssuedAt = predicate.Time("issuedAt"),
            Environment = Words.TryEnvironment(predicate.Text("environment")) ?? throw root.Refuse("MEMBER", "environment is unknown"),
            Root = RootReferenceJson.Read(predicate.Object("root")),
            Files = root.Objects("subject", ReadFile),
        };
        predicate.RefuseOthers();
        root.RefuseOthers();
        if (manifest.Version < 1)
            throw root.Refuse("MEMBER", $"version {manifest.Version}; expected 1 or more");
        for (var i = 1; i < manifest.Files.Length; i++)
            if (string.CompareOrdinal(manifest.Files[i - 1].Path, manifest.Files[i].Path) >= 0)
                throw root.Refuse("MEMBER", $"the files are not sorted, each once, at {JsonGate.Quote(manifest.Files[i].Path)}");
        return manifest;
    }

    /// <summary>The same files, and no others, with the same content.</summary>
    /// <exception cref="RejectedException">PACK_EXTRA, PACK_MISSING or PACK_DIGEST.</exception>
    public void Check(ImmutableSortedDictionary<string, byte[]> present)
    {
        var listed = Files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        if (present.Keys.FirstOrDefault(path => !listed.Contains(path)) is { } extra)
            throw Rejection.Because("PACK_EXTRA", $"{extra} is in the pack and not in its manifest");
        foreach (var (path, digests) in Files)
        {
            if (!present.TryGetValue(path, out var content))
                throw Rejection.Because("PACK_MISSING", $"{JsonGate.Quote(path)} is in the manifest and not in the pack");
            if (Digests.Of(content) != digests)
                throw Rejection.Because("PACK_DIGEST", $"{path} is not the file that the manifest lists");
        }
    }

    private static (string Path, DigestPair Digests) ReadFile(JsonMembers file)
    {
        var digest = file.Object("digest");
        var read = (file.Text("name"), new DigestPair(digest.Digest("sha256"), digest.Digest("sm3")));
        digest.RefuseOthers();
        file.RefuseOthers();
        return read;
    }

    private static void WriteFile(Utf8JsonWriter writer, string path, DigestPair digests)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("digest");
        writer.WriteString("sha256", digests.Sha256);
        writer.WriteString("sm3", digests.Sm3);
        writer.WriteEndObject();
        writer.WriteString("name", path);
        writer.WriteEndObject();
    }
}
