using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>Writes the in-toto statement of a certificate: the bytes that are signed.</summary>
internal static class CertificateWriter
{
    public static byte[] Write(Certificate certificate) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("_type", CertificateFormat.StatementType);
        writer.WriteStartArray("subject");
        writer.WriteStartObject();
        writer.WriteString("name", CertificateFormat.SubjectName);
        WriteDigest(writer, certificate.Lock);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("predicateType", CertificateFormat.PredicateType);
        writer.WriteStartObject("predicate");
        WriteHead(writer, certificate);
        WriteRun(writer, certificate);
        WriteFoot(writer, certificate);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>The results alone, for comparing two lists of them.</summary>
    public static byte[] WriteResults(ImmutableArray<CheckResult> results) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        WriteResults(writer, results);
        writer.WriteEndObject();
    });

    private static void WriteHead(Utf8JsonWriter writer, Certificate certificate)
    {
        writer.WriteString("schemaVersion", CertificateFormat.SchemaVersion);
        writer.WriteTexts("critical", CertificateFormat.Critical);
        writer.WriteString("certificateId", certificate.CertificateId);
        writer.WriteTexts("supersedes", certificate.Supersedes);
        writer.WriteString("result", certificate.Result);
        writer.WriteString("level", Words.Of(certificate.Level));
        writer.WriteTexts("caps", certificate.Caps);
        writer.WriteString("profileId", certificate.ProfileId);
        writer.WriteString("modelId", certificate.ModelId);
        writer.WriteString("runId", certificate.RunId);
        writer.WriteString("issuedAt", UtcText.Write(certificate.IssuedAt));
        writer.WriteString("notBefore", UtcText.Write(certificate.NotBefore));
        writer.WriteString("notAfter", UtcText.Write(certificate.NotAfter));
        writer.WriteStartObject("issuer");
        writer.WriteString("id", certificate.Issuer.Id);
        writer.WriteString("environment", Words.Of(certificate.Issuer.Environment));
        writer.WriteEndObject();
        writer.WriteString("challenge", certificate.Challenge);
    }

    private static void WriteRun(Utf8JsonWriter writer, Certificate certificate)
    {
        writer.WritePropertyName("combination");
        certificate.Combination.WriteTo(writer);
        var counts = SuiteCounts.Of(certificate.Results);
        writer.WriteStartObject("suite");
        writer.WriteString("name", certificate.Suite.Name);
        writer.WriteString("version", certificate.Suite.Version);
        writer.WriteStartObject("digest");
        writer.WriteString("sha256", certificate.Suite.Sha256);
        writer.WriteEndObject();
        writer.WriteStartObject("checks");
        writer.WriteInteger("pass", counts.Pass);
        writer.WriteInteger("fail", counts.Fail);
        writer.WriteInteger("inconclusive", counts.Inconclusive);
        writer.WriteInteger("notApplicable", counts.NotApplicable);
        writer.WriteEndObject();
        writer.WriteInteger("required", counts.Required);
        writer.WriteInteger("executed", counts.Executed);
        writer.WriteEndObject();
        WriteResults(writer, certificate.Results);
    }

    private static void WriteFoot(Utf8JsonWriter writer, Certificate certificate)
    {
        writer.WriteMap("exceptions", certificate.Exceptions);
        writer.WriteStartArray("waivers");
        foreach (var waiver in certificate.Waivers)
            waiver.WriteTo(writer);
        writer.WriteEndArray();
        writer.WriteStartObject("scope");
        writer.WriteString("inherits", "none");
        writer.WriteTexts("voidedBy", certificate.VoidedBy);
        writer.WriteEndObject();
        writer.WriteStartObject("evidence");
        writer.WriteString("name", CertificateFormat.EvidenceName);
        WriteDigest(writer, certificate.Evidence.Digests);
        writer.WriteInteger("size", certificate.Evidence.Size);
        writer.WriteEndObject();
        writer.WriteStartObject("journal");
        writer.WriteInteger("lines", certificate.Journal.Lines);
        writer.WriteString("last", certificate.Journal.Last);
        writer.WriteEndObject();
    }

    private static void WriteResults(Utf8JsonWriter writer, ImmutableArray<CheckResult> results)
    {
        writer.WriteStartArray("results");
        foreach (var result in results)
        {
            writer.WriteStartObject();
            writer.WriteString("check", result.Check);
            writer.WriteString("requirement", Words.Of(result.Requirement));
            writer.WriteString("verdict", result.Verdict);
            writer.WriteOptional("reason", result.Reason);
            writer.WriteStartArray("figures");
            foreach (var figure in result.Figures)
                FigureJson.Write(writer, figure);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteDigest(Utf8JsonWriter writer, DigestPair digest)
    {
        writer.WriteStartObject("digest");
        writer.WriteString("sha256", digest.Sha256);
        writer.WriteString("sm3", digest.Sm3);
        writer.WriteEndObject();
    }
}
