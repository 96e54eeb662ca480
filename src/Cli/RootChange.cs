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

    /// <summary>What a root changes of the one before it, a line each; what takes power from custodians or makes it cheaper comes first and in capitals.</summary>
    public static IEnumerable<string> Between(RootContent before, RootContent after)
    {
        string Of(RootContent root, string role) => root.Thresholds.TryGetValue(role, out var threshold) ? $"{threshold} of {root.Of(role).Count()}" : "none 无";
        var roles = before.Thresholds.Keys.Union(after.Thresholds.Keys).Order(StringComparer.Ordinal)
            .Select(role => (Role: role, Before: Of(before, role), After: Of(after, role), IsLower: after.Thresholds.GetValueOrDefault(role) < before.Thresholds.GetValueOrDefault(role))).ToArray();
        var (old, @new) = (before.Keys.ToDictionary(key => key.KeyId, StringComparer.Ordinal), after.Keys.ToDictionary(key => key.KeyId, StringComparer.Ordinal));
        return
        [
            .. roles.Where(role => role.IsLower).Select(role => $"LOWERED 门限降低  {role.Role}: {role.Before} -> {role.After}"),
            .. before.Keys.Where(key => !@new.ContainsKey(key.KeyId)).Select(key => $"REMOVED 移除  {key.Role} {key.KeyId}"),
            .. after.Keys.Where(key => key.RevokedAt != old.GetValueOrDefault(key.KeyId)?.RevokedAt).Select(key => $"{(key.RevokedAt is { } at ? $"REVOKED 吊销  {Times.Utc(at)}" : "UNREVOKED 撤销吊销 ")} {key.Role} {key.KeyId}"),
            .. after.Keys.Where(key => !old.ContainsKey(key.KeyId)).Select(key => $"added 新增  {key.Role} {key.KeyId}"),
            .. after.Keys.Where(key => old.TryGetValue(key.KeyId, out var was) && (was.Duty, was.Person, was.ValidFrom, was.ValidTo) != (key.Duty, key.Person, key.ValidFrom, key.ValidTo))
                .Select(key => $"changed 变更  {key.Role} {key.KeyId}: {Times.Utc(old[key.KeyId].ValidTo)} -> {Times.Utc(key.ValidTo)}"),
            .. roles.Where(role => !role.IsLower && role.Before != role.After).Select(role => $"threshold 门限  {role.Role}: {role.Before} -> {role.After}"),
            $"until 有效期  {Times.Utc(before.Expires)} -> {Times.Utc(after.Expires)}",
        ];
    }

    private static KeyRecord Find(RootContent root, string id, string option)
    {
        var found = root.Keys.Where(key => key.KeyId.StartsWith(id, StringComparison.Ordinal) || key.KeyId.StartsWith("sha256:" + id, StringComparison.Ordinal)).ToArray();
        return id.Length > 0 && found is [var key] ? key : throw Bad(option, $"{id} names {found.Length} keys of the root; expected one");
    }

    private static BadInputException Bad(string option, string why) => new([new Problem(option, 0, "", why)]);
}
