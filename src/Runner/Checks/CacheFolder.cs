using System.Collections.Immutable;
using System.Security.Cryptography;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The folder that an engine keeps its cache in, looked at and damaged from outside while no server runs.</summary>
/// <remarks>
/// A server wrote what lies there: no link is followed, what has no length is never opened (it may be a pipe), and number, depth and size are bounded.
/// Files keep owner, mode and time of change, which an engine may look at. Every method throws <see cref="InvalidDataException"/> where that cannot be done.
/// </remarks>
/// <param name="kept">An empty folder of the runner's own, for copies.</param>
internal sealed class CacheFolder(string path, string kept)
{
    internal const int MostFiles = 10_000;
    internal const int MostDepth = 32;
    private const long MostBytes = 2L << 30;
    private const long MostNames = 1 << 20;
    private const byte Bit = 0x80;

    private readonly List<Copy> _copies = [];

    public string Path => path;

    /// <summary>Regular files, by their names; a name's odd characters are escaped as in a URL.</summary>
    public ImmutableArray<CacheFile> List() => Trying(() =>
    {
        var files = new List<CacheFile>();
        var (bytes, names) = (0L, 0L);
        Collect(new DirectoryInfo(path), "", 0, (name, file) =>
        {
            names += name.Length;
            if (names > MostNames)
                throw new InvalidDataException($"the names of its files have more than {MostNames >> 10} Ki characters");
            if (file is null)
                return;
            bytes += file.Length;
            if (files.Count == MostFiles || bytes > MostBytes)
                throw new InvalidDataException($"it holds more than {MostFiles} files or {MostBytes >> 30} GiB");
            files.Add(new(name, file.Length, Digest(file)));
        });
        return files.OrderBy(file => file.Name, StringComparer.Ordinal).ToImmutableArray();
    });

    /// <summary>Copies these files, so that <see cref="Restore"/> can bring them back.</summary>
    public void Keep(ImmutableArray<CacheFile> files) => Trying(() =>
    {
        foreach (var file in files)
        {
            var copy = new Copy(file, System.IO.Path.Combine(kept, TextFacts.Number(_copies.Count)), File.GetLastWriteTimeUtc(At(file.Name)));
            if (file.Bytes > 0)
                File.Copy(At(file.Name), copy.Path);
            _copies.Add(copy);
        }

        return 0;
    });

    /// <summary>Makes the folder what it was when its files were kept.</summary>
    public void Restore() => Trying(() =>
    {
        var files = _copies.Select(copy => copy.File.Name).ToHashSet(StringComparer.Ordinal);
        var folders = files.SelectMany(Parents).ToHashSet(StringComparer.Ordinal);
        Clear(new DirectoryInfo(path), "", files, folders);
        foreach (var folder in folders.Order(StringComparer.Ordinal).Where(folder => !Directory.Exists(At(folder))))
            OpenToAll(Directory.CreateDirectory(At(folder)).FullName, (UnixFileMode)0b111_111_111);
        foreach (var copy in _copies)
            Write(copy, copy);
        return 0;
    });

    /// <summary>Damages files that are as they were kept.</summary>
    /// <param name="damage">One of <see cref="CacheStarts"/>.</param>
    public void Damage(string damage) => Trying(() =>
    {
        ImmutableArray<Copy> hit = [.. CacheStarts.Damaged(damage, _copies.Select(copy => copy.File)).Select(file => _copies.First(copy => copy.File == file))];
        foreach (var (copy, at) in hit.Select((copy, at) => (copy, at)))
        {
            if (damage == CacheStarts.Swapped)
                Write(copy, hit[(at + 1) % hit.Length]);
            else
                Change(damage, copy);
        }

        return 0;
    });

    private void Change(string damage, Copy copy)
    {
        using (var file = new FileStream(At(copy.File.Name), FileMode.Open, FileAccess.ReadWrite))
        {
            if (damage != CacheStarts.BitFlipped)
            {
                file.SetLength(damage == CacheStarts.Cut ? file.Length / 2 : 0);
            }
            else
            {
                file.Position = copy.File.Bytes / 2;
                var one = (byte)file.ReadByte();
                file.Position = copy.File.Bytes / 2;
                file.WriteByte((byte)(one ^ Bit));
            }
        }

        File.SetLastWriteTimeUtc(At(copy.File.Name), copy.ChangedAt);
    }

    private void Write(Copy target, Copy content)
    {
        var at = At(target.File.Name);
        var isNew = !File.Exists(at);
        using (var file = new FileStream(at, FileMode.OpenOrCreate, FileAccess.Write))
        {
            file.SetLength(0);
            if (content.File.Bytes > 0)
            {
                using var source = File.OpenRead(content.Path);
                source.CopyTo(file);
            }
        }

        if (isNew)
            OpenToAll(at, (UnixFileMode)0b110_110_110);
        File.SetLastWriteTimeUtc(at, target.ChangedAt);
    }

    private static void Collect(DirectoryInfo folder, string prefix, int depth, Action<string, FileInfo?> found)
    {
        if (depth > MostDepth)
            throw new InvalidDataException($"its folders lie deeper than {MostDepth}");
        foreach (var entry in folder.EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is null))
        {
            if (entry is DirectoryInfo inner)
            {
                found($"{prefix}{Escaped(entry)}/", null); // counted, so that folders without files end too
                Collect(inner, $"{prefix}{Escaped(entry)}/", depth + 1, found);
            }
            else
                found(prefix + Escaped(entry), (FileInfo)entry);
        }
    }

    /// <summary>Removes what was not kept: links and what has no length always, so that nothing is written to through them.</summary>
    private static void Clear(DirectoryInfo folder, string prefix, HashSet<string> files, HashSet<string> folders)
    {
        foreach (var entry in folder.GetFileSystemInfos())
        {
            var name = prefix + Escaped(entry);
            if (entry.LinkTarget is not null || (entry is FileInfo file && (file.Length == 0 || !files.Contains(name))))
                File.Delete(entry.FullName);
            else if (entry is DirectoryInfo inner && folders.Contains(name))
                Clear(inner, $"{name}/", files, folders);
            else if (entry is DirectoryInfo)
                Directory.Delete(entry.FullName, recursive: true);
        }
    }

    private static string Digest(FileInfo file)
    {
        if (file.Length == 0)
            return Convert.ToHexStringLower(SHA256.HashData([]));
        using var stream = file.OpenRead();
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static IEnumerable<string> Parents(string name)
    {
        for (var at = name.IndexOf('/', StringComparison.Ordinal); at >= 0; at = name.IndexOf('/', at + 1))
            yield return name[..at];
    }

    /// <summary>The server runs as another user.</summary>
    private static void OpenToAll(string at, UnixFileMode mode) => File.SetUnixFileMode(at, mode);

    private static string Escaped(FileSystemInfo entry) => Uri.EscapeDataString(entry.Name);

    private string At(string name) => System.IO.Path.Combine([path, .. name.Split('/').Select(Uri.UnescapeDataString)]);

    private T Trying<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{Clip.Text(failed.Message.Replace(path, "the folder", StringComparison.Ordinal))} (a runner that is not root reads and changes only what its own user may)", failed);
        }
    }

    /// <param name="Path">Of the copy; none is there of an empty file.</param>
    private sealed record Copy(CacheFile File, string Path, DateTime ChangedAt);
}
