using System.Collections.Immutable;

namespace Adaptation.Runner.Docker;

/// <summary>Finds the distribution's own package sources among all that stand in /etc/apt.</summary>
internal static class AptSources
{
    /// <summary>Reads the suite that a machine runs out of its os-release; null where it is neither Debian nor Ubuntu.</summary>
    public static string? Suite(string osRelease)
    {
        var fields = osRelease.Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0]).ToDictionary(group => group.Key, group => group.Last()[1].Trim().Trim('"', '\''));
        return fields.GetValueOrDefault("ID") is "debian" or "ubuntu" ? fields.GetValueOrDefault("VERSION_CODENAME") : null;
    }

    /// <summary>Lists one-line entries of the suite, its updates and its security updates, component main; third parties are left out.</summary>
    /// <remarks>Source: sources.list(5), both formats. Empty where none is found: mmdebstrap then takes the distribution's public mirror.</remarks>
    public static ImmutableArray<string> Read(string folder, string suite)
    {
        var files = new List<string> { Path.Combine(folder, "sources.list") };
        var parts = Path.Combine(folder, "sources.list.d");
        if (Directory.Exists(parts))
            files.AddRange(Directory.EnumerateFiles(parts).Order(StringComparer.Ordinal));
        return
        [
            .. files.Where(File.Exists).SelectMany(file => Path.GetExtension(file) switch
            {
                ".list" => OneLine(File.ReadAllText(file), suite),
                ".sources" => Stanzas(File.ReadAllText(file), suite),
                _ => [],
            }).Distinct(StringComparer.Ordinal),
        ];
    }

    internal static IEnumerable<string> OneLine(string text, string suite)
    {
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is not ["deb", ..])
                continue;
            var options = "";
            var rest = words[1..];
            if (rest is [['[', ..], ..])
            {
                var end = Array.FindIndex(rest, word => word.EndsWith(']'));
                if (end < 0)
                    continue;
                options = SignedBy(string.Join(' ', rest[..(end + 1)]).Trim('[', ']').Split(' ').FirstOrDefault(word => word.StartsWith("signed-by=", StringComparison.OrdinalIgnoreCase))?.Split('=', 2)[1]);
                rest = rest[(end + 1)..];
            }

            if (rest is [var uri, var named, .. var components] && IsOurs(named, suite) && components.Contains("main"))
                yield return $"deb {options}{uri} {named} main";
        }
    }

    internal static IEnumerable<string> Stanzas(string text, string suite)
    {
        foreach (var stanza in text.ReplaceLineEndings("\n").Split("\n\n"))
        {
            var fields = stanza.Split('\n').Where(line => !line.StartsWith('#') && line.Contains(':', StringComparison.Ordinal) && !char.IsWhiteSpace(line[0]))
                .Select(line => line.Split(':', 2)).GroupBy(pair => pair[0].Trim(), StringComparer.OrdinalIgnoreCase)
                .ToDictionary(group => group.Key, group => group.Last()[1].Trim(), StringComparer.OrdinalIgnoreCase);
            if (!Words("Types").Contains("deb") || !Words("Components").Contains("main") || Words("Enabled") is ["no"])
                continue;
            foreach (var uri in Words("URIs"))
            {
                foreach (var named in Words("Suites").Where(named => IsOurs(named, suite)))
                    yield return $"deb {SignedBy(fields.GetValueOrDefault("Signed-By"))}{uri} {named} main";
            }

            string[] Words(string name) => fields.GetValueOrDefault(name, "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        }
    }

    private static bool IsOurs(string named, string suite) => named == suite || named == $"{suite}-updates" || named == $"{suite}-security";

    /// <summary>A key file; a key written out in the stanza is left to mmdebstrap, which knows the distribution's.</summary>
    private static string SignedBy(string? file) => file is ['/', ..] ? $"[signed-by={file}] " : "";
}
