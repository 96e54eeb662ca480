using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary>What users ask to have changed in a root, in their words.</summary>
internal static class RootChange
{
    /// <param name="revoked">KEYID=TIME.</param>
    /// <exception cref="BadInputException">A key id names no key, or several, or a time is none.</exception>
    public static ImmutableArray<KeyRecord> Keys(RootContent root, string[] removed, string[] revoked, KeyRecord[] added)
    {
        var keys = root.Keys.ToDictionary(key => key.KeyId, StringComparer.Ordinal);
        foreach (var word in revoked)
        {
            if (word.Split('=') is not [var id, var time])
                throw Bad("--revoke", $"{word} is not KEYID=TIME");
            var key = Find(root, id, "--revoke");
            keys[key.KeyId] = key with { RevokedAt = Times.Read(time, "--revoke") };
        }
        foreach (var id in removed)
            keys.Remove(Find(root, id, "--remove").KeyId);
        foreach (var key in added)
            if (!keys.TryAdd(key.KeyId, key))
                throw Bad("--add", $"{key.KeyId} is in the root already; to change its record, give --remove too");
        return [.. keys.Values.OrderBy(key => key.KeyId, StringComparer.Ordinal)];
    }

    /// <summary>As asked for; else as before; else one, and for root more than half.</summary>
    /// <exception cref="BadInputException">A word is not ROLE=N, or names a role without keys.</exception>
    public static ImmutableSortedDictionary<string, int> Thresholds(IReadOnlyCollection<KeyRecord> keys, string[] asked, ImmutableSortedDictionary<string, int>? before)
    {
        var roles = keys.GroupBy(key => key.Role, StringComparer.Ordinal).ToDictionary(role => role.Key, role => role.Count(), StringComparer.Ordinal);
        var wanted = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in asked)
        {
            wanted[word.Split('=')[0]] = word.Split('=') is [var role, var number] && roles.ContainsKey(role)
                && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var threshold)
                ? threshold
                : throw Bad("--threshold", $"{word} is not ROLE=N with a role that has keys: {string.Join(", ", roles.Keys.Order(StringComparer.Ordinal))}");
        }
        return roles.ToImmutableSortedDictionary(
            role => role.Key,
            role => wanted.TryGetValue(role.Key, out var threshold) ? threshold
                : before?.GetValueOrDefault(role.Key) is { } same and > 0 ? same
                : role.Key == "root" ? role.Value / 2 + 1
                : 1,
            StringComparer.Ordinal);
    }

    private static KeyRecord Find(RootContent root, string id, string option)
    {
        var found = root.Keys.Where(key => key.KeyId.StartsWith(id, StringComparison.Ordinal) || key.KeyId.StartsWith("sha256:" + id, StringComparison.Ordinal)).ToArray();
        return id.Length > 0 && found is [var key] ? key : throw Bad(option, $"{id} names {found.Length} keys of the root; expected one");
    }

    private static BadInputException Bad(string option, string why) => new([new Problem(option, 0, "", why)]);
}
