namespace Adaptation.Runner;

/// <summary>Finds and removes what dead runs left behind: containers, networks, folders. What belongs to a living process is left alone.</summary>
public static class Leftovers
{
    private const string OwnerFile = "owner";

    /// <summary>The folder of a run's sockets and scratch files; made on first use and closed to other users.</summary>
    internal static string ScratchFolder(string runId)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"adaptation-{runId}");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(folder, OwnerFile), RunOwner.Current);
        return folder;
    }

    internal static void RemoveScratch(string runId)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"adaptation-{runId}");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <returns>What was removed, in words.</returns>
    public static async Task<IReadOnlyList<string>> RemoveAsync(IContainerEngine engine, CancellationToken cancellationToken)
    {
        var removed = new List<string>();
        foreach (var left in await engine.FindAsync(runId: null, cancellationToken))
        {
            if (RunOwner.IsAlive(left.Owner))
                continue;
            await engine.RemoveAsync(left, cancellationToken);
            removed.Add($"{left.Kind} {(left.Id.Length > 12 ? left.Id[..12] : left.Id)} of run {left.RunId}");
        }

        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), "adaptation-*"))
        {
            var owner = Path.Combine(folder, OwnerFile);
            if (!File.Exists(owner) || RunOwner.IsAlive(await File.ReadAllTextAsync(owner, cancellationToken)))
                continue;
            Directory.Delete(folder, recursive: true);
            removed.Add($"folder {folder}");
        }

        return removed;
    }
}
