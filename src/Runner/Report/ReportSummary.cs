using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The outcome, and side by side with equal weight what the run shows and what it does not.</summary>
internal static class ReportSummary
{
    public static void Write(HtmlText page, ReportContent content, Standing standing)
    {
        var (tone, sign) = content.Judgement.Outcome switch
        {
            Outcome.Certified when !content.Waivers.IsEmpty => ("inconclusive", "!"),
            Outcome.Certified => ("pass", "✓"),
            Outcome.Rejected => ("fail", "✕"),
            _ => ("inconclusive", "?"),
        };
        page.Add($"<section class=\"outcome {tone}\"><p class=\"word\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{ReportWords.Outcome(content)}</p>");
        page.Add($"<p class=\"para\">{ReportWords.OutcomeMeaning(content)}</p>");
        if (content.Certificate is { IsTest: true })
            page.Add($"<p class=\"tag\">{new LocalText("Development key: not for procurement", "开发密钥签名：不得用于采购")}</p>");
        page.Add($"</section>");
        if (IsContradicted(content, standing))
            page.Add($"<p class=\"alarm para\">{new LocalText(
                "This report contradicts itself: it says certified, and a must check below has not passed. Do not rely on it.",
                "本报告自相矛盾：称已通过认证，而下列必须项中有未通过者。请勿采信。")}</p>");
        page.Add($"<div class=\"two\"><section><h2>{new LocalText("What this run shows", "本次检测表明了什么")}</h2><ul class=\"para\">");
        WriteShown(page, content, standing);
        page.Add($"</ul></section><section class=\"open\"><h2>{new LocalText("What it does not show", "没有证明什么")}</h2><ul class=\"para\">");
        WriteNotShown(page, content, standing);
        page.Add($"</ul></section></div>");
    }

    private static bool IsContradicted(ReportContent content, Standing standing) =>
        content.Judgement.Outcome == Outcome.Certified
        && (content.Judgement.Findings.Any(finding => finding.Verdict is Verdict.Fail && standing.RequirementOf(finding.Check) == Requirement.Must
                && content.Waivers.All(waiver => waiver.Check != finding.Check))
            || standing.Count<Verdict.Inconclusive>(Requirement.Must) > 0
            || standing.Silent.Any(check => standing.RequirementOf(check) == Requirement.Must));

    private static void WriteShown(HtmlText page, ReportContent content, Standing standing)
    {
        page.Add($"<li>{Tally(standing, Requirement.Must)}</li>");
        page.Add($"<li>{Tally(standing, Requirement.Should)}</li>");
        page.Add($"<li>{new LocalText(
            "For the one combination below, in this one run. Another driver, image, model or precision is another combination.",
            "仅就下列这一个组合、这一次检测而言。驱动、镜像、模型或精度有任何不同，即为另一个组合。")}</li>");
        if (content.Certificate is { } certificate)
            page.Add($"<li class=\"one\">{new LocalText("Certificate", "证书")} <code>{certificate.Id}</code><br><time>{certificate.ValidFrom}</time> – <time>{certificate.ValidTo}</time></li>");
    }

    private static LocalText Tally(Standing standing, Requirement requirement)
    {
        var (passed, failed, open, notApplicable) = (
            standing.Count<Verdict.Pass>(requirement), standing.Count<Verdict.Fail>(requirement),
            standing.Count<Verdict.Inconclusive>(requirement), standing.Count<Verdict.NotApplicable>(requirement));
        var silent = standing.Silent.Count(check => standing.RequirementOf(check) == requirement);
        var (en, zh) = requirement == Requirement.Must ? ("Must checks", "必须项") : ("Should checks", "建议项");
        return new(
            $"{en}: {passed} pass, {failed} fail, {open} inconclusive, {notApplicable} not applicable{(silent > 0 ? $", {silent} without a finding" : "")}",
            $"{zh}：{passed} 通过，{failed} 不通过，{open} 未能判定，{notApplicable} 不适用{(silent > 0 ? $"，{silent} 无结论" : "")}");
    }

    private static void WriteNotShown(HtmlText page, ReportContent content, Standing standing)
    {
        if (content.Certificate is { IsTest: true })
            page.Add($"<li class=\"strong\">{new LocalText(
                "Who issued it: the certificate was signed with a development key, which anyone can have. It is not for procurement.",
                "签发者是谁：证书由开发密钥签名，任何人都可能持有该密钥。不得用于采购。")}</li>");
        if (content.Certificate is null)
            page.Add($"<li class=\"strong\">{new LocalText("No certificate was issued for this run.", "本次检测未签发证书。")}</li>");
        foreach (var waiver in content.Waivers)
            page.Add($"<li class=\"strong\">{new LocalText($"That {waiver.Check} passes: it failed and was waived.", $"{waiver.Check} 通过：该项不通过，已获豁免。")}</li>");
        if (standing.Next is { } next)
            page.Add($"<li>{Above(next, standing)}</li>");
        if (standing.NotRun.Length is > 0 and var notRun)
            page.Add($"<li>{new LocalText(
                $"Checks of the standard that apply and were not carried out: {notRun}. They are listed below, and none counts as passed.",
                $"标准中有 {notRun} 项适用的检查未执行，列于下文，均不视为通过。")}</li>");
        if (content.Plan.HardeningExceptions.Count is > 0 and var exceptions)
            page.Add($"<li>{new LocalText(
                $"Hardening rules excepted for this stack: {exceptions}.",
                $"本软件栈豁免了 {exceptions} 条加固规则。")}</li>");
        page.Add($"<li>{new LocalText(
            "That this page is genuine: it is not signed and can be edited. Only the certificate and the evidence can be verified.",
            "本页面的真实性：页面没有签名，可被改动。只有证书与证据可以核验。")}</li>");
        page.Add($"<li>{new LocalText("Conformity to any other document, or a rank among products.", "符合任何其他文件，或产品之间的排名。")}</li>");
    }

    private static LocalText Above(Level next, Standing standing) => standing.Reached == Level.None
        ? new("Any level: not even L1 (runs) is stated.", "任何级别：连 L1（可运行）也未获得。")
        : next == Level.L5
            ? new($"Level {next} ({ReportWords.Name(next).En}).", $"{next}（{ReportWords.Name(next).Zh}）级别。")
            : new(
                $"Levels {next} ({ReportWords.Name(next).En}) to L5.",
                $"{next}（{ReportWords.Name(next).Zh}）至 L5 的各级别。");
}
