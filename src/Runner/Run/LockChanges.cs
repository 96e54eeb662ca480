using System.Collections.Immutable;
using Adaptation.Certificates;

namespace Adaptation.Runner;

/// <summary>What changed under a run, in words.</summary>
internal static class LockChanges
{
    private const int MostShown = 8;

    /// <returns>Empty where the locks are the same, or one of them is none.</returns>
    public static ImmutableArray<LockDifference> Of(ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after)
    {
        try
        {
            return LockComparison.Changes(CombinationLock.Read(before), CombinationLock.Read(after));
        }
        catch (RejectedException)
        {
            return []; // someone wrote into the evidence: that they differ is seen by their bytes
        }
    }

    /// <summary>Such as <c>: driver.version: 25.2.0 -> 25.2.1</c>; empty where nothing can be named.</summary>
    public static string Words(ReadOnlySpan<byte> before, byte[] after) => Words(Of(before.ToArray(), after)) is { Length: > 0 } words ? $": {words}" : "";

    public static string Words(ImmutableArray<LockDifference> changes) =>
        string.Join("; ", changes.Take(MostShown).Select(Word)) + (changes.Length > MostShown ? $"; {changes.Length - MostShown} more" : "");

    /// <summary>One change.</summary>
    public static string Word(LockDifference change) => $"{change.Field}: {Clip.Text(change.First ?? "none", 200)} -> {Clip.Text(change.Second ?? "none", 200)}";
}
