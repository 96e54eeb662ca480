using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;

namespace Adaptation.Runner;

/// <summary>The files of the machine that are mounted into the server's container: a vendor's driver library computes as much as the image does.</summary>
/// <remarks>
/// Regular files below the mounts' sources, by their bytes; a link by where it points (what it points at is read where it lies; outside a mount it is the
/// image's). What the kernel or a service makes up or writes while it runs (<see cref="Unpinned"/>) is named and not read.
/// </remarks>
internal sealed class MountedFiles(HostMachine machine, MountBounds bounds)
{
    private const int MostNamed = 4096, MostLinks = 40, Deepest = 32;

    private static readonly ImmutableArray<string> Unpinned = ["/sys", "/proc", "/dev", "/run", "/var/run", "/var/log"];

    private readonly SortedDictionary<string, string> _files = new(StringComparer.Ordinal);
    private long _bytes;
    private string? _problem;

    /// <summary>One digest over all of them, and each by name in the detail.</summary>
    public static async Task ReadAsync(StackFacts stack, string field, ImmutableArray<Mount> mounts, HostMachine machine, MountBounds bounds, CancellationToken cancellationToken)
    {
        var files = new MountedFiles(machine, bounds);
        foreach (var mount in mounts)
            await files.ReadAsync(mount.Source, mount.Target, links: 0, depth: 0, cancellationToken);
        stack.Set(field, files._problem is null ? files.Digest() : StackProbe.Unknown); // two of which nobody knows are not the same
        stack.AddDetail("mounted", CanonicalValue.Object.Of([.. files.Named()]));
    }

    private IEnumerable<(string, CanonicalValue)> Named()
    {
        yield return ("count", _files.Count.ToString(CultureInfo.InvariantCulture));
        if (_problem is { } problem)
            yield return ("notWhole", StackProbe.Clean(problem));
        if (_files.Count > MostNamed)
            yield return ("notNamed", (_files.Count - MostNamed).ToString(CultureInfo.InvariantCulture));
        yield return ("files", CanonicalValue.Object.Of([.. _files.Take(MostNamed).Select(file => (Plain(file.Key), (CanonicalValue)Plain(file.Value)))]));
    }

    private string Digest()
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, what) in _files)
            all.AppendData(Encoding.UTF8.GetBytes($"{name}\0{what}\0"));
        return Convert.ToHexStringLower(all.GetHashAndReset());
    }

    /// <param name="target">Where it stands in the container.</param>
    private async Task ReadAsync(string path, string target, int links, int depth, CancellationToken cancellationToken)
    {
        if (_problem is not null)
            return;
        if (Unpinned.Any(folder => path == folder || path.StartsWith($"{folder}/", StringComparison.Ordinal)))
        {
            Keep(target, "not read: the machine writes it while it runs");
            return;
        }

        var (place, what) = (machine.Place(path), DeviceNode.TryKind(machine.Place(path)));
        if (what == DeviceNode.Link)
            await FollowAsync(path, target, links, depth, cancellationToken);
        else if (what == DeviceNode.Folder && depth == Deepest)
            _problem = $"{path} lies more than {Deepest} folders deep";
        else if (what == DeviceNode.Folder)
        {
            if (!Listed(place, out var names))
                return;
            foreach (var name in names)
                await ReadAsync($"{path.TrimEnd('/')}/{name}", $"{target.TrimEnd('/')}/{name}", 0, depth + 1, cancellationToken);
        }
        else if (what == DeviceNode.PlainFile)
            await ReadFileAsync(path, place, target, cancellationToken);
        else
            Keep(target, what ?? "not there");
    }

    /// <summary>A mount's own source is what the engine finds at the end of its links; a link inside is what the container sees.</summary>
    private async Task FollowAsync(string path, string target, int links, int depth, CancellationToken cancellationToken)
    {
        if (new FileInfo(machine.Place(path)).LinkTarget is not { } to)
            Keep(target, "not there");
        else if (depth > 0)
            Keep(target, $"-> {to}");
        else if (links == MostLinks)
            _problem = $"{path} is a link that ends nowhere";
        else
            await ReadAsync(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path) ?? "/", to)), target, links + 1, depth, cancellationToken);
    }

    private async Task ReadFileAsync(string path, string place, string target, CancellationToken cancellationToken)
    {
        try
        {
            _bytes += new FileInfo(place).Length;
            if (_bytes > bounds.Bytes)
                _problem = $"the mounts hold more than {bounds.Bytes >> 30} GiB, and no more is read: mount the folder of the libraries alone";
            else if (await FileDigests.Sha256Async(place, cancellationToken) is { } digest)
                Keep(target, $"sha256:{digest}");
            else
                _problem = $"{path} is gone since";
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            _problem = $"{path} cannot be read: {unread.Message}";
        }
    }

    private bool Listed(string place, out string[] names)
    {
        try
        {
            names = [.. Directory.EnumerateFileSystemEntries(place).Select(entry => Path.GetFileName(entry)).Take(bounds.Files + 1)];
            return true;
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            (names, _problem) = ([], $"{place} cannot be listed: {unread.Message}");
            return false;
        }
    }

    private void Keep(string target, string what)
    {
        if (_files.Count == bounds.Files)
            _problem = $"the mounts hold more than {bounds.Files} files, and no more are read: mount the folder of the libraries alone";
        else
            _files[target] = what;
    }

    private static string Plain(string text) => StackProbe.IsPlain(text) ? text : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}

/// <summary>How much of what is mounted is read, twice a run. What holds more is unknown as a whole, and the lock says so.</summary>
internal sealed record MountBounds(int Files, long Bytes)
{
    public static MountBounds Standing { get; } = new(20_000, 8L << 30);
}
