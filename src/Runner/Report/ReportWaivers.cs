using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The failures that people signed for: what, why, until when, and who.</summary>
internal static class ReportWaivers
{
    public static void Write(HtmlText page, ReportContent content)
    {
        if (content.Waivers.IsEmpty)
            return;
        page.Add($"<section class=\"waivers\"><h2>{new LocalText("Waivers", "豁免")} <span class=\"quiet\">{content.Waivers.Length}</span></h2>");
        page.Add($"<p class=\"para\">{new LocalText(
            "Each of these checks failed in this run. Two people, a tester and a reviewer, accepted the failure for a while, each with a key of their own. The verdict is still a failure.",
            "下列各项在本次检测中不通过。检测人与复核人两人各以本人密钥签字，在一定期限内接受该结果。结论仍为不通过。")}</p>");
        foreach (var waiver in content.Waivers)
            Write(page, content, waiver);
        page.Add($"</section>");
    }

    private static void Write(HtmlText page, ReportContent content, ReportWaiver waiver)
    {
        page.Add($"<h3><b>{waiver.Check}</b>");
        if (content.Standard.Clauses.FirstOrDefault(clause => clause.Id == waiver.Check) is { } clause)
            page.Add($" {clause.Title}");
        page.Add($"</h3><dl class=\"facts\">");
        Fact(page, new("Failure", "不通过情况"), waiver.Measured);
        Fact(page, new("Reason", "理由"), waiver.Reason);
        Fact(page, new("Defect", "缺陷记录"), waiver.Defect);
        Fact(page, new("Valid", "有效期"), $"{waiver.IssuedAt} – {waiver.ExpiresAt}");
        foreach (var (person, duty) in waiver.Signers)
            Fact(page, ReportWords.Of(duty), person);
        Fact(page, new("Waiver", "豁免编号"), waiver.Id);
        page.Add($"</dl>");
    }

    private static void Fact(HtmlText page, LocalText name, string value) =>
        page.Add($"<div><dt>{name}</dt><dd><bdi class=\"fact\">{value}</bdi></dd></div>");
}
