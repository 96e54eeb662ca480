using System.Collections.Immutable;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Gets pinned files out of packages of the npm registry and keeps them, so that the next run needs no network.</summary>
/// <param name="directory">Where packages are kept; made on first use.</param>
/// <param name="announce">Told, in one line, what is about to be fetched.</param>
public sealed class NpmPackages(string directory, Action<string> announce)
{
    private const string Partial = ".partial-";

    /// <summary>Returns the folder that holds exactly <paramref name="files"/>, each with the digest that pins it.</summary>
    /// <exception cref="BrokenEnvironmentException">
    /// npm is missing or failed, a digest differs from the pinned one, or the disk is full. Nothing is left half-installed: files appear in
    /// one rename or not at all.
    /// </exception>
    public Task<string> EnsureAsync(PackageSource source, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken) =>
        KeptAsync(source, files, async (work, content) =>
        {
            announce($"fetching {source.Package} {source.Version} with npm");
            var archive = await PackAsync(source, work, cancellationToken);
            await CheckIntegrityAsync(archive, source, cancellationToken);
            await ExtractAsync(archive, content, source, files, cancellationToken);
        }, cancellationToken);

    /// <summary>Whether a folder of those files is kept; they are not looked at.</summary>
    public bool Has(PackageSource source, ImmutableArray<PinnedFile> files) => Directory.Exists(Path.Combine(directory, FolderName(source, files)));

