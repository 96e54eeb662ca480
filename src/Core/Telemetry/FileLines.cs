using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Files of one line as lines <c>PATH TAB CONTENT</c>: how counters and sensors of the kernel are kept in evidence.</summary>
public static class FileLines
{
    /// <summary>2^48 and so many of a counter's units no kernel shows: a microjoule of them is years of a megawatt. Sums of thousands of them fit a long.</summary>
    public const long MostNumber = 1L << 48;

    /// <param name="content">Its first line is kept.</param>
    public static string Line(string path, string content) => $"{path}\t{content.Split('\n')[0].TrimEnd('\r', ' ')}\n";

    /// <returns>Path to content; a path that is there twice is not read.</returns>
    public static ImmutableSortedDictionary<string, string> Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('\n').Select(line => line.Split('\t', 2)).Where(parts => parts.Length == 2).GroupBy(parts => parts[0], StringComparer.Ordinal)
            .Where(same => same.Count() == 1).ToImmutableSortedDictionary(same => same.Key, same => same.Single()[1], StringComparer.Ordinal);
    }

    /// <returns>Null for what is no whole number, or beyond <see cref="MostNumber"/> either side.</returns>
    public static long? Number(this ImmutableSortedDictionary<string, string> files, string path) =>
        files.TryGetValue(path, out var text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number is >= -MostNumber and <= MostNumber ? number : null;
}
