namespace Adaptation.Runner;

/// <summary>Finds and removes what dead runs left behind: containers, networks, folders. What belongs to a living process is left alone.</summary>
public static class Leftovers
{
    /// <returns>What was removed, in words.</returns>
    public static async Task<IReadOnlyList<string>> RemoveAsync(IContainerEngine engine, CancellationToken cancellationToken)
    {
        var removed = new List<string>();
        foreach (var left in await engine.FindAsync(runId: null, cancellationToken))
        {
            // an engine elsewhere serves other machines too: whether their processes live cannot be seen from here
            if (RunOwner.IsAlive(left.Owner) || (!engine.Description.IsLocal && !RunOwner.IsOfThisBoot(left.Owner)))
                continue;
            await engine.RemoveAsync(left, cancellationToken);
            removed.Add($"{left.Kind} {(left.Id.Length > 12 ? left.Id[..12] : left.Id)} of run {left.RunId}");
        }

        removed.AddRange(Scratch.RemoveDead().Select(folder => $"folder {folder}"));
        return removed;
    }
}
