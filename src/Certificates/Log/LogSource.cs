using System.Globalization;

namespace Adaptation.Certificates;

/// <summary>Where the files of a log lie: a folder, a disc, a web server. Nothing that it gives is believed. Safe for use by one thread at a time.</summary>
public interface ILogSource
{
    /// <summary>What the source is called, for messages.</summary>
    string Name { get; }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">Relative, with <c>/</c>, such as <c>tile/0/x001/234.p/17</c>.</param>
    /// <returns>Null if there is no such file. Of a longer one, the first <paramref name="maxBytes"/> + 1 bytes.</returns>
    /// <exception cref="IOException">It cannot be read now.</exception>
    byte[]? TryRead(string path, int maxBytes);
}

/// <summary>A log in a folder.</summary>
public sealed class LogFolder(string folder) : ILogSource
{
    /// <inheritdoc/>
    public string Name => folder;

    /// <inheritdoc/>
    public byte[]? TryRead(string path, int maxBytes) => ReadFile(Path.Combine(folder, path), maxBytes);

    internal static byte[]? ReadFile(string path, int maxBytes)
    {
        using var file = LogDisk.TryOpen(path);
        if (file is null)
            return null;
        var bytes = new byte[Math.Min(file.Length, maxBytes + 1L)];
        return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}

/// <summary>Names and sizes of a log's files.</summary>
/// <remarks>Source: C2SP tlog-tiles.</remarks>
internal static class LogFiles
{
    public const string Checkpoint = "checkpoint";

    /// <summary>Hashes of a full tile, and entries of a full bundle.</summary>
    public const int Width = 256;

    /// <summary>The length of an entry is two bytes.</summary>
    public const int MaxEntry = ushort.MaxValue;

    public const int MaxBundle = Width * (2 + MaxEntry);

    /// <param name="width">1 to 256.</param>
    public static string Tile(int level, ulong index, int width) => $"tile/{level.ToString(CultureInfo.InvariantCulture)}/{Place(index)}{Suffix(width)}";

    /// <param name="width">1 to 256.</param>
    public static string Entries(ulong index, int width) => $"tile/entries/{Place(index)}{Suffix(width)}";

    /// <summary>The folder that holds the partial states of a tile or bundle of this full name.</summary>
    public static string PartialFolder(string fullName) => fullName + ".p";

    /// <summary>1234067 is x001/x234/067.</summary>
    private static string Place(ulong index)
    {
        var place = (index % 1000).ToString("000", CultureInfo.InvariantCulture);
        for (index /= 1000; index > 0; index /= 1000)
            place = $"x{(index % 1000).ToString("000", CultureInfo.InvariantCulture)}/{place}";
        return place;
    }

    private static string Suffix(int width) => width == Width ? "" : $".p/{width.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>Reads files of a log of a known size, and refuses those that are not what that size asks for.</summary>
internal static class LogReading
{
    /// <returns>As many hashes as the width says.</returns>
    /// <exception cref="RejectedException">LOG_TILE.</exception>
    public static LogHash[] Tile(this ILogSource source, int level, ulong index, int width)
    {
        var (name, bytes, expected) = Read(source, at => LogFiles.Tile(level, index, at), width, LogFiles.Width * LogHash.Bytes);
        if (bytes.Length != expected * LogHash.Bytes)
            throw Rejection.Because("LOG_TILE", $"{source.Name}: {name} has {bytes.Length} bytes; {expected} hashes are {expected * LogHash.Bytes}");
        var hashes = new LogHash[width];
        for (var at = 0; at < width; at++)
            hashes[at] = LogHash.Of(bytes.AsSpan(at * LogHash.Bytes, LogHash.Bytes));
        return hashes;
    }

    /// <returns>As many entries as the width says.</returns>
    /// <exception cref="RejectedException">LOG_TILE.</exception>
    public static ReadOnlyMemory<byte>[] Entries(this ILogSource source, ulong index, int width)
    {
        var (name, bytes, expected) = Read(source, at => LogFiles.Entries(index, at), width, LogFiles.MaxBundle);
        var (entries, at) = (new List<ReadOnlyMemory<byte>>(expected), 0);
        while (at + 2 <= bytes.Length && at + 2 + (bytes[at] << 8 | bytes[at + 1]) is var end && end <= bytes.Length)
        {
            entries.Add(bytes.AsMemory(at + 2, end - at - 2));
            at = end;
        }

        return at == bytes.Length && entries.Count == expected
            ? [.. entries.Take(width)]
            : throw Rejection.Because("LOG_TILE", $"{source.Name}: {name} holds {entries.Count} whole entries and {bytes.Length - at} bytes behind them; expected {expected} and none");
    }

    /// <summary>A log may delete partial files once the full one is there, which begins with the same.</summary>
    private static (string Name, byte[] Bytes, int Width) Read(ILogSource source, Func<int, string> name, int width, int maxBytes)
    {
        if (source.TryRead(name(width), maxBytes) is { } bytes)
            return (name(width), bytes, width);
        return width < LogFiles.Width && source.TryRead(name(LogFiles.Width), maxBytes) is { } full
            ? (name(LogFiles.Width), full, LogFiles.Width)
            : throw Rejection.Because("LOG_TILE", $"{source.Name}: {name(width)} is missing; the checkpoint's size asks for it");
    }
}
