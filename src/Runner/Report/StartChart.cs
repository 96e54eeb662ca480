using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Start-up times as dots on one line per series, from zero, with what was declared.</summary>
internal static class StartChart
{
    private const double Left = 12, Right = 448;

    public static void Write(HtmlText page, ImmutableArray<Series> all, Declaration declared)
    {
        var longest = all.SelectMany(Answered).Concat(all.Select(series => ReportSeries.DeclaredStart(series.Name, declared) ?? 0)).DefaultIfEmpty(0).Max();
        page.Add($"<div class=\"charts\">");
        foreach (var series in all)
            WriteStrip(page, series, ReportSeries.DeclaredStart(series.Name, declared), Math.Max(1, longest) * 1.06);
        page.Add($"</div>");
    }

    private static void WriteStrip(HtmlText page, Series series, long? declared, double end)
    {
        double X(long time) => Left + (Right - Left) * time / end;

        var (title, times) = (Title(series.Name), Answered(series).Order().ToList());
        var shown = times.Count == 0 ? "–" : $"{HumanNumber.Time(times[0])} – {HumanNumber.Time(times[^1])}";
        page.Add($"<figure><figcaption>{title} <bdi class=\"quiet\">{series.Name}</bdi></figcaption>");
        page.Add($"""
            <svg viewBox="0 0 460 58" role="img"><title>{title.Zh} · {title.En}</title><desc>{shown}</desc>
            <path class="axis" d="M{Left} 36H{Right}"/><text x="{Left}" y="54">0</text>
            """);
        if (declared is { } limit)
            page.Add($"""
                <path class="declared" d="M{X(limit)} 16V42"/>
                <text class="declared-text" x="{X(limit)}" y="12" text-anchor="{(X(limit) > Right - 60 ? "end" : "middle")}">申报 declared</text>
                """);
        foreach (var time in times.DistinctBy(time => Math.Round(X(time)))) // at most one dot per drawing unit
            page.Add($"<circle class=\"dot\" cx=\"{X(time)}\" cy=\"36\" r=\"5\"/>");
        page.Add($"</svg><dl class=\"legend\">");
        ChartLegend.Entry(page, new("starts", "启动次数"), HumanNumber.Plain(series.Samples.Length));
        ChartLegend.Entry(page, new("failed", "失败"), HumanNumber.Plain(series.Samples.Length - times.Count));
        ChartLegend.Entry(page, new("range", "范围"), shown);
        ChartLegend.Declared(page, new("declared", "申报"), declared is { } some ? HumanNumber.Time(some) : null);
        page.Add($"</dl></figure>");
    }

    private static IEnumerable<long> Answered(Series series) => series.Samples.Where(sample => sample is >= 0 and not HumanNumber.Failed);

    private static LocalText Title(string name) =>
        name.Contains("cold", StringComparison.OrdinalIgnoreCase) ? new("Cold start", "冷启动")
        : name.Contains("warm", StringComparison.OrdinalIgnoreCase) ? new("Warm start", "热启动")
        : new("Start", "启动");
}
