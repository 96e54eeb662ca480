using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary>Times as users give and see them: UTC.</summary>
internal static class Times
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>A time, or a day, which is taken to its last second.</summary>
    /// <exception cref="BadInputException">It is neither.</exception>
    public static DateTimeOffset Read(string text, string option)
    {
        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, Format, CultureInfo.InvariantCulture, utc, out var time))
            return time;
        return DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, utc, out var day)
            ? day.AddDays(1).AddSeconds(-1)
            : throw new BadInputException([new Problem(text, 0, option, "is neither a day such as 2027-01-31 nor a time such as 2027-01-31T08:00:00Z")]);
    }
}
