using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Adaptation.Certificates;

/// <summary>One file of an evidence bundle.</summary>
/// <param name="Path">Relative, with <c>/</c>; see <see cref="EvidencePath"/> for what it may hold.</param>
/// <param name="Size">In bytes.</param>
public sealed record EvidenceFile(string Path, long Size, DigestPair Digests);

/// <summary>The list of all files of an evidence bundle with size and both digests. Its own digests are in the certificate.</summary>
/// <remarks>
/// First line <c>hwcert-manifest/v1</c>, then <c>sha256 sm3 size path</c> per file, sorted by the path's bytes, each line ended by LF.
/// <c>awk 'NR>1{print $1"  "$4}' evidence.manifest | sha256sum -c</c> checks it.
/// </remarks>
public sealed class EvidenceManifest
{
    public const int MaxBytes = 64 << 20;
    private const string Header = "hwcert-manifest/v1";

    private EvidenceManifest(ImmutableArray<EvidenceFile> files) => Files = files;

    /// <summary>Sorted by path.</summary>
    public ImmutableArray<EvidenceFile> Files { get; }

    /// <summary>Reads every file of a folder.</summary>
    /// <exception cref="RejectedException">EVD_KIND, EVD_PATH or EVD_PATH_CASE: the folder holds what a bundle cannot.</exception>
    public static EvidenceManifest Create(string directory)
    {
        var files = EvidenceFolder.List(directory).Select(path => EvidenceFolder.Describe(directory, path)).ToImmutableArray();
        CheckCase(files);
        return new EvidenceManifest(files);
    }

    public byte[] ToBytes()
    {
        var text = new StringBuilder(Header).Append('\n');
        foreach (var file in Files)
            text.Append(CultureInfo.InvariantCulture, $"{file.Digests.Sha256} {file.Digests.Sm3} {file.Size} {file.Path}\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <exception cref="RejectedException">EVD_MANIFEST, EVD_PATH, EVD_PATH_DUP or EVD_PATH_CASE.</exception>
    public static EvidenceManifest Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxBytes || !Ascii.IsValid(file) || !file.EndsWith((byte)'\n'))
            throw Malformed("is too large, not ASCII, or does not end with a line feed");
        var lines = Encoding.ASCII.GetString(file[..^1]).Split('\n');
        if (lines[0] != Header)
            throw Malformed($"does not begin with the line {Header}");
        var files = lines.Skip(1).Select(ParseLine).ToImmutableArray();
        for (var i = 1; i < files.Length; i++)
        {
            var order = string.CompareOrdinal(files[i - 1].Path, files[i].Path);
            if (order == 0)
                throw Rejection.Because("EVD_PATH_DUP", $"{files[i].Path} is listed twice");
            if (order > 0)
                throw Malformed($"is not sorted by path at {files[i].Path}");
        }
        CheckCase(files);
        return new EvidenceManifest(files);
    }

    /// <summary>Compares a folder with this list: the same files, and no others, with the same content.</summary>
    /// <exception cref="RejectedException">EVD_KIND, EVD_PATH, EVD_EXTRA, EVD_MISSING or EVD_DIGEST.</exception>
    public void Check(string directory)
    {
        var listed = Files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        var present = EvidenceFolder.List(directory);
        if (present.FirstOrDefault(path => !listed.Contains(path)) is { } extra)
            throw Rejection.Because("EVD_EXTRA", $"{extra} is in the folder and not in the manifest");
        listed.ExceptWith(present);
        if (listed.Order(StringComparer.Ordinal).FirstOrDefault() is { } missing)
            throw Rejection.Because("EVD_MISSING", $"{missing} is in the manifest and not in the folder");
        foreach (var file in Files)
            if (EvidenceFolder.SizeOf(directory, file.Path) != file.Size || EvidenceFolder.Describe(directory, file.Path) != file)
                throw Rejection.Because("EVD_DIGEST", $"{file.Path} is not the file that the manifest lists");
    }

    public EvidenceFile? TryFind(string path)
    {
        var (low, high) = (0, Files.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(Files[middle].Path, path);
            if (order == 0)
                return Files[middle];
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }
        return null;
    }

    private static EvidenceFile ParseLine(string line)
    {
        var fields = line.Split(' ');
        if (fields.Length != 4 || !Digests.IsHex(fields[0], 64) || !Digests.IsHex(fields[1], 64) || TrySize(fields[2]) is not { } size)
            throw Malformed($"has a line that is not `sha256 sm3 size path`: {JsonGate.Quote(line)}");
        return EvidencePath.IsValid(fields[3])
            ? new EvidenceFile(fields[3], size, new DigestPair(fields[0], fields[1]))
            : throw EvidencePath.Refused(fields[3]);
    }

    private static long? TrySize(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
        && size.ToString(CultureInfo.InvariantCulture) == text ? size : null;

    private static void CheckCase(ImmutableArray<EvidenceFile> files)
    {
        var folded = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in files)
            if (!folded.TryAdd(file.Path, file.Path))
                throw Rejection.Because("EVD_PATH_CASE", $"{folded[file.Path]} and {file.Path} differ in letter case only");
    }

    private static RejectedException Malformed(string what) => Rejection.Because("EVD_MANIFEST", $"the manifest {what}");
}
