using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Pictures of the raw samples: latency, throughput over time, start-up times.</summary>
internal static class ReportCharts
{
    private const int MaxCharts = 12;

    public static void Write(HtmlText page, ReportContent content)
    {
        WriteLatencies(page, content);
        WriteThroughputs(page, content);
        WriteMachine(page, content);
        WriteStartUps(page, content);
        WriteNotDrawn(page, content);
    }

    private static void WriteLatencies(HtmlText page, ReportContent content)
    {
        var all = ReportSeries.Latencies(content);
        if (all.IsEmpty)
            return;
        page.Add($"<section><h2>{new LocalText("End-to-end latency", "端到端时延")} <span class=\"quiet\">PERF-04</span></h2>");
        page.Add($"<p class=\"quiet para\">{new LocalText(
            "Every request is in the picture; a bar is never lower than 3 px, so that single slow requests show. Time runs on a logarithmic axis.",
            "图中包含每一个请求；柱高不低于 3 px，单个慢请求亦可见。时间为对数坐标。")}</p><div class=\"charts\">");
        foreach (var series in all.Take(MaxCharts))
            LatencyChart.Write(page, series, ReportSeries.DeclaredLatency(series.Name, content.Plan.Declared));
        page.Add($"</div>");
        WriteRest(page, all.Length);
        page.Add($"</section>");
    }

    private static void WriteThroughputs(HtmlText page, ReportContent content)
    {
        var all = ReportSeries.Throughputs(content);
        if (all.IsEmpty)
            return;
        page.Add($"<section><h2>{new LocalText("Throughput over time", "吞吐量随时间变化")} <span class=\"quiet\">PERF-05</span></h2><div class=\"charts\">");
        foreach (var (series, duration) in all.Take(MaxCharts))
            RateChart.Write(page, series.Name, RatePicture.Make(series, duration), content.Plan.Declared.ThroughputMilli);
        page.Add($"</div>");
        WriteRest(page, all.Length);
        page.Add($"</section>");
    }

    private static void WriteMachine(HtmlText page, ReportContent content)
    {
        if (content.Telemetry.IsEmpty)
            return;
        page.Add($"<section><h2>{new LocalText("The machine under load", "负载下的机器")} <span class=\"quiet\">GRN</span></h2>");
        page.Add($"<p class=\"quiet para\">{new LocalText(
            "Read once a second by the runner, outside the container. What is not shown was not read; a gap is not bridged. Energy figures stand at GRN-01 to GRN-05, with the factor and where they were counted.",
            "由检测程序在容器外每秒读取一次。未显示即未读到；缺口不作插补。能耗数值、排放因子及计量位置见 GRN-01 至 GRN-05。")}</p><div class=\"charts\">");
        foreach (var (check, log) in content.Telemetry.Take(MaxCharts))
            PowerChart.Write(page, check, log);
        page.Add($"</div></section>");
    }

    private static void WriteStartUps(HtmlText page, ReportContent content)
    {
        var all = ReportSeries.StartUps(content);
        if (all.IsEmpty)
            return;
        page.Add($"<section><h2>{new LocalText("Start-up time", "启动时间")} <span class=\"quiet\">PERF-01</span></h2>");
        StartChart.Write(page, [.. all.Take(MaxCharts)], content.Plan.Declared);
        WriteRest(page, all.Length);
        page.Add($"</section>");
    }

    private static void WriteRest(HtmlText page, int count)
    {
        if (count > MaxCharts)
            page.Add($"<p class=\"quiet\">{new LocalText(
                $"{count - MaxCharts} more series are in the evidence.",
                $"另有 {count - MaxCharts} 组数据见证据。")}</p>");
    }

    private static void WriteNotDrawn(HtmlText page, ReportContent content)
    {
        var left = ReportSeries.NotDrawn(content);
        if (left.IsEmpty)
            return;
        page.Add($"<section><h2>{new LocalText("Further samples, in the evidence", "其余样本（见证据）")}</h2><ul>");
        foreach (var series in left.Take(MaxCharts))
            page.Add($"<li><bdi>{series.Name}</bdi>: {(series.Samples.IsDefault ? 0 : series.Samples.Length)} × <bdi>{series.Unit}</bdi></li>");
        page.Add($"</ul>");
        WriteRest(page, left.Length);
        page.Add($"</section>");
    }
}