    /// <summary>Keeps copies of files that lie beside a model's manifest, so that what is mounted holds nothing else; returns their folder.</summary>
    /// <exception cref="BrokenEnvironmentException">A file is missing or has another digest than the one that pins it.</exception>
    public async Task<string> KeepAsync(string name, string folder, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken)
    {
        return await KeptAsync(new PackageSource(name, "local", ""), files, async (_, content) =>
        {
            foreach (var file in files)
            {
                var (original, kept) = (Path.Combine(folder, file.From), Path.Combine(content, file.Path));
                if (!File.Exists(original))
                    await CheckAsync(original, file, folder, cancellationToken);
                Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
                File.Copy(original, kept);
                File.SetUnixFileMode(kept, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
                // the copy and not the original: that one may change at any time
                await CheckAsync(kept, file, folder, cancellationToken);
            }
        }, cancellationToken);
    }

    /// <summary>Keeps files that this program makes itself; returns their folder.</summary>
    /// <param name="make">Gets the folder to make them in.</param>
    /// <exception cref="BrokenEnvironmentException">What was made has another digest than the one that pins it, or the disk is full.</exception>
    public Task<string> MakeAsync(string name, ImmutableArray<PinnedFile> files, Func<string, Task> make, CancellationToken cancellationToken) =>
        KeptAsync(new PackageSource(name, "made", ""), files, async (_, content) =>
        {
            announce($"making {string.Join(", ", files.Select(file => file.Path))} of {name}");
            await make(content);
            foreach (var file in files)
                await CheckAsync(Path.Combine(content, file.Path), file, $"what was made of {name}", cancellationToken);
        }, cancellationToken);

    /// <summary>A folder beside the one where packages are kept.</summary>
    public string Beside(string name) => Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)))!, name);

    /// <summary>Removes what fetches that were killed left behind.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(directory))
            return;
        foreach (var partial in Directory.EnumerateDirectories(directory, ".partial-*"))
        {
            if (!RunOwner.IsAlive(Path.GetFileName(partial)[Partial.Length..].Split('~')[0].Replace('_', ':')))
                TryDelete(partial);
        }
    }

    /// <summary>Finds the folder of those files, or makes it with <paramref name="fill"/>, which gets a scratch folder and the one to fill.</summary>
    private async Task<string> KeptAsync(PackageSource source, ImmutableArray<PinnedFile> files, Func<string, string, Task> fill, CancellationToken cancellationToken)
    {
        var target = Path.Combine(directory, FolderName(source, files));
        try
        {
            if (!Directory.Exists(target))
                await MakeAsync(target, fill);
            await CheckKeptAsync(target, source, files, cancellationToken);
            return target;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new BrokenEnvironmentException(
                $"{source.Package} {source.Version} could not be kept in {directory}: {failed.Message} Make room or access there, then try again.", failed);
        }
    }

    private async Task MakeAsync(string target, Func<string, string, Task> fill)
    {
        var work = Path.Combine(directory, $"{Partial}{RunOwner.Current.Replace(':', '_')}~{Path.GetRandomFileName()}");
        var content = Path.Combine(work, "content");
        try
        {
            Directory.CreateDirectory(content);
            await fill(work, content);
            Directory.Move(content, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            // another process was faster; what it made is checked like everything that is kept
        }
        finally
        {
            TryDelete(work);
        }
    }

    /// <summary>What is kept is mounted as it stands: exactly the pinned files, none more, and none that is a link to somewhere else.</summary>
    private static async Task CheckKeptAsync(string target, PackageSource source, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken)
    {
        var where = $"the kept copy of {source.Package}";
        foreach (var file in files)
            await CheckAsync(Path.Combine(target, file.Path), file, where, cancellationToken);
        var pinned = files.Select(file => Path.Combine(target, file.Path)).ToHashSet(StringComparer.Ordinal);
        foreach (var item in new DirectoryInfo(target).EnumerateFileSystemInfos("*", SearchOption.AllDirectories))
        {
            if (item.LinkTarget is not null || (item is FileInfo && !pinned.Contains(item.FullName)))
            {
                throw new BrokenEnvironmentException(
                    $"{where} holds {Path.GetRelativePath(target, item.FullName)}, which is {(item.LinkTarget is null ? "not among the pinned files" : "a symbolic link")}. Remove {target} and try again.");
            }
        }
    }

    /// <summary>What cannot be removed now is removed by the next run; it must not hide why we are here.</summary>
    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception left) when (left is IOException or UnauthorizedAccessException)
        {
            // no folder, or one that RemoveLeftovers takes later
        }
    }

    private static string FolderName(PackageSource source, ImmutableArray<PinnedFile> files)
    {
        // the same package with other files or other digests is another folder
        var pins = Encoding.UTF8.GetBytes(source + string.Join('\n', files.OrderBy(file => file.Path, StringComparer.Ordinal)));
        var name = source.Package.TrimStart('@').Replace('/', '-');
        return $"{name}-{source.Version}-{Convert.ToHexStringLower(SHA256.HashData(pins))[..12]}";
    }

    private static async Task<string> PackAsync(PackageSource source, string work, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("npm")
        {
            ArgumentList = { "pack", $"{source.Package}@{source.Version}", "--pack-destination", work, "--silent", "--ignore-scripts" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = work,
        };
        try
        {
            var (exit, output) = await Programs.RunAsync(start, cancellationToken);
            if (exit == 0 && Directory.GetFiles(work, "*.tgz") is [var archive])
                return archive;
            throw new BrokenEnvironmentException(
                $"npm could not fetch {source.Package} {source.Version} (exit code {exit}). Check that a registry answers (`npm ping`), then try again. Its last lines:\n{output}");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new BrokenEnvironmentException(
                $"{source.Package} {source.Version} comes through npm, which is not on PATH. Install Node.js with npm (Debian: apt-get install npm), then try again.", missing);
        }
    }

    private static async Task CheckIntegrityAsync(string archive, PackageSource source, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(archive);
        var seen = "sha512-" + Convert.ToBase64String(await SHA512.HashDataAsync(stream, cancellationToken));
        if (seen != source.Integrity)
        {
            throw new BrokenEnvironmentException(
                $"""
                {source.Package} {source.Version} is not the package that was pinned; nothing was installed.
                expected {source.Integrity}
                seen     {seen}
                Do not use this registry's copy. If the pin itself is wrong, correct the lock file in a reviewed change.
                """);
        }
    }

    private static async Task ExtractAsync(
        string archive, string content, PackageSource source, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken)
    {
        var wanted = files.ToDictionary(file => "package/" + file.From, StringComparer.Ordinal);
        await using var compressed = File.OpenRead(archive);
        await using var plain = new GZipStream(compressed, CompressionMode.Decompress);
        await using var tar = new TarReader(plain);
        while (wanted.Count > 0 && await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !wanted.Remove(entry.Name, out var file))
                continue;
            var path = Path.Combine(content, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await entry.ExtractToFileAsync(path, overwrite: false, cancellationToken);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            await CheckAsync(path, file, source.Package, cancellationToken);
        }

        if (wanted.Count > 0)
            throw new BrokenEnvironmentException($"{source.Package} {source.Version} holds no {string.Join(", ", wanted.Keys)}; nothing was installed. The lock file names files that this package does not have.");
    }

    private static async Task CheckAsync(string path, PinnedFile file, string where, CancellationToken cancellationToken)
    {
        var seen = await FileDigests.Sha256Async(path, cancellationToken);
        if (seen != file.Sha256)
        {
            throw new BrokenEnvironmentException(
                $"""
                {file.Path} in {where} is not the file that was pinned.
                expected sha256 {file.Sha256}
                seen            {seen ?? "no such file"}
                Remove {Path.GetDirectoryName(path)} and try again; if it persists, the source is not to be trusted.
                """);
        }
    }
}
