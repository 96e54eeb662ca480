using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What else should be known about the run.</summary>
internal static class ReportNotes
{
    private const int MaxNotes = 100;

    public static void Write(HtmlText page, ReportContent content)
    {
        if (content.Notes.IsEmpty)
            return;
        page.Add($"<section><h2>{new LocalText("Notes on this run", "关于本次检测的说明")}</h2><ul class=\"para\">");
        foreach (var note in content.Notes.Take(MaxNotes))
            page.Add($"<li>{note}</li>");
        if (content.Notes.Length > MaxNotes)
            page.Add($"<li class=\"quiet\">{new LocalText(
                $"{content.Notes.Length - MaxNotes} more notes are in the evidence.",
                $"另有 {content.Notes.Length - MaxNotes} 条见证据。")}</li>");
        page.Add($"</ul></section>");
    }
}
