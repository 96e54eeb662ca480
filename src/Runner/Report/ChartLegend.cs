using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The numbers of a picture in words, below it.</summary>
internal static class ChartLegend
{
    private static readonly LocalText None = new("none", "无");

    public static void Entry(HtmlText page, LocalText name, string value) => Entry(page, name, new LocalText(value, value));

    /// <param name="value">Null where nothing was declared.</param>
    public static void Declared(HtmlText page, LocalText name, string? value) =>
        Entry(page, name, value is null ? None : new LocalText(value, value));

    public static void Entry(HtmlText page, LocalText name, LocalText value) => page.Add($"<div><dt>{name}</dt><dd>{value}</dd></div>");
}
