namespace Adaptation.Certificates;

/// <summary>Files that are there whole or not at all.</summary>
public static class WholeFile
{
    /// <summary>Writes beside the file, to the disk, and puts it in place by one rename; the folder is made where it is absent.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var partial = path + ".partial";
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using (var file = File.OpenHandle(partial, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, bytes, fileOffset: 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(partial, path, overwrite: true);
    }
}
