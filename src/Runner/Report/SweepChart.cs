using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One figure over the points of a sweep or search: a line from zero, its values written beside it.</summary>
internal static class SweepChart
{
    private const double Left = 30, Right = 430, Top = 26, Bottom = 120;

    /// <param name="values">Name of the point and its value; null where there is none, which leaves a gap.</param>
    public static void Write(HtmlText page, LocalText title, ImmutableArray<(string Point, long? Value)> values, Func<long, string> say)
    {
        var highest = values.Max(value => value.Value ?? 0);
        page.Add($"<figure><figcaption>{title}</figcaption>");
        if (highest == 0)
        {
            page.Add($"<p class=\"reason\">{new LocalText("Too few samples to say.", "样本不足，无法给出。")}</p></figure>");
            return;
        }

        var words = string.Join(", ", values.Select(value => $"{value.Point} {(value.Value is { } number ? say(number) : "–")}"));
        page.Add($"<svg viewBox=\"0 0 460 142\" role=\"img\"><title>{title.Zh} · {title.En}</title><desc>{words}</desc>");
        double X(int at) => values.Length == 1 ? (Left + Right) / 2 : Left + ((Right - Left) * at / (values.Length - 1));
        double Y(long value) => Bottom - ((Bottom - Top) * value / highest);
        for (var at = 0; at < values.Length; at++)
        {
            page.Add($"<text x=\"{X(at)}\" y=\"{Bottom + 16}\" text-anchor=\"middle\">{values[at].Point}</text>");
            if (values[at].Value is not { } value)
                continue;
            if (at > 0 && values[at - 1].Value is { } before)
                page.Add($"<path class=\"line\" d=\"M{X(at - 1)} {Y(before)}L{X(at)} {Y(value)}\"/>");
            page.Add($"<circle class=\"dot\" cx=\"{X(at)}\" cy=\"{Y(value)}\" r=\"3.5\"/>");
            page.Add($"<text class=\"mark-text\" x=\"{X(at)}\" y=\"{Y(value) - 7}\" text-anchor=\"middle\">{say(value)}</text>");
        }

        page.Add($"<path class=\"axis\" d=\"M{Left} {Bottom}H{Right}\"/></svg></figure>");
    }

    public static string Thousandths(long milli) => (milli / 1000m).ToString("0.#", CultureInfo.InvariantCulture);
}
