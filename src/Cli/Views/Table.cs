namespace Adaptation.Cli;

/// <summary>Columns of text for a terminal; Chinese characters are two cells wide.</summary>
internal static class Table
{
    public static void Print(TextWriter output, IEnumerable<string[]> rows)
    {
        foreach (var line in Lines(rows))
            output.WriteLine(line);
    }

    public static IEnumerable<string> Lines(IEnumerable<string[]> rows)
    {
        var all = rows.ToArray();
        var widths = Enumerable.Range(0, all.Length == 0 ? 0 : all.Max(row => row.Length))
            .Select(column => all.Where(row => row.Length > column).Max(row => Width(row[column]))).ToArray();
        return all.Select(row => string.Join("  ", row.Select((cell, column) => column == row.Length - 1 ? cell : Pad(cell, widths[column]))).TrimEnd());
    }

    public static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - Width(text)));

    /// <summary>Cells that a text takes: East Asian wide characters take two (Unicode Annex 11, the ranges that our texts use).</summary>
    public static int Width(string text) => text.EnumerateRunes().Sum(rune => rune.Value is
        (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x20000 and <= 0x3FFFD) ? 2 : 1);
}
