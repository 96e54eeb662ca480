using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Adaptation.Certificates;

/// <summary>How much an archive may unpack to, stated before it is read.</summary>
internal sealed record TarLimits(int Files, long FileBytes, long TotalBytes);

/// <summary>Archives with one spelling: ustar, files only, sorted by path, mode 0644, owner 0, time 0, two blocks of zeros at the end.</summary>
/// <remarks>
/// The reader makes the header that it would have written for the path and size that it saw, and refuses any other: checksums, octal forms,
/// base-256 sizes, pax and GNU extensions and long links need no rule of their own. The same bytes come from
/// <c>tar --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0644 -b1</c> over a sorted list of files.
/// </remarks>
internal static class StrictTar
{
    private const int Block = 512;
    private const int NameField = 100;
    private const int PrefixField = 155;
    private const long MaxFileBytes = (1L << 33) - 1; // eleven octal digits

    /// <param name="files">Sorted by path.</param>
    /// <exception cref="RejectedException">A path that no archive may have: PATH behind the prefix.</exception>
    public static void Write(Stream output, string prefix, IEnumerable<(string Path, Func<Stream> Open)> files)
    {
        var paths = new Paths(prefix);
        foreach (var (path, open) in files)
        {
            paths.Add(path);
            using var content = open();
            output.Write(Header(path, content.Length));
            var before = output.Position;
            content.CopyTo(output);
            output.Write(new byte[Padding(output.Position - before)]);
        }
        output.Write(new byte[2 * Block]);
    }

    /// <summary>Reads an archive to its end, and gives each file's content to the stream that is opened for it.</summary>
    /// <param name="prefix">What reason codes begin with: EVD or PACK.</param>
    /// <param name="open">Path and size to where the content goes; the stream is disposed. It may refuse.</param>
    /// <exception cref="RejectedException">KIND, PATH, PATH_DUP, PATH_CASE, BOMB or ARCHIVE behind the prefix.</exception>
    public static void Read(Stream input, string prefix, TarLimits limits, Func<string, long, Stream> open)
    {
        var (paths, total, header) = (new Paths(prefix), 0L, new byte[Block]);
        for (var count = 0; Next(input, prefix, header); count++)
        {
            if (header[156] != '0')
                throw Rejection.Because(prefix + "_KIND", $"entry {count + 1} is {Kind(header[156])}; an archive holds regular files only");
            var path = PathOf(header, prefix);
            var size = SizeOf(header) ?? throw NotOurs(prefix, path);
            total += size;
            if (count >= limits.Files || size > limits.FileBytes || total > limits.TotalBytes)
                throw Rejection.Because(prefix + "_BOMB", $"{path} would unpack to {size} bytes, {total} in all, as file {count + 1}; at most {limits.FileBytes}, {limits.TotalBytes} and {limits.Files} are read");
            paths.Add(path);
            if (!header.AsSpan().SequenceEqual(Header(path, size)))
                throw NotOurs(prefix, path);
            Copy(input, prefix, path, size, open);
        }
    }

    /// <summary>The one header for a file.</summary>
    /// <param name="path">Passed <see cref="EvidencePath"/>.</param>
    internal static byte[] Header(string path, long size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaxFileBytes);
        var header = new byte[Block];
        void Put(int at, string text) => Encoding.ASCII.GetBytes(text, header.AsSpan(at));
        string Octal(long number, int digits) => Convert.ToString(number, 8).PadLeft(digits, '0');

