using System.Runtime.InteropServices;

namespace Adaptation.Certificates;

/// <summary>An evidence folder as one file, <c>evidence.tar</c>: the same bytes for the same folder. The manifest is what is signed, and it bounds what is unpacked.</summary>
public static partial class EvidenceArchive
{
    private const string Prefix = "EVD";

    /// <param name="directory">The evidence folder, whose files are those of the manifest.</param>
    /// <exception cref="RejectedException">EVD_*: a path that does not fit, or the folder is not the manifest's.</exception>
    public static void Write(EvidenceManifest manifest, string directory, Stream archive)
    {
        manifest.Check(directory);
        StrictTar.Write(archive, Prefix, manifest.Files.Select(file => (file.Path, (Func<Stream>)(() => File.OpenRead(Path.Combine(directory, file.Path))))));
    }

    /// <summary>Unpacks what the manifest lists into a new folder, and nothing else. A folder that is refused half-way is removed.</summary>
    /// <exception cref="RejectedException">EVD_PATH, EVD_PATH_CASE, EVD_PATH_DUP, EVD_KIND, EVD_BOMB, EVD_ARCHIVE, EVD_EXTRA, EVD_MISSING or EVD_DIGEST.</exception>
    /// <exception cref="IOException">The folder is there already.</exception>
    public static void Extract(Stream archive, EvidenceManifest manifest, string directory)
    {
        var limits = Limits(manifest);
        var root = Path.GetFullPath(directory);
        Make(root);
        try
        {
            StrictTar.Read(archive, Prefix, limits, (path, size) => Open(root, path, size, manifest));
            manifest.Check(root);
        }
        catch
        {
            Directory.Delete(root, recursive: true);
            throw;
        }
    }

    private static TarLimits Limits(EvidenceManifest manifest)
    {
        try
        {
            return new TarLimits(manifest.Files.Length, manifest.Files.Select(file => file.Size).DefaultIfEmpty(0).Max(), manifest.Files.Sum(file => file.Size));
        }
        catch (OverflowException)
        {
            throw Rejection.Because("EVD_BOMB", $"the manifest lists {manifest.Files.Length} files of more bytes together than can be counted");
        }
    }

    /// <summary>One step makes the folder or finds it there: what others could have put into it is not taken for evidence. .NET's own call does not say which.</summary>
    private static void Make(string directory)
    {
        const uint ownerOnly = 0b111_000_000;
        if (Path.GetDirectoryName(directory) is { Length: > 0 } parent)
            Directory.CreateDirectory(parent);
        if (MakeDirectory(directory, ownerOnly) != 0)
            throw new IOException(Path.Exists(directory)
                ? $"{directory} is there already; evidence is unpacked into a new folder"
                : $"{directory} could not be made: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "mkdir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeDirectory(string path, uint mode);

    private static FileStream Open(string root, string path, long size, EvidenceManifest manifest)
    {
        var listed = manifest.TryFind(path) ?? throw (manifest.Files.FirstOrDefault(file => string.Equals(file.Path, path, StringComparison.OrdinalIgnoreCase)) is { } twin
            ? Rejection.Because("EVD_PATH_CASE", $"{path} is in the archive; the manifest lists {twin.Path}, which differs in letter case only")
            : Rejection.Because("EVD_EXTRA", $"{path} is in the archive and not in the manifest"));
        if (size > listed.Size)
            throw Rejection.Because("EVD_BOMB", $"{path} would unpack to {size} bytes; the manifest lists {listed.Size}");
        var target = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        return new FileStream(target, FileMode.CreateNew, FileAccess.Write);
    }
}
