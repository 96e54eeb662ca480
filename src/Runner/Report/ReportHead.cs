namespace Adaptation.Runner;

/// <summary>Opens the page: policy, style, language switch and what was tested.</summary>
internal static class ReportHead
{
    public static void Write(HtmlText page, ReportContent content)
    {
        page.Add($"""
            <!doctype html>
            <html lang="zh-Hans">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>{ReportWords.Outcome(content).Zh} · {ReportWords.Outcome(content).En} · {content.Plan.RunId}</title>
            <link rel="icon" href="data:,">
            <style>
            """);
        ReportStyle.Write(page);
        page.Add($"""
            </style>
            </head>
            <body>
            <main>
            <fieldset class="switch">
            <legend lang="zh-Hans">语言 <span lang="en">Language</span></legend>
            <label><input type="radio" name="language" id="both" checked> <span lang="zh-Hans">中</span>/<span lang="en">EN</span></label>
            <label lang="zh-Hans"><input type="radio" name="language" id="only-zh"> 中文</label>
            <label lang="en"><input type="radio" name="language" id="only-en"> English</label>
            </fieldset>
            <header>
            """);
        page.Add($"<p class=\"kicker\">{new Core.LocalText("Compatibility test report", "兼容性检测报告")}</p>");
        page.Add($"<h1><bdi>{content.Plan.ModelId}</bdi> <span class=\"on\">×</span> <bdi>{content.Plan.ProfileId}</bdi></h1>");
        page.Add($"""
            <p class="run"><bdi>{content.Standard.Name}</bdi> <bdi>{content.Standard.Version}</bdi> · <bdi>{content.Plan.Suite}</bdi> · <code>{content.Plan.RunId}</code>
            <br><time>{content.StartedUtc}</time> – <time>{content.FinishedUtc}</time></p>
            </header>
            """);
    }
}
