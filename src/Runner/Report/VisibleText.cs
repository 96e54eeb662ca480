using System.Globalization;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Writes text of unknown origin so that it can neither become markup nor hide, reorder or bury anything.</summary>
/// <remarks>Escapes for element content and for double-quoted attributes. Look-alike letters are beyond it.</remarks>
internal static class VisibleText
{
    /// <summary>Unicode scalar values that are shown of one text.</summary>
    public const int MaxRunes = 600;

    private const int MaxMarksInARow = 2; // Chinese and Latin need one, Vietnamese two; more paint over the neighbours

    public static void Append(StringBuilder html, string text)
    {
        var (shown, at, marks) = (0, 0, 0);
        while (at < text.Length && shown < MaxRunes)
        {
            var isWhole = Rune.TryGetRuneAt(text, at, out var rune);
            marks = isWhole && IsMark(rune) ? marks + 1 : 0;
            if (!isWhole)
                AppendCode(html, text[at]);
            else if (marks > MaxMarksInARow || IsUnseen(rune))
                AppendCode(html, rune.Value);
            else
                AppendSeen(html, rune);
            at += isWhole ? rune.Utf16SequenceLength : 1;
            shown++;
        }

        if (at < text.Length)
            html.Append(CultureInfo.InvariantCulture, $"… [截断，略去 {text.Length - at:N0} 字符 · cut, {text.Length - at:N0} more characters]");
    }

    private static void AppendSeen(StringBuilder html, Rune rune) =>
        _ = rune.Value switch
        {
            '<' => html.Append("&lt;"),
            '>' => html.Append("&gt;"),
            '&' => html.Append("&amp;"),
            '"' => html.Append("&quot;"),
            '\'' => html.Append("&#39;"),
            '\n' => html.Append("↵ "),
            _ => html.Append(rune.ToString()),
        };

    private static void AppendCode(StringBuilder html, int value) =>
        html.Append(CultureInfo.InvariantCulture, $"⟨U+{value:X4}⟩");

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;

    private static bool IsUnseen(Rune rune) => rune.Value switch
    {
        ' ' or '\n' or 0x3000 => false, // the last is the space of Chinese typography
        0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x2800 or 0x3164 or 0xFFA0 => true, // letters and marks without ink
        (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF) => true, // variation selectors
        _ => Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
            or UnicodeCategory.Format // bidi controls, zero-width characters, tags
            or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator,
    };
}
