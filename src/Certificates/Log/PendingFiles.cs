namespace Adaptation.Certificates;

/// <summary>Files of a log that were written and are not yet promised; <see cref="Sync"/> brings them to the disk, with every folder that got a new name.</summary>
internal sealed class PendingFiles(ILogDisk disk, string folder)
{
    private readonly List<string> _files = [];
    private readonly List<string> _full = [];

    public void Put(string path, ReadOnlySpan<byte> content)
    {
        var file = Path.Combine(folder, path);
        disk.Write(file, content);
        _files.Add(file);
        if (!path.Contains(".p/", StringComparison.Ordinal))
            _full.Add(file);
    }

    public void Sync()
    {
        foreach (var file in _files)
            disk.Sync(file);
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in _files)
            for (var above = Path.GetDirectoryName(file)!; folders.Add(above) && above != folder;)
                above = Path.GetDirectoryName(above)!;
        foreach (var above in folders.OrderByDescending(name => name.Length))
            disk.Sync(above);
    }

    /// <summary>Makes a folder with those above it that are missing, and brings their names to the disk: with a folder that the disk forgets, it forgets all that was synced in it.</summary>
    public static void MakeFolder(ILogDisk disk, string folder)
    {
        if (Path.GetDirectoryName(folder) is not { } above)
            return;
        MakeFolder(disk, above);
        var isNew = disk.MakeFolder(folder);
        try
        {
            disk.Sync(above); // always: whoever made it may have been killed before it was synced
        }
        catch (UnauthorizedAccessException) when (!isNew)
        {
            // a folder of others, high above: we may go through and not look at it, so nothing in it is ours
        }
    }

    /// <summary>Puts a checkpoint in its place, whole and for good. What it needs has been synced.</summary>
    public static void Publish(ILogDisk disk, string path, ReadOnlySpan<byte> note)
    {
        var aside = path + ".tmp";
        disk.Write(aside, note);
        disk.Sync(aside);
        disk.Replace(aside, path);
        disk.Sync(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes the partial states of tiles that are full now. Only after a checkpoint that needs the full ones was published.</summary>
    public void RemovePartialOfFull()
    {
        foreach (var file in _full)
            disk.RemoveFolder(LogFiles.PartialFolder(file));
    }
}
