namespace Adaptation.Runner;

/// <summary>A folder for a run's sockets and scratch files, closed to other users. Disposing removes it.</summary>
/// <remarks>
/// Short, because a socket's path may have 107 bytes. Its name cannot be foreseen: in a folder that everyone may write to, someone else
/// would make it first. The file <c>owner</c> in it lets a later run tell whether it is in use.
/// </remarks>
internal sealed class Scratch : IDisposable
{
    internal const string Prefix = "adaptation-";
    private const string OwnerFile = "owner";

    private Scratch(string path) => Path = path;

    public string Path { get; }

    public static Scratch Create(string runId)
    {
        var folder = Directory.CreateTempSubdirectory($"{Prefix}{runId}-").FullName;
        // whole at once: a sweeper that saw it empty would take it for a dead run's
        RunDirectory.WriteWhole(System.IO.Path.Combine(folder, OwnerFile), System.Text.Encoding.ASCII.GetBytes(RunOwner.Current));
        return new Scratch(folder);
    }

    /// <summary>A folder in it, made if it is not there.</summary>
    public string Folder(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;

    /// <summary>Removes what dead runs left; returns the folders that are gone.</summary>
    public static IEnumerable<string> RemoveDead()
    {
        foreach (var folder in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), $"{Prefix}*").ToArray())
        {
            if (ReadOwner(folder) is { } owner && !RunOwner.IsAlive(owner) && TryDelete(folder))
                yield return folder;
        }
    }

    public void Dispose() => TryDelete(Path);

    private static string? ReadOwner(string folder)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(folder, OwnerFile));
        }
        catch (Exception foreign) when (foreign is IOException or UnauthorizedAccessException)
        {
            return null; // of another user, or not ours at all
        }
    }

    /// <summary>Files that a server made as another user may refuse; they must not hide why the run ended. The next run tries again.</summary>
    private static bool TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (Exception left) when (left is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
