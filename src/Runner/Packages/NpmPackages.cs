using System.Collections.Immutable;
using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
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
    /// <summary>Returns the folder that holds exactly <paramref name="files"/>, each with the digest that pins it.</summary>
    /// <exception cref="BrokenEnvironmentException">
    /// npm is missing or failed, or a digest differs from the pinned one. Nothing is left half-installed: files appear in one rename or not at all.
    /// </exception>
    public async Task<string> EnsureAsync(PackageSource source, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken)
    {
        var target = Path.Combine(directory, FolderName(source, files));
        if (Directory.Exists(target))
        {
            foreach (var file in files)
                await CheckAsync(Path.Combine(target, file.Path), file, $"the kept copy of {source.Package}", cancellationToken);
            return target;
        }

        announce($"fetching {source.Package} {source.Version} with npm");
        Directory.CreateDirectory(directory);
        var work = Path.Combine(directory, $".partial-{Environment.ProcessId}-{Path.GetRandomFileName()}");
        Directory.CreateDirectory(work);
        try
        {
            var archive = await PackAsync(source, work, cancellationToken);
            await CheckIntegrityAsync(archive, source, cancellationToken);
            var content = Path.Combine(work, "content");
            await ExtractAsync(archive, content, source, files, cancellationToken);
            try
            {
                Directory.Move(content, target);
            }
            catch (IOException) when (Directory.Exists(target))
            {
                // another process was faster with the same pinned bytes
            }

            return target;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>Keeps copies of files that lie beside a model's manifest, so that what is mounted holds nothing else; returns their folder.</summary>
    /// <exception cref="BrokenEnvironmentException">A file is missing or has another digest than the one that pins it.</exception>
    public async Task<string> KeepAsync(string name, string folder, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken)
    {
        var source = new PackageSource(name, "local", "");
        var target = Path.Combine(directory, FolderName(source, files));
        if (!Directory.Exists(target))
        {
            var work = Path.Combine(directory, $".partial-{Environment.ProcessId}-{Path.GetRandomFileName()}");
            foreach (var file in files)
            {
                var kept = Path.Combine(work, file.Path);
                await CheckAsync(Path.Combine(folder, file.From), file, folder, cancellationToken);
                Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
                File.Copy(Path.Combine(folder, file.From), kept);
                File.SetUnixFileMode(kept, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }

            Directory.CreateDirectory(work);
            Directory.Move(work, target);
        }

        foreach (var file in files)
            await CheckAsync(Path.Combine(target, file.Path), file, $"the kept copy of {name}", cancellationToken);
        return target;
    }

    /// <summary>Removes what fetches that were killed left behind.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(directory))
            return;
        foreach (var partial in Directory.EnumerateDirectories(directory, ".partial-*"))
        {
            if (int.TryParse(Path.GetFileName(partial).Split('-')[1], NumberStyles.None, CultureInfo.InvariantCulture, out var owner) && !Directory.Exists($"/proc/{owner}"))
                Directory.Delete(partial, recursive: true);
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
            ArgumentList = { "pack", $"{source.Package}@{source.Version}", "--pack-destination", work, "--silent" },
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
            if (!wanted.Remove(entry.Name, out var file) || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
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
