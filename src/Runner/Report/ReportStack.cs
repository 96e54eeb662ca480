using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The combination tested, component by component.</summary>
internal static class ReportStack
{
    private const int MaxFacts = 200;

    public static void Write(HtmlText page, ReportContent content)
    {
        page.Add($"<section><h2>{new LocalText("Combination tested", "受测组合")}</h2>");
        if (!content.Combination.IsEmpty)
            WriteParts(page, content);
        page.Add($"<h3>{new LocalText("Every recorded fact", "全部记录")}</h3><dl class=\"stack\">");
        var shown = content.Combination.Take(MaxFacts).ToList();
        foreach (var component in shown.GroupBy(fact => fact.Key.Split('.')[0]))
        {
            page.Add($"<div><dt>{Name(component.Key)}</dt><dd>");
            foreach (var (key, value) in component)
                page.Add($"<p><code class=\"key\">{(key == component.Key ? "" : key[(component.Key.Length + 1)..])}</code> <bdi class=\"{(IsDigest(value) ? "digest" : "fact")}\">{value}</bdi></p>");
            page.Add($"</dd></div>");
        }

        page.Add($"</dl>");
        if (content.Combination.IsEmpty)
            page.Add($"<p class=\"open\">{new LocalText("No fact of the stack was recorded.", "没有记录软件栈的任何信息。")}</p>");
        if (content.Combination.Length > MaxFacts)
            page.Add($"<p class=\"quiet\">{new LocalText(
                $"{content.Combination.Length - MaxFacts} more facts are in the evidence.",
                $"另有 {content.Combination.Length - MaxFacts} 项见证据。")}</p>");
        WriteExceptions(page, content);
        page.Add($"</section>");
    }

    /// <summary>What a buyer asks for, each with an answer: also where there is nothing, or nothing was read.</summary>
    private static void WriteParts(HtmlText page, ReportContent content)
    {
        page.Add($"<dl class=\"facts\">");
        foreach (var part in TestedStack.Of(content.Combination.DistinctBy(fact => fact.Key).ToDictionary(fact => fact.Key, fact => fact.Value, StringComparer.Ordinal)))
            page.Add($"<div><dt>{part.Title}</dt><dd class=\"fact\">{part.Text}</dd></div>");
        page.Add($"</dl>");
    }

    private static void WriteExceptions(HtmlText page, ReportContent content)
    {
        if (content.Plan.HardeningExceptions.IsEmpty)
            return;
        page.Add($"<h3>{new LocalText("Hardening rules excepted", "豁免的加固规则")}</h3><ul>");
        foreach (var (rule, reason) in content.Plan.HardeningExceptions.Take(MaxFacts))
            page.Add($"<li><code>{rule}</code> <bdi>{reason}</bdi></li>");
        page.Add($"</ul>");
    }

    private static bool IsDigest(string value) =>
        value.Length >= 64 && value[^64..].All(char.IsAsciiHexDigitLower);

    private static LocalText Name(string component) => component switch
    {
        "accelerator" => new("Chip", "芯片"),
        "os" => new("Operating system", "操作系统"),
        "driver" => new("Driver", "驱动"),
        "firmware" => new("Firmware", "固件"),
        "toolkit" => new("Toolkit", "工具链"),
        "framework" => new("Framework", "框架"),
        "container" => new("Container and image", "容器与镜像"),
        "model" => new("Model", "模型"),
        "precision" => new("Precision", "精度"),
        "isolation" => new("Isolation", "隔离方式"),
        "cpu" => new("Processor", "处理器"),
        "environment" => new("Environment variables", "环境变量"),
        "launch" => new("Given to the container", "容器所得资源"),
        "plugin" => new("Plug-in", "插件"),
        "profile" => new("Profile", "配置"),
        "runtime" => new("Vendor's container runtime", "厂商容器运行时"),
        "serve" => new("How the server is started", "服务启动方式"),
        _ => new(component, component),
    };
}
