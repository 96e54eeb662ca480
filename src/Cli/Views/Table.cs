namespace Adaptation.Cli;

/// <summary>Columns of text for a terminal; Chinese characters are two cells wide.</summary>
internal static class Table
{
    private const int Indent = 4, Least = 40;

    public static void Print(TextWriter output, IEnumerable<string[]> rows)
    {
        foreach (var line in Lines(rows))
            Write(output, line, Indent);
    }

    /// <summary>A line of text; on a terminal it is broken between words where its width ends. What is piped stays one line.</summary>
    /// <param name="indent">Of the lines that follow.</param>
    public static void Write(TextWriter output, string text, int indent)
    {
        foreach (var line in Wrapped(text, ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected ? Console.WindowWidth : 0, indent))
            output.WriteLine(line);
    }

    /// <param name="width">In cells; too little of it for anything is none.</param>
    public static IEnumerable<string> Wrapped(string text, int width, int indent)
    {
        while (width > indent * 2 && width >= Least && Width(text) > width)
        {
            var (fits, cells, blank) = (0, 0, 0);
            foreach (var rune in text.EnumerateRunes())
            {
                cells += Width(rune.ToString());
                if (cells > width)
                    break;
                fits += rune.Utf16SequenceLength;
                if (rune.Value == ' ' && fits > indent + 1 && !string.IsNullOrWhiteSpace(text[..fits]))
                    blank = fits;
            }

            var at = blank > 0 ? blank : fits;
            yield return text[..at].TrimEnd();
            text = $"{new string(' ', indent)}{text[at..].TrimStart()}";
        }

        yield return text;
    }

    public static IEnumerable<string> Lines(IEnumerable<string[]> rows)
    {
        var all = rows.ToArray();
        var widths = Enumerable.Range(0, all.Length == 0 ? 0 : all.Max(row => row.Length))
            .Select(column => all.Where(row => row.Length > column).Max(row => Width(row[column]))).ToArray();
        return all.Select(row => string.Join("  ", row.Select((cell, column) => column == row.Length - 1 ? cell : Pad(cell, widths[column]))).TrimEnd());
    }

    public static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - Width(text)));

    /// <summary>A text that may quote a stranger's file: what does not show, turns lines around or steers the terminal stands as its code.</summary>
    public static string Visible(string text) => string.Concat(text.EnumerateRunes().Select(rune =>
        rune.Value is not ('\n' or '\t') && System.Text.Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.Control
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"U+{rune.Value:X4}") : rune.ToString()));

    /// <summary>Cells that a text takes: East Asian wide characters take two (Unicode Annex 11, the ranges that our texts use).</summary>
    public static int Width(string text) => text.EnumerateRunes().Sum(rune => rune.Value is
        (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x20000 and <= 0x3FFFD) ? 2 : 1);
}
