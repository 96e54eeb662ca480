using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>Versions in a tool's banner.</summary>
internal static class ToolVersions
{
    public const string Tool = "tool.version", Driver = "driver.version", Toolkit = "toolkit.version", Firmware = "firmware.version";

    /// <summary>One that is printed twice and differs is not read: nobody knows which one holds.</summary>
    public static ImmutableSortedDictionary<string, string> Find(string text, ImmutableArray<(string Key, Regex Pattern)> patterns)
    {
        var found = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (key, pattern) in patterns)
        {
            string[] values = [.. pattern.Matches(text).Select(match => match.Groups[1].Value).Where(value => !ToolValue.IsAbsent(value)).Distinct(StringComparer.Ordinal).Take(2)];
            if (values.Length == 1)
                found[key] = values[0];
        }

        return found.ToImmutable();
    }
}
