using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>What a build sees: the image's folder and the files that the spec adds, each with its digest, in a fixed order.</summary>
/// <remarks>Times and owners are left out, so that the same content gives the same digest and the same layers on every machine.</remarks>
internal sealed class BuildContext
{
    private readonly ImmutableArray<ContextEntry> _entries;

    private BuildContext(ImmutableArray<ContextEntry> entries, string digest) => (_entries, Digest) = (entries, digest);

    /// <summary>64 hex digits: SHA-256 over the base's digest and each entry's kind, path, mode and content digest.</summary>
    public string Digest { get; }

    /// <exception cref="AdaptationException">A file is absent or unreadable, two claim one path, or a link leads out of its folder.</exception>
    public static async Task<BuildContext> ReadAsync(ImageSpec image, string baseDigest, CancellationToken cancellationToken)
    {
        var entries = new SortedDictionary<string, ContextEntry>(StringComparer.Ordinal);
        if (!File.Exists(Path.Combine(image.Folder, "Dockerfile")))
            throw new BrokenEnvironmentException($"Image {image.Name} has no {Path.Combine(image.Folder, "Dockerfile")}.");
        await AddAsync(entries, image.Name, "", image.Folder, cancellationToken);
        foreach (var (path, source) in image.Files)
            await AddAsync(entries, image.Name, Normal(image.Name, path), source, cancellationToken);
        return new BuildContext([.. entries.Values], DigestOf(baseDigest, entries.Values));
    }

    /// <summary>Writes the context as a tar stream, reading every file anew.</summary>
    /// <exception cref="BrokenEnvironmentException">A file is not what it was when its digest was taken.</exception>
    public async Task WriteAsync(Stream target, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var entry in _entries)
        {
            var written = new PaxTarEntry(entry.Link is null ? TarEntryType.RegularFile : TarEntryType.SymbolicLink, entry.Path)
            {
                Mode = entry.Mode,
                ModificationTime = DateTimeOffset.UnixEpoch,
            };
            if (entry.Link is not null)
            {
                written.LinkName = entry.Link;
                await tar.WriteEntryAsync(written, cancellationToken);
                continue;
            }

            await using var content = new HashedFile(entry.Source);
            written.DataStream = content;
            await tar.WriteEntryAsync(written, cancellationToken);
            if (content.Digest() != entry.Digest)
                throw new BrokenEnvironmentException($"{entry.Source} changed while the image was built from it. Build again when nothing writes there.");
        }
    }

    private static async Task AddAsync(
        SortedDictionary<string, ContextEntry> entries, string image, string path, string source, CancellationToken cancellationToken)
    {
        if (Directory.Exists(source))
        {
            foreach (var item in new DirectoryInfo(source).EnumerateFileSystemInfos())
            {
                var inside = path.Length == 0 ? item.Name : $"{path}/{item.Name}";
                if (item.LinkTarget is { } link)
                    Add(entries, image, new ContextEntry(inside, item.FullName, ExecutableMode, Inside(inside, link, item.FullName), ""));
                else
                    await AddAsync(entries, image, inside, item.FullName, cancellationToken);
            }

            return;
        }

        try
        {
            await using var file = File.OpenRead(source);
            var executable = File.GetUnixFileMode(file.SafeFileHandle).HasFlag(UnixFileMode.UserExecute);
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            Add(entries, image, new ContextEntry(path, source, executable ? ExecutableMode : PlainMode, Link: null, digest));
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new BrokenEnvironmentException($"{source}, which goes into image {image} as {path}, cannot be read: {unread.Message}", unread);
        }
    }

    private static void Add(SortedDictionary<string, ContextEntry> entries, string image, ContextEntry entry)
    {
        if (!entries.TryAdd(entry.Path, entry))
            throw new BrokenEnvironmentException($"Image {image} gets {entry.Path} twice: from {entries[entry.Path].Source} and from {entry.Source}.");
    }

    /// <summary>Keeps a relative link such as libx.so -> libx.so.1; a way out of the context would be a file that nobody took the digest of.</summary>
    private static string Inside(string path, string link, string source)
    {
        var depth = path.Count(c => c == '/');
        foreach (var part in link.Split('/'))
            depth = depth < 0 ? depth : part is ".." ? depth - 1 : part is "" or "." ? depth : depth + 1;
        if (Path.IsPathRooted(link) || depth < 0)
            throw new BrokenEnvironmentException($"{source} is a link to {link}, out of what goes into the image. Put the file itself there.");
        return link;
    }

    private static string Normal(string image, string path)
    {
        if (path.Length == 0 || path.StartsWith('/') || path.Split('/').Any(part => part is "" or "." or ".."))
            throw new BrokenEnvironmentException($"Image {image} names '{path}' as a path in its build context; expected a relative path such as engine/libx.so.");
        return path;
    }

    private static string DigestOf(string baseDigest, IEnumerable<ContextEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Field(hash, baseDigest);
        foreach (var entry in entries)
        {
            Field(hash, entry.Path);
            Field(hash, entry.Link is null ? "file" : "link");
            Field(hash, ((int)entry.Mode).ToString(System.Globalization.CultureInfo.InvariantCulture));
            Field(hash, entry.Link ?? entry.Digest);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Each field with its length before it, so that no two lists of fields run into one another.</summary>
    private static void Field(IncrementalHash hash, string text)
    {
        Span<byte> length = stackalloc byte[4];
        var bytes = Encoding.UTF8.GetBytes(text);
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }

    private const UnixFileMode PlainMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode ExecutableMode =
        PlainMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <param name="Link">Null for a file.</param>
    private sealed record ContextEntry(string Path, string Source, UnixFileMode Mode, string? Link, string Digest);
}
