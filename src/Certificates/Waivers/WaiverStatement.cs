using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>The in-toto statement of a waiver: the bytes that both people sign. Every member is known and required.</summary>
internal static class WaiverStatement
{
    public const string PredicateType = "https://example.org/hwcert/waiver/v0.1";
    public const string Prefix = "WAIVER";
    private const string SchemaVersion = "0.1";
    private static readonly JsonShape Digest = JsonShape.Of("sha256", "sm3");

    private static readonly JsonShape Shape = new(
        ("_type", JsonShape.Free),
        ("subject", new JsonShape(("name", JsonShape.Free), ("digest", Digest))),
        ("predicateType", JsonShape.Free),
        ("predicate", new JsonShape(
            ("schemaVersion", JsonShape.Free),
            ("waiverId", JsonShape.Free),
            ("runId", JsonShape.Free),
            ("evidence", new JsonShape(("name", JsonShape.Free), ("digest", Digest))),
            ("suite", new JsonShape(("name", JsonShape.Free), ("version", JsonShape.Free), ("digest", Digest))),
            ("check", JsonShape.Free),
            ("measured", JsonShape.Free),
            ("reason", JsonShape.Free),
            ("defect", JsonShape.Free),
            ("issuedAt", JsonShape.Free),
            ("expiresAt", JsonShape.Free))));

    public static byte[] Write(Waiver waiver) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("_type", CertificateFormat.StatementType);
        writer.WriteStartArray("subject");
        WriteNamed(writer, CertificateFormat.SubjectName, waiver.Lock);
        writer.WriteEndArray();
        writer.WriteString("predicateType", PredicateType);
        writer.WriteStartObject("predicate");
        writer.WriteString("schemaVersion", SchemaVersion);
        writer.WriteString("waiverId", waiver.WaiverId);
        writer.WriteString("runId", waiver.RunId);
        writer.WritePropertyName("evidence");
        WriteNamed(writer, CertificateFormat.EvidenceName, waiver.Evidence);
        writer.WriteStartObject("suite");
        writer.WriteString("name", waiver.Suite.Name);
        writer.WriteString("version", waiver.Suite.Version);
        writer.WriteStartObject("digest");
        writer.WriteString("sha256", waiver.Suite.Sha256);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteString("check", waiver.Check);
        writer.WriteString("measured", waiver.Measured);
        writer.WriteString("reason", waiver.Reason);
        writer.WriteString("defect", waiver.Defect);
        writer.WriteString("issuedAt", UtcText.Write(waiver.IssuedAt));
        writer.WriteString("expiresAt", UtcText.Write(waiver.ExpiresAt));
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">With a code WAIVER_*.</exception>
    public static Waiver Read(ReadOnlyMemory<byte> payload)
    {
        using var document = JsonGate.Parse(payload, Prefix, Dsse.MaxBytes, Shape);
        var statement = new JsonMembers(document.RootElement, Prefix, "");
        statement.Expect("_type", CertificateFormat.StatementType);
        statement.Expect("predicateType", PredicateType);
        var subjects = statement.Objects("subject", subject => ReadNamed(subject, CertificateFormat.SubjectName));
        if (subjects.Length != 1)
            throw statement.Refuse("MEMBER", $"there are {subjects.Length} subjects; expected exactly one");
        var predicate = statement.Object("predicate");
        predicate.Expect("schemaVersion", SchemaVersion);
        var waiver = ReadContent(predicate, subjects[0]);
        predicate.RefuseOthers();
        statement.RefuseOthers();
        return waiver;
    }

    private static Waiver ReadContent(JsonMembers predicate, DigestPair subject)
    {
        var suite = predicate.Object("suite");
        var waiver = new Waiver
        {
            WaiverId = predicate.Identity("waiverId"),
            Lock = subject,
            RunId = predicate.Identity("runId"),
            Evidence = ReadNamed(predicate.Object("evidence"), CertificateFormat.EvidenceName),
            Suite = new SuiteReference(suite.Identity("name"), suite.Identity("version"), suite.Object("digest").Digest("sha256")),
            Check = predicate.Identity("check"),
            Measured = Readable(predicate, "measured"),
            Reason = Readable(predicate, "reason"),
            Defect = predicate.Identity("defect"),
            IssuedAt = predicate.Time("issuedAt"),
            ExpiresAt = predicate.Time("expiresAt"),
        };
        suite.RefuseOthers();
        if (!IsAddress(waiver.Defect))
            throw predicate.Refuse("TEXT", $"{predicate.PathOf("defect")} is {JsonGate.Quote(waiver.Defect)}; expected an http or https address");
        return waiver.IssuedAt < waiver.ExpiresAt ? waiver : throw predicate.Refuse("TIME", "expiresAt is not after issuedAt");
    }

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp);

    private static string Readable(JsonMembers members, string name)
    {
        var text = members.Text(name);
        return !string.IsNullOrWhiteSpace(text) && TextRules.IsReadable(text)
            ? text
            : throw members.Refuse("TEXT", $"{members.PathOf(name)} is empty, too long, or holds characters that cannot be seen: {JsonGate.Quote(text)}");
    }

    private static void WriteNamed(Utf8JsonWriter writer, string name, DigestPair digest)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteStartObject("digest");
        writer.WriteString("sha256", digest.Sha256);
        writer.WriteString("sm3", digest.Sm3);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static DigestPair ReadNamed(JsonMembers members, string name)
    {
        members.Expect("name", name);
        var digest = members.Object("digest");
        var pair = new DigestPair(digest.Digest("sha256"), digest.Digest("sm3"));
        digest.RefuseOthers();
        members.RefuseOthers();
        return pair;
    }
}
