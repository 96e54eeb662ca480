using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Writes the report of a load session as one HTML file, in Chinese and English, without scripts and loading nothing.</summary>
public static class LoadPage
{
    /// <summary>Renders a page; the same session gives the same bytes.</summary>
    public static byte[] Render(LoadSessionResult result)
    {
        var page = new HtmlText();
        WriteHead(page, result);
        WriteTerms(page, result);
        if (result.Points.Length > 1)
            WriteSweep(page, result);
        foreach (var point in result.Points)
            WritePoint(page, point, result.Request.Limits);
        page.Add($"</main></body></html>");
        return page.ToBytes();
    }

    private static void WriteHead(HtmlText page, LoadSessionResult result)
    {
        var look = result.End switch { LoadEnd.Valid => "pass", LoadEnd.LimitsMissed => "fail", _ => "inconclusive" };
        page.Add($"""
            <!doctype html>
            <html lang="zh-Hans">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>负载测试 · Load test · {result.Workload.Model}</title>
            <link rel="icon" href="data:,">
            <style>
            """);
        ReportStyle.Write(page);
        page.Add($"""
            </style>
            </head>
            <body>
            <main>
            <p class="kicker">{new LocalText("Load test, not a certificate", "负载测试报告（不是证书）")}</p>
            <h1><bdi>{result.Workload.Model}</bdi> <span class="on">@</span> <bdi>{result.Request.Server}</bdi></h1>
            """);
        page.Add($"<div class=\"outcome {look}\"><p class=\"word\">{Word(result.End)}</p><p>{result.Reason}</p></div>");
    }

    private static LocalText Word(LoadEnd end) => end switch
    {
        LoadEnd.Valid => new("Valid", "有效"),
        LoadEnd.LimitsMissed => new("Limits missed", "未满足限值"),
        LoadEnd.Void => new("Void", "无效"),
        _ => new("Cut off", "已中断"),
    };

    private static void WriteTerms(HtmlText page, LoadSessionResult result)
    {
        var (request, workload) = (result.Request, result.Workload);
        page.Add($"<section><h2>{new LocalText("What was asked", "测试条件")}</h2><dl class=\"facts\">");
        Fact(page, new("scenario", "场景"), request.Scenario);
        Fact(page, new("prompt", "提示词"), $"{workload.PromptTokens} tokens, unique");
        Fact(page, new("answer", "应答"), $"max_tokens {workload.OutputTokens}, {(workload.IgnoreEos ? "ignore_eos" : "may end earlier")}, temperature {workload.Temperature}");
        Fact(page, new("seed", "种子"), $"{workload.Seed}");
        Fact(page, new("limits", "限值"), $"TTFT {Time(request.Limits.FirstTokenNanos)}, TPOT {Time(request.Limits.PerOutputTokenNanos)}");
        page.Add($"</dl></section>");
    }

    private static void WriteSweep(HtmlText page, LoadSessionResult result)
    {
        ImmutableArray<(string Point, LoadFigures Figures)> points = [.. result.Points.Select(point => (point.Name, LoadFigures.Of(point, result.Request.Limits)))];
        ImmutableArray<(string, long?)> Percentile(string key) =>
            [.. points.Select(point => (point.Point, point.Figures.Percentiles.First(row => row.Key == key) is var row ? row.P99 ?? row.P90 ?? row.P50 : null))];
        ImmutableArray<(string, long?)> Number(string key) =>
            [.. points.Select(point => (point.Point, point.Figures.Numbers.FirstOrDefault(number => number.Key == key)?.ValueMilli))];

        page.Add($"<section><h2>{new LocalText("Over all points", "各测点")}</h2><div class=\"charts\">");
        SweepChart.Write(page, new("TTFT, the highest percentile known", "首词元时延（可知的最高百分位）"), Percentile("ttft"), HumanNumber.Time);
        SweepChart.Write(page, new("TPOT, the highest percentile known", "每词元时延（可知的最高百分位）"), Percentile("tpot"), HumanNumber.Time);
        SweepChart.Write(page, new("output tokens per second", "每秒输出词元"), Number("output_rate"), SweepChart.Thousandths);
        SweepChart.Write(page, new("good requests per second", "每秒达标请求"), Number("goodput_requests"), SweepChart.Thousandths);
        page.Add($"</div></section>");
    }

    private static void WritePoint(HtmlText page, LoadPoint point, TextLimits limits)
    {
        var figures = LoadFigures.Of(point, limits);
        page.Add($"<section><h2><bdi>{point.Name}</bdi></h2>");
        foreach (var text in point.Voids())
            page.Add($"<p class=\"alarm\">{new LocalText("Void", "无效")} — {text}</p>");
        foreach (var text in point.Warnings())
            page.Add($"<p class=\"reason\">{text}</p>");
        page.Add($"<table class=\"checks na\"><thead><tr><th>{new LocalText("time", "时间")}</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>{new LocalText("largest", "最大")}</th></tr></thead><tbody>");
        foreach (var row in figures.Percentiles)
        {
            page.Add($"""
                <tr><th scope="row">{row.Name}<span class="quiet"> {row.Meaning}</span></th><td>{Time(row.P50)}</td><td>{Time(row.P90)}</td><td>{Time(row.P99)}</td><td>{Time(row.P999)}</td><td>{Time(row.Largest)}</td></tr>
                """);
        }

        page.Add($"</tbody></table><dl class=\"facts\">");
        foreach (var number in figures.Numbers)
            Fact(page, number.Name, Say(number), number.Meaning);
        page.Add($"</dl><div class=\"charts\">");
        LatencyChart.Write(page, new Series("TTFT", "ns", [.. point.Requests.Select(point.Load.FirstToken)]), limits.FirstTokenNanos);
        LatencyChart.Write(page, new Series("TPOT", "ns", [.. point.Requests.Select(point.Load.PerOutputToken).Where(pace => pace is not null).Select(pace => pace!.Value)]), limits.PerOutputTokenNanos);
        if (!point.Load.Arrivals.IsEmpty)
            RateChart.Write(page, "output tokens/s", RatePicture.Make(new Series("tokens", "ns", point.Load.TokenArrivals()), point.Load.Terms.DurationNanos), declaredMilli: null);
        page.Add($"</div></section>");
    }

    private static void Fact(HtmlText page, LocalText name, string value, LocalText? meaning = null)
    {
        page.Add($"<div><dt>{name}</dt><dd>{value}");
        if (meaning is not null)
            page.Add($"<span class=\"quiet\"> {meaning}</span>");
        page.Add($"</dd></div>");
    }

    private static string Say(LoadNumber number) =>
        number.Unit == "us" ? HumanNumber.Time(number.ValueMilli) : $"{HumanNumber.Plain(number.ValueMilli / 1000m)}{(number.Unit == "count" ? "" : $" {number.Unit}")}";

    private static string Time(long? nanos) => nanos is { } some ? HumanNumber.Time(some) : "–";
}