        var split = Split(path);
        Put(0, split == 0 ? path : path[(split + 1)..]);
        Put(100, "0000644");
        Put(108, "0000000");
        Put(116, "0000000");
        Put(124, Octal(size, 11));
        Put(136, "00000000000");
        Put(148, "        ");
        Put(156, "0");
        Put(257, "ustar\0" + "00");
        Put(329, "0000000");
        Put(337, "0000000");
        Put(345, path[..split]);
        Put(148, Octal(header.Sum(octet => octet), 6) + "\0 ");
        return header;
    }

    /// <summary>Where the last slash is that leaves a prefix that fits; 0: no prefix is needed.</summary>
    private static int Split(string path) => path.Length <= NameField ? 0 : path.LastIndexOf('/', Math.Min(path.Length - 1, PrefixField));

    private static bool Next(Stream input, string prefix, byte[] header)
    {
        if (input.ReadAtLeast(header, Block, throwOnEndOfStream: false) != Block)
            throw Rejection.Because(prefix + "_ARCHIVE", "the archive is cut short");
        if (header.AsSpan().ContainsAnyExcept((byte)0))
            return true;
        var end = new byte[Block + 1];
        return input.ReadAtLeast(end, end.Length, throwOnEndOfStream: false) == Block && !end.AsSpan().ContainsAnyExcept((byte)0)
            ? false
            : throw Rejection.Because(prefix + "_ARCHIVE", "the archive does not end with two blocks of zeros and nothing behind them");
    }

    private static void Copy(Stream input, string prefix, string path, long size, Func<string, long, Stream> open)
    {
        using var target = open(path, size);
        var buffer = new byte[64 * 1024];
        for (var left = size; left > 0;)
        {
            var read = input.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
                throw Rejection.Because(prefix + "_ARCHIVE", $"the archive is cut short within {path}");
            target.Write(buffer, 0, read);
            left -= read;
        }
        var padding = buffer.AsSpan(0, Padding(size));
        if (input.ReadAtLeast(padding, padding.Length, throwOnEndOfStream: false) != padding.Length || padding.ContainsAnyExcept((byte)0))
            throw Rejection.Because(prefix + "_ARCHIVE", $"{path} is not followed by zeros to the end of its block");
    }

    private static int Padding(long size) => (int)((Block - size % Block) % Block);

    private static string PathOf(byte[] header, string prefix)
    {
        static string Field(ReadOnlySpan<byte> field) => Encoding.Latin1.GetString(field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field);
        var (name, folder) = (Field(header.AsSpan(0, NameField)), Field(header.AsSpan(345, PrefixField)));
        var path = folder.Length > 0 ? $"{folder}/{name}" : name;
        return IsPath(path) ? path : throw EvidencePath.Refused(path, prefix);
    }

    private static bool IsPath(string path) => EvidencePath.IsValid(path) && Split(path) is >= 0 and var split && path.Length - (split == 0 ? 0 : split + 1) <= NameField;

    private static long? SizeOf(byte[] header)
    {
        var size = 0L;
        foreach (var digit in header.AsSpan(124, 11))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return null;
            size = size * 8 + (digit - '0');
        }
        return size;
    }

    private static string Kind(byte type) => type switch
    {
        (byte)'1' => "a hard link",
        (byte)'2' => "a symbolic link",
        (byte)'3' or (byte)'4' => "a device",
        (byte)'5' => "a folder",
        (byte)'6' => "a pipe",
        _ => string.Create(CultureInfo.InvariantCulture, $"of type 0x{type:x2}"),
    };

    private static RejectedException NotOurs(string prefix, string path) => Rejection.Because(
        prefix + "_ARCHIVE", $"{path} has a header that is not the one spelling: ustar, mode 0644, owner 0, time 0, a checksum that is right");

    /// <summary>The paths so far: sorted, no two the same however they are written, none the folder of another.</summary>
    private sealed class Paths(string prefix)
    {
        private readonly Dictionary<string, string> _files = new(StringComparer.OrdinalIgnoreCase);
        private readonly HashSet<string> _folders = new(StringComparer.OrdinalIgnoreCase);
        private string _last = "";

        public void Add(string path)
        {
            if (!IsPath(path))
                throw EvidencePath.Refused(path, prefix);
            if (_files.TryGetValue(path, out var other))
                throw Rejection.Because(prefix + (other == path ? "_PATH_DUP" : "_PATH_CASE"), other == path ? $"{path} is there twice" : $"{other} and {path} differ in letter case only");
            var folders = Folders(path).ToImmutableArray();
            if (_folders.Contains(path) || folders.Any(_files.ContainsKey))
                throw Rejection.Because(prefix + "_PATH", $"{path} is a file and the folder of another, or lies in a file");
            if (string.CompareOrdinal(_last, path) >= 0)
                throw Rejection.Because(prefix + "_ARCHIVE", $"{path} comes after {_last}: files are sorted by path");
            _files[path] = _last = path;
            _folders.UnionWith(folders);
        }

        private static IEnumerable<string> Folders(string path)
        {
            for (var slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
                yield return path[..slash];
        }
    }
}
