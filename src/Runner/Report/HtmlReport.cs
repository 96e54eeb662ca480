namespace Adaptation.Runner;

/// <summary>Writes the report of a run as one HTML file, in Chinese and English, that reads without scripts and loads nothing.</summary>
/// <remarks>The page is for people and is not signed: what it says is worth what the certificate and the evidence beside it say.</remarks>
public static class HtmlReport
{
    /// <summary>Renders a page; the same content gives the same bytes.</summary>
    /// <returns>UTF-8. Under 1 MB however many samples there are: they are drawn as histograms, and long texts are cut with a note.</returns>
    public static byte[] Render(ReportContent content)
    {
        var page = new HtmlText();
        var standing = new Standing(content);
        ReportHead.Write(page, content);
        ReportSummary.Write(page, content, standing);
        ReportWaivers.Write(page, content);
        ReportStack.Write(page, content);
        ReportLevels.Write(page, content, standing);
        ReportChecks.Write(page, content, standing);
        ReportCharts.Write(page, content);
        ReportNotes.Write(page, content);
        ReportProof.Write(page, content);
        page.Add($"</main></body></html>");
        return page.ToBytes();
    }
}
