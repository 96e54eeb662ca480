using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>Limits and sizes that facts state of a start, read the same way where a profile is checked and where a start is planned.</summary>
internal static partial class LaunchLimits
{
    private const long MostShm = 1L << 40;

    /// <summary>Source: Docker, `docker run --ulimit`.</summary>
    private static readonly ImmutableArray<string> Known =
        ["core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"];

    private static readonly ImmutableDictionary<string, long> Units = ImmutableDictionary<string, long>.Empty.Add("KiB", 1L << 10).Add("MiB", 1L << 20).Add("GiB", 1L << 30).Add("TiB", 1L << 40);

    /// <returns>Why it is no limit, and what to write instead; null if it is one.</returns>
    public static string? OfLimit(string limit) => TryLimit(limit) is null
        ? $"`{limit}` is no limit; expected NAME=NUMBER, with -1 for none, such as memlock=-1; names are {string.Join(", ", Known)}" : null;

    /// <returns>Why it is no size, and what to write instead; null if it is one.</returns>
    public static string? OfSize(string size) => TryBytes(size) is null ? $"`{size}` is no size of shared memory; expected a whole number of KiB, MiB, GiB or TiB, at most 1TiB, such as 32GiB" : null;

    public static (string Name, long Most)? TryLimit(string limit) => limit.Split('=', 2) is [var name, var number] && Known.Contains(name)
        && long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var most) && most >= -1 ? (name, most) : null;

    public static long? TryBytes(string size) => Size().Match(size) is { Success: true } match && long.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture) is var count
        && Units[match.Groups["unit"].Value] is var unit && count <= MostShm / unit ? count * unit : null;

    [GeneratedRegex(@"\A(?<count>[1-9][0-9]{0,14})(?<unit>[KMGT]iB)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Size();
}
