using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>The fixed words of the certificate's format.</summary>
public static class CertificateFormat
{
    /// <summary>Names the format for ever. The prefix is a placeholder until the project owns a URI; it is fixed before the first release.</summary>
    public const string PredicateType = "https://example.org/hwcert/compatibility-certificate/v0.1";

    public const string PayloadType = "application/vnd.in-toto+json";
    public const string StatementType = "https://in-toto.io/Statement/v1";
    public const string SchemaVersion = "0.1";
    public const string SubjectName = "combination.lock";
    public const string EvidenceName = "evidence.manifest";

    /// <summary>Members that a reader must understand, because one who ignores them is misled.</summary>
    internal static readonly ImmutableArray<string> Critical = ["caps", "challenge", "exceptions", "scope", "waivers"];

    private static readonly JsonShape Digest = JsonShape.Of("sha256", "sm3");

    internal static readonly JsonShape Predicate = new(
        ("schemaVersion", JsonShape.Free),
        ("critical", JsonShape.Free),
        ("certificateId", JsonShape.Free),
        ("supersedes", JsonShape.Free),
        ("result", JsonShape.Free),
        ("level", JsonShape.Free),
        ("caps", JsonShape.Free),
        ("profileId", JsonShape.Free),
        ("modelId", JsonShape.Free),
        ("runId", JsonShape.Free),
        ("issuedAt", JsonShape.Free),
        ("notBefore", JsonShape.Free),
        ("notAfter", JsonShape.Free),
        ("issuer", JsonShape.Of("id", "environment")),
        ("challenge", JsonShape.Free),
        ("combination", JsonShape.Free),
        ("suite", new JsonShape(
            ("name", JsonShape.Free),
            ("version", JsonShape.Free),
            ("digest", Digest),
            ("checks", JsonShape.Of("pass", "fail", "inconclusive", "notApplicable")),
            ("required", JsonShape.Free),
            ("executed", JsonShape.Free))),
        ("results", new JsonShape(
            ("check", JsonShape.Free),
            ("requirement", JsonShape.Free),
            ("verdict", JsonShape.Free),
            ("reason", JsonShape.Free),
            ("figures", FigureJson.Shape))),
        ("exceptions", JsonShape.Free),
        ("waivers", Dsse.Shape),
        ("scope", JsonShape.Of("inherits", "voidedBy")),
        ("evidence", new JsonShape(("name", JsonShape.Free), ("digest", Digest), ("size", JsonShape.Free))),
        ("journal", JsonShape.Of("lines", "last")));

    internal static readonly JsonShape Statement = new(
        ("_type", JsonShape.Free),
        ("subject", new JsonShape(("name", JsonShape.Free), ("digest", Digest))),
        ("predicateType", JsonShape.Free),
        ("predicate", Predicate));
}
