using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Completions per second over the time measured, from zero, with the declared rate.</summary>
internal static class RateChart
{
    private const double Left = 8, Right = 452, Top = 24, Bottom = 120;

    /// <param name="declaredMilli">Thousandths of a sample per second; null if nothing was declared.</param>
    public static void Write(HtmlText page, string name, RatePicture picture, long? declaredMilli)
    {
        page.Add($"<figure><figcaption><bdi>{name}</bdi></figcaption>");
        if (picture.Rates.IsEmpty)
        {
            page.Add($"<p class=\"reason\">{new LocalText("No samples.", "没有样本。")}</p></figure>");
            return;
        }

        var declared = declaredMilli / 1000.0;
        var (lowest, highest) = (picture.Rates.Min(), picture.Rates.Max());
        var mean = picture.Completed / picture.Seconds;
        var words = Words(mean, lowest, highest);
        page.Add($"""
            <svg viewBox="0 0 460 142" role="img"><title>吞吐量随时间变化 · Throughput over time</title>
            <desc>{words.Zh} {words.En}</desc>
            """);
        WriteCurve(page, picture, declared, Math.Max(highest, declared ?? 0) is > 0 and var top ? top : 1);
        page.Add($"""
            <path class="axis" d="M{Left} {Bottom}H{Right}"/><text x="{Left}" y="{Bottom + 16}">0 s</text>
            <text x="{Right}" y="{Bottom + 16}" text-anchor="end">{Rate(picture.Seconds)} s</text></svg>
            """);
        page.Add($"<dl class=\"legend\">");
        ChartLegend.Entry(page, new("mean", "平均"), Rate(mean));
        ChartLegend.Entry(page, new("lowest slice", "最低时段"), Rate(lowest));
        ChartLegend.Entry(page, new("highest slice", "最高时段"), Rate(highest));
        ChartLegend.Entry(page, new("failed", "失败"), HumanNumber.Plain(picture.Failed));
        ChartLegend.Declared(page, new("declared", "申报"), declared is { } some ? Rate(some) : null);
        page.Add($"</dl><p class=\"quiet\">{new LocalText(
            $"completions per second, {picture.Rates.Length} equal slices, axis from zero",
            $"每秒完成数，{picture.Rates.Length} 个等长时段，纵轴自零起")}</p></figure>");
    }

    private static void WriteCurve(HtmlText page, RatePicture picture, double? declared, double top)
    {
        double Y(double rate) => Bottom - (Bottom - Top) * rate / top;

        var (path, width) = (new SvgPath(), (Right - Left) / picture.Rates.Length);
        for (var slice = 0; slice < picture.Rates.Length; slice++)
            path.Step(Left + slice * width, Left + (slice + 1) * width, Y(picture.Rates[slice]));
        page.Add($"<path class=\"area\" d=\"{path}V{Bottom}H{Left}z\"/><path class=\"line\" d=\"{path}\"/>");
        if (declared is { } limit)
            page.Add($"""
                <path class="declared" d="M{Left} {Y(limit)}H{Right}"/>
                <text class="declared-text" x="{Right}" y="{Y(limit) + 14}" text-anchor="end">申报 declared</text>
                """);
    }

    private static LocalText Words(double mean, double lowest, double highest) => new(
        $"Mean {Rate(mean)} per second, slices from {Rate(lowest)} to {Rate(highest)}.",
        $"平均每秒 {Rate(mean)}，各时段 {Rate(lowest)} 至 {Rate(highest)}。");

    private static string Rate(double number) => HumanNumber.Plain((decimal)Math.Round(Math.Min(number, 1e18), 3));
}
