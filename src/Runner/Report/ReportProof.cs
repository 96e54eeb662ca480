using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How to verify without believing this page, what a pass does not mean, and the digests.</summary>
internal static class ReportProof
{
    public static void Write(HtmlText page, ReportContent content)
    {
        page.Add($"<section><h2>{new LocalText("How to verify", "如何核验")}</h2>");
        if (content.Certificate is { } certificate)
            WriteCommands(page, certificate, !content.Waivers.IsEmpty);
        else
            page.Add($"<p class=\"para\">{new LocalText(
                "No certificate was issued for this run, so there is nothing to verify. Whoever shows a certificate and this report together shows two different things.",
                "本次检测未签发证书，因此没有可核验之物。若有人将某份证书与本报告一并出示，二者并非一回事。")}</p>");
        page.Add($"</section>");
        WriteLimits(page);
        WriteDigests(page, content);
    }

    private static void WriteCommands(HtmlText page, ReportCertificate certificate, bool isWaived)
    {
        var file = IsPlain(certificate.FileName) ? certificate.FileName : "<certificate>";
        page.Add($"<p class=\"para\">{new LocalText(
            "On any machine with this tool, without a network. The first command must print the fingerprint below, the second must end with exit code 0.",
            "在任何装有本工具的机器上执行，无需联网。第一条命令须输出下列指纹，第二条的退出码须为 0。")}</p>");
        page.Add($"<pre><code>sha256sum {file}\n./adapt verify {file} --evidence &lt;dir&gt;{(isWaived ? " --accept-waivers" : "")}</code></pre><dl class=\"facts\">");
        Fact(page, new("Certificate file", "证书文件"), certificate.FileName, "fact");
        Fact(page, new("SHA-256", "SHA-256"), certificate.FileSha256, "digest");
        Fact(page, new("Issuer environment", "签发环境"), certificate.IssuerEnvironment, "fact");
        Fact(page, new("Valid", "有效期"), $"{certificate.ValidFrom} – {certificate.ValidTo}", "fact");
        page.Add($"</dl>");
        if (certificate.IsTest)
            page.Add($"<p class=\"alarm para\">{new LocalText(
                "The issuer environment is not production. A development key proves that the file has not changed since it was signed, and nothing about who signed it.",
                "签发环境不是正式环境。开发密钥只能证明文件自签名后未被改动，不能证明由谁签名。")}</p>");
        else
            page.Add($"<p class=\"para\">{new LocalText(
                "Verify with trust material that you got from the issuer yourself, never with what came along with this report.",
                "请使用您自行从签发机构取得的信任材料核验，切勿使用随本报告附带的材料。")}</p>");
    }

    private static void WriteLimits(HtmlText page)
    {
        page.Add($"<section><h2>{new LocalText("Limits of this statement", "本结论的限度")}</h2><ul class=\"para\">");
        ReadOnlySpan<LocalText> limits =
        [
            new("A pass is a pass of this draft standard in the version named, and never conformity to any other document, law or national standard.",
                "通过，仅指通过所注明版本的本标准草案，绝不表示符合任何其他文件、法规或国家标准。"),
            new("It is not a ranking. Figures measured against a supplier's own declaration do not compare suppliers.",
                "本报告不是排名。以供应商自行申报值为限值的结果，不能用于供应商之间的比较。"),
            new("It holds for the inputs, the load and the time of this run. It says nothing about inputs, lengths or loads that were not tested.",
                "结论仅适用于本次检测的输入、负载与时长，不涉及未检测的输入、长度或负载。"),
            new("What the tested side says of itself is a claim. Times are those of the runner's clock, outside the container.",
                "被测方的自述仅为其主张。时间以检测端时钟为准，该时钟位于容器之外。"),
            new("It is no statement on safety, legality, licences or the quality of the model's content.",
                "本报告不涉及安全合规、许可证或模型内容质量。"),
        ];
        foreach (var limit in limits)
            page.Add($"<li>{limit}</li>");
        page.Add($"</ul></section>");
    }

    private static void WriteDigests(HtmlText page, ReportContent content)
    {
        page.Add($"<section><h2>{new LocalText("Digests", "摘要值")} <span class=\"quiet\">SHA-256</span></h2><dl class=\"facts\">");
        Fact(page, new("Standard", "标准"), content.Standard.Sha256, "digest");
        Fact(page, new("Plan", "检测计划"), content.PlanSha256, "digest");
        Fact(page, new("Model", "模型"), content.ModelSha256, "digest");
        page.Add($"</dl><p class=\"quiet\">{new LocalText(
            $"Made by adaptation {content.ToolVersion}.",
            $"由 adaptation {content.ToolVersion} 生成。")}</p></section>");
    }

    private static void Fact(HtmlText page, LocalText name, string value, string look) =>
        page.Add($"<div><dt>{name}</dt><dd><bdi class=\"{look}\">{value}</bdi></dd></div>");

    /// <summary>People paste the commands into a shell: a name that means something to one is not printed there.</summary>
    private static bool IsPlain(string fileName) =>
        fileName.Length is > 0 and <= 120 && char.IsAsciiLetterOrDigit(fileName[0])
        && fileName.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');
}
