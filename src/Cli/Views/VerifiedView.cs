using System.Globalization;
using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary>What a certificate that was accepted says: of which machine and software, how it came out, and who signed.</summary>
internal static class VerifiedView
{
    private const int Column = 16;

    public static void Print(TextWriter output, VerifiedCertificate verified, bool withEvidence)
    {
        var content = verified.Content;
        var fields = LockFields.Of(content.Combination);
        void Line(string en, string zh, string text) => output.WriteLine($"  {Label(en, zh)}{text}");
        output.WriteLine($"VALID 有效  {content.CertificateId}  level {content.Level}{WaiverView.Result(content)}");
        Line("profile", "配置", content.ProfileId);
        Line("model", "模型", $"{content.ModelId}, {fields.GetValueOrDefault("precision")}, sha256:{fields.GetValueOrDefault("model.sha256")}");
        foreach (var part in TestedStack.Of(fields))
            Line(part.Title.En, part.Title.Zh, part.Text.En == part.Text.Zh ? part.Text.En : $"{part.Text.En}  {part.Text.Zh}");
        Line("suite", "套件", $"{content.Suite.Name}, standard {content.Suite.Version} sha256:{content.Suite.Sha256[..12]}");
        PrintChecks(content, Line);
        Line("valid", "有效期", $"{Utc(content.NotBefore)} to {Utc(content.NotAfter)}");
        foreach (var waiver in verified.Waivers)
            WaiverView.Print(waiver);
        foreach (var cap in content.Caps)
            Line("capped", "受限", cap);
        foreach (var (rule, reason) in content.Exceptions)
            Line("exception", "例外", $"{rule}: {reason}");
        foreach (var key in verified.Keys)
            Line("signed", "签名", $"{key.AlgorithmName} {key.KeyId[..19]}… ({key.Environment.ToString().ToLowerInvariant()} key)");
        Line("evidence", "证据", withEvidence
            ? "complete; every figure and verdict was computed again and agrees  完整，全部重算一致"
            : "not looked at; --evidence DIR computes every verdict again  未核对");
        if (content.Issuer.Environment == KeyEnvironment.Test)
            Line("note", "注意", "signed by a development key: nothing was changed since, but it does not prove who issued it  开发密钥签名，不能证明签发者身份");
    }

    /// <summary>Members of an object that is open.</summary>
    public static void Write(Utf8JsonWriter writer, VerifiedCertificate verified, bool withEvidence)
    {
        var content = verified.Content;
        writer.WriteBoolean("valid", true);
        writer.WriteBoolean("evidence", withEvidence);
        writer.WriteString("certificateId", content.CertificateId);
        writer.WriteString("level", content.Level.ToString());
        writer.WriteString("issuerEnvironment", content.Issuer.Environment.ToString().ToLowerInvariant());
        writer.WriteString("profileId", content.ProfileId);
        writer.WriteString("modelId", content.ModelId);
        writer.WriteString("notAfter", Utc(content.NotAfter));
        writer.WriteString("result", content.Result);
        writer.WriteStartObject("tested");
        foreach (var part in TestedStack.Of(LockFields.Of(content.Combination)))
            writer.WriteString(part.Part, part.Text.En);
        writer.WriteEndObject();
        writer.WritePropertyName("combination");
        content.Combination.WriteTo(writer);
        writer.WriteStartArray("checks");
        foreach (var result in content.Results)
        {
            writer.WriteStartObject();
            writer.WriteString("check", result.Check);
            writer.WriteString("requirement", Word(result.Requirement));
            writer.WriteString("verdict", result.Verdict);
            writer.WriteString("reason", result.Reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WaiverView.Write(writer, verified.Waivers);
    }

    /// <summary>The counts, and by name every check that a reader would not expect of one that passed.</summary>
    private static void PrintChecks(Certificate content, Action<string, string, string> line)
    {
        var counts = SuiteCounts.Of(content.Results);
        line("checks", "检验", $"{counts.Pass} pass, {counts.Fail} fail, {counts.Inconclusive} inconclusive, {counts.NotApplicable} not applicable");
        foreach (var failed in content.Results.Where(result => result.Verdict == "fail"))
            line("failed", "不通过", $"{failed.Check} ({Word(failed.Requirement)} {(failed.Requirement == Requirement.Must ? "必须" : "建议")}): {failed.Reason}");
        foreach (var open in content.Results.Where(result => result.Verdict == "inconclusive"))
            line("no answer", "无结论", $"{open.Check} ({Word(open.Requirement)}): {open.Reason}");
    }

    private static string Word(Requirement requirement) => requirement == Requirement.Must ? "must" : "should";

    /// <summary>A Chinese character takes two columns.</summary>
    private static string Label(string en, string zh) => $"{en} {zh}{new string(' ', Math.Max(2, Column - en.Length - 1 - (2 * zh.Length)))}";

    private static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
