using System.Globalization;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>Reads one value as tools print it.</summary>
internal static partial class ToolValue
{
    private const decimal MebibytesPerGibibyte = 1024, Hottest = 1000, MostWatts = 100_000, MostMegahertz = 100_000, MostMebibytes = 1L << 30;

    /// <summary>Whether a word says that there is no value.</summary>
    public static bool IsAbsent(string word) => word is "N/A" or "NA" or "-" or "--" or "/" or "" or "unknown" or "Unknown" or "None" or "[N/A]";

    public static decimal? Percent(string word, bool isBare) => Number(word, isBare, "%") is >= 0 and <= 100 and var percent ? percent : null;

    public static decimal? Celsius(string word, bool isBare) => Number(word, isBare, "C", "℃") is >= -Hottest and <= Hottest and var degrees ? degrees : null;

    public static decimal? Watts(string word, bool isBare) => Number(word, isBare, "W") is >= 0 and <= MostWatts and var watts ? watts : null;

    public static decimal? Megahertz(string word, bool isBare) => Number(word, isBare, "MHz", "MHZ") is >= 0 and <= MostMegahertz and var clock ? clock : null;

    /// <returns>MiB. Tools that say MB count in 1,048,576 bytes too: 65536 MB are what a card of 64 GiB has.</returns>
    public static decimal? Mebibytes(string word, bool isBare)
    {
        var value = Number(word, isBare, "MiB", "MB") ?? (Number(word, isBare: false, "GiB") is { } gibibytes ? gibibytes * MebibytesPerGibibyte : null);
        return value is >= 0 and <= MostMebibytes ? value : null;
    }

    /// <param name="isBare">Whether a number without a unit is one, for the heading has the unit.</param>
    private static decimal? Number(string word, bool isBare, params ReadOnlySpan<string> units)
    {
        var match = Quantity().Match(word);
        if (!match.Success)
            return null;
        var unit = match.Groups["unit"].Value;
        var isKnown = unit.Length == 0 ? isBare : units.Contains(unit);
        return isKnown && decimal.TryParse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number : null;
    }

    [GeneratedRegex(@"\A(?<number>-?[0-9]{1,12}(\.[0-9]{1,6})?)[ ]?(?<unit>[A-Za-z%℃]*)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quantity();
}
