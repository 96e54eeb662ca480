using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>The files that a cache's folder held at one moment: before a start, or after its container was removed.</summary>
internal sealed record CacheListing(ImmutableSortedDictionary<string, CacheFile> Files)
{
    /// <summary>Reads <c>files.START.MOMENT</c> (count) and <c>file.START.MOMENT.NAME</c> (bytes and SHA-256); null if they are not there, or not whole.</summary>
    public static CacheListing? TryRead(Measurement m, string start, string moment)
    {
        ImmutableArray<CacheFile?> files = [.. m.FactsUnder($"file.{start}.{moment}.").Select(fact => CacheFile.TryRead(fact.Key, fact.Value))];
        return m.Number($"files.{start}.{moment}") == files.Length && !files.Contains(null)
            ? new(files.ToImmutableSortedDictionary(file => file!.Name, file => file!, StringComparer.Ordinal))
            : null;
    }

    public bool Same(CacheListing other) => Files.SequenceEqual(other.Files);

    /// <summary>Whether this is what a damage makes of the files that a cold start left.</summary>
    public bool Shows(string damage, CacheListing cold)
    {
        var hit = CacheStarts.Damaged(damage, cold.Files.Values);
        return Files.Count == cold.Files.Count && cold.Files.Values.All(was => Files.TryGetValue(was.Name, out var now)
            && (hit.IndexOf(was) is >= 0 and var at ? IsDamaged(damage, was, now, hit[(at + 1) % hit.Length]) : now == was));
    }

    private static bool IsDamaged(string damage, CacheFile was, CacheFile now, CacheFile next) => damage switch
    {
        CacheStarts.BitFlipped => now.Bytes == was.Bytes && now.Sha256 != was.Sha256,
        CacheStarts.Cut => now.Bytes == was.Bytes / 2,
        CacheStarts.Swapped => now == next with { Name = was.Name },
        _ => now.Bytes == 0,
    };
}

/// <summary>One start with a cache, as the evidence tells of it.</summary>
/// <param name="Refused">Why it ended, or refused to answer; null if it did neither.</param>
/// <param name="Broke">How else it did not answer: it hung, flooded its log or spoke nonsense; null if it did none of these.</param>
internal sealed record CacheStart(string Name, CacheListing Before, CacheListing After, string Container, string? Refused, string? Broke, ImmutableArray<string> Requests)
{
    public bool IsUp => Refused is null && Broke is null;

    /// <summary>Null if the evidence does not tell of it, or not all.</summary>
    public static CacheStart? TryRead(Measurement m, string name)
    {
        if (CacheListing.TryRead(m, name, "before") is not { } before || CacheListing.TryRead(m, name, "after") is not { } after)
            return null;
        var start = new CacheStart(
            name, before, after, m.Facts.GetValueOrDefault($"container.{name}", ""), m.Facts.GetValueOrDefault($"refused.{name}"), m.Facts.GetValueOrDefault($"broke.{name}"),
            [.. AnswerNames(m).Select(answer => answer.Split('.')).Where(parts => parts.Length == 2 && parts[0] == name).Select(parts => parts[1]).Order(StringComparer.Ordinal)]);
        return start.IsUp && string.IsNullOrWhiteSpace(start.Container) ? null : start;
    }

    public static IEnumerable<string> AnswerNames(Measurement m) => m.Series.Select(series => series.Name).Concat(m.Tensors.Select(tensor => tensor.Name));
}
