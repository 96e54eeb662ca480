using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Every finding with its figures and reason, then every check of the standard that has no finding.</summary>
internal static class ReportChecks
{
    private const int MaxFigures = 24;

    public static void Write(HtmlText page, ReportContent content, Standing standing)
    {
        page.Add($"<section><h2>{new LocalText("Checks carried out", "已执行的检查")}</h2>");
        page.Add($"<p class=\"quiet para\">{new LocalText(
            "Only a pass counts. Bounds are confidence bounds; a verdict needs the whole interval on one side of the limit.",
            "只有“通过”计入级别。区间为置信界限；整个区间落在限值一侧才能判定。")}</p>");
        page.Add($"""
            <table class="checks"><thead><tr>
            <th scope="col">{new LocalText("Check", "检查项")}</th>
            <th scope="col">{new LocalText("Verdict", "结论")}</th>
            <th scope="col">{new LocalText("Figures, bounds, limit; reason", "数值、区间、限值；理由")}</th>
            </tr></thead><tbody>
            """);
        foreach (var finding in content.Judgement.Findings)
            WriteFinding(page, content, standing, finding);
        foreach (var check in standing.Silent)
            WriteSilence(page, standing, check);
        page.Add($"</tbody></table></section>");
        WriteNotRun(page, standing);
    }

    private static void WriteFinding(HtmlText page, ReportContent content, Standing standing, Finding finding)
    {
        page.Add($"<tr class=\"{Tone(finding.Verdict)}\">");
        WriteName(page, standing, finding.Check);
        page.Add($"<td class=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">{ReportWords.Sign(finding.Verdict)}</span>{ReportWords.Of(finding.Verdict)}</td><td>");
        WriteFigures(page, finding.Figures.IsDefault ? [] : finding.Figures);
        WriteReason(page, finding.Verdict);
        if (finding.Note is { } note)
            page.Add($"<p class=\"reason\">{note}</p>");
        foreach (var waiver in content.Waivers.Where(waiver => waiver.Check == finding.Check))
            page.Add($"<p class=\"tag\">{new LocalText($"Waived until {waiver.ExpiresAt}", $"已豁免，至 {waiver.ExpiresAt}")}</p>");
        var measurements = content.Measurements.Where(measurement => measurement.Check == finding.Check);
        foreach (var brokenOff in measurements.Select(measurement => measurement.BrokenOff).OfType<string>())
            page.Add($"<p class=\"reason\">{new LocalText("The backend broke off:", "被测后端中断：")} <bdi>{brokenOff}</bdi></p>");
        if (finding.Verdict is Verdict.Fail or Verdict.Inconclusive && standing.TryFindClause(finding.Check) is { } clause)
            page.Add($"<p class=\"quiet\">{new LocalText("Asked for:", "标准要求：")} <bdi lang=\"en\">{clause.Threshold}</bdi></p>");
        page.Add($"</td></tr>");
    }

    /// <summary>A check that the suite has and the judgement leaves out must not vanish.</summary>
    private static void WriteSilence(HtmlText page, Standing standing, string check)
    {
        page.Add($"<tr class=\"inconclusive\">");
        WriteName(page, standing, check);
        page.Add($"<td class=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">?</span>{new LocalText("No finding", "无结论")}</td><td><p class=\"reason para\">{new LocalText(
            "The suite has this check and the judgement says nothing of it. It does not count as passed.",
            "套件包含此项，而判定结果未提及。不视为通过。")}</p></td></tr>");
    }

    private static void WriteName(HtmlText page, Standing standing, string check)
    {
        page.Add($"<th scope=\"row\"><span class=\"id\"><b>{check}</b>");
        if (standing.TryFindClause(check) is { } clause)
            page.Add($"<span class=\"need\">{ReportWords.Of(clause.Requirement)} · {clause.Level.ToString()}</span></span><span class=\"title\">{clause.Title}</span></th>");
        else
            page.Add($"</span><span class=\"title\">{new LocalText("Not a clause of this standard", "本标准没有此条")}</span></th>");
    }

    private static void WriteFigures(HtmlText page, ImmutableArray<Figure> figures)
    {
        if (figures.IsEmpty)
            return;
        page.Add($"<ul class=\"figures\">");
        foreach (var figure in figures.Take(MaxFigures))
            WriteFigure(page, figure);
        if (figures.Length > MaxFigures)
            page.Add($"<li class=\"quiet\">{new LocalText(
                $"{figures.Length - MaxFigures} more figures are in the evidence.",
                $"另有 {figures.Length - MaxFigures} 个数值见证据。")}</li>");
        page.Add($"</ul>");
    }

    private static void WriteFigure(HtmlText page, Figure figure)
    {
        var human = HumanNumber.Of(figure);
        page.Add($"""
            <li><bdi class="name">{figure.Name}</bdi> <span class="numbers">
            <data value="{Raw(figure.ValueMilli)}" title="{Raw(figure.ValueMilli)} × 0.001 {figure.Unit}">{human.Value}</data> <span class="unit">{human.Unit}</span>
            """);
        if (figure.ValueMilli == HumanNumber.Failed)
            page.Add($" <span class=\"reason\">{new LocalText("a failed request", "请求失败")}</span>");
        var bounds = (human.Lower, human.Upper) switch
        {
            (null, null) => null,
            ({ } lower, null) => $"≥ {lower}",
            (null, { } upper) => $"≤ {upper}",
            ({ } lower, { } upper) => $"[{lower}, {upper}]",
        };
        if (bounds is not null)
            page.Add($"<span class=\"bounds\" title=\"{Raw(figure.LowerMilli)} … {Raw(figure.UpperMilli)} × 0.001 {figure.Unit}\">{bounds}</span>");
        if (human.Limit is { } limit)
            page.Add($"<span class=\"limit\" title=\"{Raw(figure.LimitMilli)} × 0.001 {figure.Unit}\">{new LocalText("limit", "限值")} {limit} {human.Unit}</span>");
        page.Add($"</span></li>");
    }

    private static void WriteReason(HtmlText page, Verdict verdict)
    {
        if (verdict is Verdict.Fail fail)
            page.Add($"<p class=\"reason\">{new LocalText("Measured", "实测")} <bdi>{fail.Measured}</bdi>; {new LocalText("limit", "限值")} <bdi>{fail.Limit}</bdi></p>");
        if (verdict is Verdict.Inconclusive inconclusive)
            page.Add($"<p class=\"reason\"><bdi>{inconclusive.Reason}</bdi></p>");
        if (verdict is Verdict.NotApplicable notApplicable)
            page.Add($"<p class=\"reason\"><bdi>{notApplicable.Reason}</bdi></p>");
    }

    private static void WriteNotRun(HtmlText page, Standing standing)
    {
        if (standing.NotRun.IsEmpty)
            return;
        page.Add($"<section><h2>{new LocalText("Checks not carried out", "未执行的检查")}</h2><p class=\"para\">{new LocalText(
            "The standard has these checks for this kind of model. This run says nothing about them, neither good nor bad.",
            "标准对此类模型规定了下列检查。本次检测对其未作任何结论。")}</p><ul class=\"clauses columns\">");
        foreach (var clause in standing.NotRun.OrderBy(clause => clause.Requirement).ThenBy(clause => clause.Level))
            page.Add($"<li><b>{clause.Id}</b> {clause.Title} <span class=\"need\">{ReportWords.Of(clause.Requirement)} · {clause.Level.ToString()}</span></li>");
        page.Add($"</ul></section>");
    }

    private static string Raw(long? milli) => milli?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "–";

    private static string Tone(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "pass",
        Verdict.Fail => "fail",
        Verdict.Inconclusive => "inconclusive",
        _ => "na",
    };
}
