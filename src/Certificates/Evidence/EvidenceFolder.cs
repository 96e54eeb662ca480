using System.Collections.Immutable;
using System.Formats.Tar;

namespace Adaptation.Certificates;

/// <summary>Paths in an evidence bundle: <c>[A-Za-z0-9._/-]</c>, relative, no empty, <c>.</c> or <c>..</c> segment, at most 240 bytes.</summary>
internal static class EvidencePath
{
    public static bool IsValid(string path) =>
        path.Length is > 0 and <= 240
        && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '/' or '-')
        && path.Split('/').All(segment => segment is not ("" or "." or ".."));

    /// <param name="prefix">What the reason code begins with.</param>
    public static RejectedException Refused(string path, string prefix = "EVD") =>
        Rejection.Because(prefix + "_PATH", $"{JsonGate.Quote(path)} is no path that a bundle may have: relative, letters, digits and . _ / - only");
}

/// <summary>The files under a folder, seen without following links.</summary>
internal static class EvidenceFolder
{
    /// <summary>Paths of all files, sorted by their bytes.</summary>
    /// <exception cref="RejectedException">EVD_KIND: a link or a special file. EVD_PATH: a name that evidence may not have.</exception>
    public static ImmutableArray<string> List(string directory)
    {
        var paths = new List<string>();
        Collect(new DirectoryInfo(directory), "", paths);
        paths.Sort(StringComparer.Ordinal);
        return [.. paths];
    }

    public static long SizeOf(string directory, string path) => new FileInfo(Path.Combine(directory, path)).Length;

    public static EvidenceFile Describe(string directory, string path)
    {
        using var file = new FileStream(Path.Combine(directory, path), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return new EvidenceFile(path, file.Length, Digests.Of(file));
    }

    private static void Collect(DirectoryInfo directory, string prefix, List<string> paths)
    {
        if (!directory.Exists)
            throw Rejection.Because("EVD_MISSING", $"the evidence folder {directory.FullName} is not there");
        foreach (var entry in directory.EnumerateFileSystemInfos())
        {
            var path = prefix + entry.Name;
            if (entry.LinkTarget is not null)
                throw Rejection.Because("EVD_KIND", $"{JsonGate.Quote(path)} is a link; evidence is regular files only");
            if (entry is DirectoryInfo inner)
                Collect(inner, path + "/", paths);
            else if (!EvidencePath.IsValid(path))
                throw EvidencePath.Refused(path);
            else if (((FileInfo)entry).Length == 0 && !IsRegular(entry.FullName))
                throw Rejection.Because("EVD_KIND", $"{path} is a device, pipe or socket; evidence is regular files only");
            else
                paths.Add(path);
        }
    }

    /// <summary>Tells an empty file from a pipe, device or socket, whose length is 0 as well and which opening could hang on.</summary>
    /// <remarks>The archive writer is the one part of the base class library that tells them apart, and it does so without opening them.</remarks>
    private static bool IsRegular(string path)
    {
        using var archive = new MemoryStream();
        try
        {
            using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
                writer.WriteEntry(path, "entry");
        }
        catch (IOException) // documented: a kind that an archive cannot hold, such as a socket
        {
            return false;
        }
        archive.Position = 0;
        using var reader = new TarReader(archive);
        return reader.GetNextEntry()?.EntryType == TarEntryType.RegularFile;
    }
}
