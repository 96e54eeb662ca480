using System.Globalization;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Quotes what a server sent in a message: short, on one line, printable.</summary>
internal static class Clip
{
    private const int Longest = 200;

    /// <returns>At most 200 characters and an ellipsis; what is not printable stands as a full stop.</returns>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 4 * Longest)]);
        return bytes.Length > 4 * Longest ? Text(text + '…') : Text(text);
    }

    /// <inheritdoc cref="Text(ReadOnlySpan{byte})"/>
    public static string Text(string text) => Text(text, Longest);

    /// <returns>At most that many characters and an ellipsis; what is not printable stands as a full stop.</returns>
    public static string Text(string text, int longest)
    {
        var clipped = new StringBuilder(Math.Min(text.Length, longest + 1));
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, longest)))
            clipped.Append(IsPrintable(character) ? character : '.');
        return text.Length > longest ? clipped.Append('…').ToString() : clipped.ToString();
    }

    /// <returns>At most that many characters and an ellipsis, as they are; no character beyond the basic plane is cut in half.</returns>
    public static string Beginning(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)] + '…';

    private static bool IsPrintable(char character) => char.GetUnicodeCategory(character) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned);
}
