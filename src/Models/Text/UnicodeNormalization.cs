using System.Globalization;
using System.Text;

namespace Adaptation.Models;

internal enum UnicodeForm
{
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

/// <summary>The four normalization forms of Unicode Standard Annex 15, from tables of Unicode 15.1.</summary>
/// <remarks>
/// Not string.Normalize: where globalization is invariant, as in this product, it hands back what it was given. Hangul syllables are computed
/// (Unicode Standard, section 3.12).
/// </remarks>
internal static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28;

    private static readonly Dictionary<int, byte> Classes = [];
    private static readonly Dictionary<int, int[]> Canonical = [];
    private static readonly Dictionary<int, int[]> Compatible = [];
    private static readonly Dictionary<(int, int), int> Composites = [];

    static UnicodeNormalization()
    {
        using var reader = new StreamReader(typeof(UnicodeNormalization).Assembly.GetManifestResourceStream("unicode-normalization.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
                Add(line);
        }
    }

    /// <param name="text">Without lone surrogates.</param>
    public static string Normalize(string text, UnicodeForm form)
    {
        if (Ascii.IsValid(text))
            return text;
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, form is UnicodeForm.Nfkc or UnicodeForm.Nfkd, points);
        Order(points);
        if (form is UnicodeForm.Nfc or UnicodeForm.Nfkc)
            Compose(points);
        var normalized = new StringBuilder(points.Count);
        Span<char> units = stackalloc char[2];
        foreach (var point in points)
            normalized.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        return normalized.ToString();
    }

    private static void Add(string line)
    {
        var mark = line.AsSpan().IndexOfAny("#=!~");
        if (line[mark] == '#')
        {
            var dots = line.IndexOf("..", StringComparison.Ordinal);
            for (var point = Hex(line[..dots]); point <= Hex(line[(dots + 2)..mark]); point++)
                Classes[point] = byte.Parse(line.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture);
            return;
        }

        int[] parts = [.. line[(mark + 1)..].Split(' ').Select(Hex)];
        var composite = Hex(line[..mark]);
        (line[mark] == '~' ? Compatible : Canonical)[composite] = parts;
        if (line[mark] == '=')
            Composites[(parts[0], parts[1])] = composite;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static void Decompose(int point, bool compatible, List<int> into)
    {
        var syllable = point - HangulBase;
        if (syllable is >= 0 and < Leads * Vowels * Tails)
        {
            into.Add(LeadBase + syllable / (Vowels * Tails));
            into.Add(VowelBase + syllable % (Vowels * Tails) / Tails);
            if (syllable % Tails != 0)
                into.Add(TailBase + syllable % Tails);
        }
        else if (Canonical.TryGetValue(point, out var parts) || compatible && Compatible.TryGetValue(point, out parts))
        {
            foreach (var part in parts)
                Decompose(part, compatible, into);
        }
        else
            into.Add(point);
    }

    // Marks between two starters go in the order of their classes; equals keep theirs.
    private static void Order(List<int> points)
    {
        for (var start = 0; start < points.Count;)
        {
            if (Class(points[start]) == 0)
            {
                start++;
                continue;
            }

            var end = start;
            while (end < points.Count && Class(points[end]) != 0)
                end++;
            if (end - start > 1)
            {
                var sorted = points.GetRange(start, end - start).OrderBy(Class).ToArray(); // stable
                for (var i = 0; i < sorted.Length; i++)
                    points[start + i] = sorted[i];
            }

            start = end;
        }
    }

    private static void Compose(List<int> points)
    {
        var (starter, kept) = (-1, 0);
        var last = 0; // class of what was kept last behind the starter
        for (var i = 0; i < points.Count; i++)
        {
            var (point, current) = (points[i], Class(points[i]));
            var blocked = starter >= 0 && kept - 1 > starter && (last == 0 || last >= current);
            if (starter >= 0 && !blocked && Joined(points[starter], point) is { } composite)
            {
                points[starter] = composite;
                continue;
            }

            if (current == 0)
                starter = kept;
            last = current;
            points[kept++] = point;
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    private static int? Joined(int first, int second)
    {
        if (first - LeadBase is >= 0 and < Leads and var lead && second - VowelBase is >= 0 and < Vowels and var vowel)
            return HangulBase + (lead * Vowels + vowel) * Tails;
        if (first - HangulBase is >= 0 and < Leads * Vowels * Tails and var syllable && syllable % Tails == 0 && second - TailBase is > 0 and < Tails and var tail)
            return first + tail;
        return Composites.TryGetValue((first, second), out var composite) ? composite : null;
    }

    private static int Class(int point) => Classes.GetValueOrDefault(point);
}
