using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The ladder L1 to L5, what capped it, and what stands between the run and the next level.</summary>
internal static class ReportLevels
{
    public static void Write(HtmlText page, ReportContent content, Standing standing)
    {
        page.Add($"<section><h2>{new LocalText("Level", "级别")}</h2><ol class=\"ladder\">");
        foreach (var tally in standing.Ladder)
            WriteStep(page, tally, tally.Level <= standing.Reached);
        page.Add($"</ol><h3>{new LocalText("Caps", "封顶因素")}</h3>");
        WriteCaps(page, standing);
        if (standing.Next is { } next)
            WriteObstacles(page, content, standing, next);
        page.Add($"</section>");
    }

    private static void WriteStep(HtmlText page, LevelTally tally, bool isReached)
    {
        var (name, meaning) = (ReportWords.Name(tally.Level), ReportWords.Meaning(tally.Level));
        page.Add($"<li class=\"{(isReached ? "reached" : "open")}\"><b>{tally.Level.ToString()}</b> <strong>{name}</strong> <span class=\"quiet\">{meaning}</span>");
        var isCapped = !isReached && tally.Musts > 0 && tally.Passed + tally.NotApplicable == tally.Musts;
        var state = isReached ? new LocalText("reached", "已达到") : isCapped ? new("not reached: capped, see below", "未达到：受封顶因素限制，见下") : new("not reached", "未达到");
        page.Add($"<span class=\"state\">{state}</span>");
        page.Add($"<span class=\"tally\">{Words(tally)}</span></li>");
    }

    private static LocalText Words(LevelTally tally)
    {
        if (tally.Musts == 0)
            return new("no must check applies", "没有适用的必须项");
        var parts = new (int Count, string En, string Zh)[]
        {
            (tally.Passed, "pass", "通过"), (tally.Failed, "fail", "不通过"), (tally.Inconclusive, "inconclusive", "未能判定"),
            (tally.NotRun, "not carried out", "未执行"), (tally.NotApplicable, "not applicable", "不适用"),
        }.Where(part => part.Count > 0).ToList();
        return new(
            $"{tally.Musts} must{(tally.Musts == 1 ? "" : "s")}: {string.Join(", ", parts.Select(part => $"{part.Count} {part.En}"))}",
            $"{tally.Musts} 个必须项：{string.Join("，", parts.Select(part => $"{part.Count} {part.Zh}"))}");
    }

    private static void WriteCaps(HtmlText page, Standing standing)
    {
        if (standing.Caps.IsEmpty)
        {
            page.Add($"<p>{new LocalText("None.", "无。")}</p>");
            return;
        }

        page.Add($"<ul>");
        foreach (var cap in standing.Caps)
            page.Add($"<li><bdi>{cap}</bdi></li>");
        page.Add($"</ul>");
    }

    private static void WriteObstacles(HtmlText page, ReportContent content, Standing standing, Level next)
    {
        page.Add($"<h3>{new LocalText($"What stands between this run and {next}", $"本次检测距 {next} 还差什么")}</h3><ul class=\"obstacles\">");
        var before = standing.Blocking<Verdict.Fail>().Length + standing.Blocking<Verdict.Inconclusive>().Length + standing.MissingForNext.Length;
        WriteClauses(page, standing.Blocking<Verdict.Fail>(), new("Must checks that fail", "不通过的必须项"));
        WriteClauses(page, standing.Blocking<Verdict.Inconclusive>(), new("Must checks that could not be decided", "未能判定的必须项"));
        WriteClauses(page, standing.MissingForNext, new("Must checks that this run did not carry out", "本次检测未执行的必须项"));
        if (next > Level.L1 && !standing.Caps.IsEmpty)
            page.Add($"<li>{new LocalText("The caps above", "上列封顶因素")}</li>");
        else if (before == 0)
            page.Add($"<li>{Nothing(content.Judgement.Outcome)}</li>");
        page.Add($"</ul>");
    }

    private static LocalText Nothing(Outcome outcome) => outcome == Outcome.Certified
        ? new("Nothing that the standard lists as a must for this kind of model.", "标准对此类模型没有其他必须项。")
        : new("No must check has passed.", "没有任何必须项通过。");

    private static void WriteClauses(HtmlText page, ImmutableArray<Clause> clauses, LocalText what)
    {
        if (clauses.IsEmpty)
            return;
        page.Add($"<li>{what}<ul class=\"clauses\">");
        foreach (var clause in clauses)
            page.Add($"<li><b>{clause.Id}</b> {clause.Title}</li>");
        page.Add($"</ul></li>");
    }
}
