using System.Globalization;

namespace Adaptation.Certificates;

/// <summary>What text in signed content may hold, so that two different texts do not look the same to a reader.</summary>
internal static class TextRules
{
    /// <summary>Identity text: 1 to 512 characters, 0x20 to 0x7E, no space at either end.</summary>
    public static bool IsIdentity(string text) =>
        text.Length is > 0 and <= 512 && text[0] != ' ' && text[^1] != ' ' && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    /// <summary>Text for people: up to 4096 characters of any script, without controls, bidi controls, zero-width or private characters.</summary>
    public static bool IsReadable(string text)
    {
        if (text.Length > 4096)
            return false;
        foreach (var rune in text.EnumerateRunes())
        {
            if (System.Text.Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.PrivateUse or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.OtherNotAssigned)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>A name shown beside identities: readable, and Latin letters do not stand beside Cyrillic or Greek ones.</summary>
    public static bool IsDisplayName(string text)
    {
        var latin = text.Any(char.IsAsciiLetter);
        return text.Length > 0 && IsReadable(text) && !(latin && text.Any(c => c is >= '\u0370' and <= '\u052F'));
    }
}
