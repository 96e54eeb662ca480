using System.Globalization;

namespace Adaptation.Certificates;

/// <summary>Times in files: UTC, one spelling.</summary>
internal static class UtcText
{
    private const string Seconds = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Ticks = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    /// <summary>Writes <c>2026-11-21T08:00:00Z</c>; a fraction of a second is dropped.</summary>
    public static string Write(DateTimeOffset time) => time.UtcDateTime.ToString(Seconds, CultureInfo.InvariantCulture);

    public static DateTimeOffset? TryRead(string text) => TryRead(text, Seconds);

    /// <summary>Writes <c>2026-11-21T08:00:00.1234567Z</c>.</summary>
    public static string WriteExact(DateTimeOffset time) => time.UtcDateTime.ToString(Ticks, CultureInfo.InvariantCulture);

    public static DateTimeOffset? TryReadExact(string text) => TryRead(text, Ticks);

    private static DateTimeOffset? TryRead(string text, string format) =>
        DateTimeOffset.TryParseExact(
            text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;
}
