using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One latency histogram with its percentiles and the declared limit, and the same in words below it.</summary>
internal static class LatencyChart
{
    // drawing units: the viewBox, which the page scales to the column
    private const double Width = 460, Left = 8, Right = 452, Top = 40, Bottom = 150, FailedWidth = 44;

    public static void Write(HtmlText page, Series series, long? declared)
    {
        var title = Title(series.Name);
        page.Add($"<figure><figcaption>{title} <bdi class=\"quiet\">{series.Name}</bdi></figcaption>");
        if (LatencyPicture.TryMake(series, declared) is not { } picture)
        {
            page.Add($"<p class=\"reason\">{Nothing(series.Samples.Length)}</p></figure>");
            return;
        }

        var description = Describe(picture, declared);
        page.Add($"<svg viewBox=\"0 0 460 172\" role=\"img\"><title>{title.Zh} · {title.En}</title><desc>{description.Zh} {description.En}</desc>");
        var right = picture.Failed > 0 ? Right - FailedWidth : Right;
        WriteBars(page, picture, right);
        WriteAxis(page, picture, right);
        WriteMarks(page, picture, declared, right);
        page.Add($"</svg><dl class=\"legend\">");
        WriteLegend(page, picture, declared);
        page.Add($"</dl></figure>");
    }

    private static LocalText Nothing(int requests) => requests == 0
        ? new("No samples.", "没有样本。")
        : new($"None of {requests} requests was answered.", $"{requests} 个请求均未得到应答。");

    private static LocalText Title(string name) => ReportSeries.Streams(name) switch
    {
        1 => new("1 stream", "1 路并发"),
        { } streams => new($"{streams} parallel streams", $"{streams} 路并发"),
        null => new("Latency", "时延"),
    };

    private static LocalText Describe(LatencyPicture picture, long? declared)
    {
        var (p50, p99, slowest) = (Percentile(picture.P50), Percentile(picture.P99), HumanNumber.Time(picture.Slowest));
        var (limitEn, limitZh) = declared is { } some
            ? ($", declared p99 {HumanNumber.Time(some)}", $"，申报 p99 {HumanNumber.Time(some)}")
            : (", no p99 declared", "，未申报 p99");
        return new(
            $"{picture.Count} requests, {picture.Failed} failed; p50 {p50}, p99 {p99}, slowest {slowest}{limitEn}.",
            $"{picture.Count} 个请求，{picture.Failed} 个失败；p50 {p50}，p99 {p99}，最慢 {slowest}{limitZh}。");
    }

    private static void WriteBars(HtmlText page, LatencyPicture picture, double right)
    {
        var highest = Math.Max(picture.Bins.Max(), picture.Failed);
        double Height(int count) => Math.Max(3, (Bottom - Top - 4) * count / highest);

        var (path, width) = (new SvgPath(), (right - Left) / picture.Bins.Length);
        for (var bin = 0; bin < picture.Bins.Length; bin++)
        {
            if (picture.Bins[bin] > 0)
                path.Bar(Left + bin * width, Bottom, width - 1, Height(picture.Bins[bin]));
        }

        page.Add($"<path class=\"bar\" d=\"{path}\"/>");
        if (picture.Failed == 0)
            return;
        var top = Bottom - Height(picture.Failed);
        page.Add($"<rect class=\"lost\" x=\"{right + 14}\" y=\"{top}\" width=\"22\" height=\"{Bottom - top}\"/>");
        page.Add($"<text class=\"lost-text\" x=\"{right + 25}\" y=\"{Bottom + 15}\" text-anchor=\"middle\">失败 fail</text>");
    }

    private static void WriteAxis(HtmlText page, LatencyPicture picture, double right)
    {
        page.Add($"<path class=\"axis\" d=\"M{Left} {Bottom}H{right}\"/>");
        foreach (var tick in picture.Ticks())
        {
            var x = Left + picture.Place(tick) * (right - Left);
            page.Add($"<path class=\"axis\" d=\"M{x} {Bottom}v4\"/>");
            page.Add($"<text x=\"{Math.Clamp(x, Left + 18, right - 18)}\" y=\"{Bottom + 16}\" text-anchor=\"middle\">{HumanNumber.Time(tick)}</text>");
        }
    }

    private static void WriteMarks(HtmlText page, LatencyPicture picture, long? declared, double right)
    {
        double X(long time) => Left + picture.Place(time) * (right - Left);

        if (picture.P50 != HumanNumber.Failed)
            WriteMark(page, X(picture.P50), 28, "p50", "mark", isLeft: true);
        if (picture.P99 != HumanNumber.Failed)
            WriteMark(page, X(picture.P99), 28, "p99", "mark", isLeft: X(picture.P99) > right - 30);
        if (declared is { } limit)
            WriteMark(page, X(limit), 12, "申报 declared", "declared", isLeft: X(limit) > right - 90);
    }

    private static void WriteMark(HtmlText page, double x, double y, string name, string look, bool isLeft)
    {
        page.Add($"<path class=\"{look}\" d=\"M{x} {y - 9}V{Bottom}\"/>");
        page.Add($"<text class=\"{look}-text\" x=\"{(isLeft ? x - 4 : x + 4)}\" y=\"{y}\" text-anchor=\"{(isLeft ? "end" : "start")}\">{name}</text>");
    }

    private static void WriteLegend(HtmlText page, LatencyPicture picture, long? declared)
    {
        ChartLegend.Entry(page, new("requests", "请求"), HumanNumber.Plain(picture.Count));
        ChartLegend.Entry(page, new("failed", "失败"), HumanNumber.Plain(picture.Failed));
        ChartLegend.Entry(page, new("p50", "p50"), Percentile(picture.P50));
        ChartLegend.Entry(page, new("p99", "p99"), Percentile(picture.P99));
        ChartLegend.Entry(page, new("slowest", "最慢"), HumanNumber.Time(picture.Slowest));
        ChartLegend.Declared(page, new("declared p99", "申报 p99"), declared is { } limit ? HumanNumber.Time(limit) : null);
    }

    private static string Percentile(long time) => time == HumanNumber.Failed ? "∞（失败 failed）" : HumanNumber.Time(time);
}
