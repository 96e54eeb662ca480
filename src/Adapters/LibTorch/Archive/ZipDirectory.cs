using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Adaptation.Adapters.LibTorch;

/// <summary>One file of a zip archive.</summary>
/// <param name="Offset">Of its local header.</param>
/// <param name="DataOffset">Of its first byte.</param>
/// <param name="Packed">Bytes in the archive.</param>
/// <param name="Size">Bytes as the directory states them.</param>
/// <param name="Crc">CRC-32 of the unpacked bytes.</param>
internal sealed record ZipItem(string Name, bool IsDeflated, long Offset, long DataOffset, long Packed, long Size, uint Crc);

/// <summary>Reads the directory of a zip archive so strictly that no two readers can see different files in it.</summary>
/// <remarks>
/// Source: PKWARE APPNOTE 6.3. Every byte belongs to one file, to one header or to the directory: nothing lies before, between or behind,
/// no name comes twice, and the header beside a file says what the directory says.
/// </remarks>
internal static class ZipDirectory
{
    private const int EndSize = 22, LocatorSize = 20, End64Size = 56, CentralSize = 46, LocalSize = 30;
    private const uint EndMark = 0x06054b50, LocatorMark = 0x07064b50, End64Mark = 0x06064b50, CentralMark = 0x02014b50, LocalMark = 0x04034b50;
    private const int MostItems = 1 << 17, LongestName = 1024, LongestDescriptor = 24;
    private const int Stored = 0, Deflated = 8;

    /// <summary>General purpose bits that change nothing of how the bytes are read: a descriptor follows (3), names are UTF-8 (11).</summary>
    private const int HarmlessFlags = (1 << 3) | (1 << 11);

    private static readonly uint[] CrcTable = MakeCrcTable();

    /// <exception cref="InvalidDataException">It is no such archive; the message says why.</exception>
    public static List<ZipItem> Read(Stream archive)
    {
        var (start, size, count) = ReadEnd(archive);
        if (count > MostItems || size > MostItems * (long)CentralSize)
            throw new InvalidDataException($"its directory has {count} files in {size} bytes; {MostItems} are taken");
        var directory = Bytes(archive, start, (int)size);
        var items = new List<ZipItem>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var at = 0;
        for (var index = 0L; index < count; index++)
        {
            var item = ReadItem(archive, directory, ref at);
            if (!names.Add(item.Name))
                throw new InvalidDataException($"it holds {item.Name} twice");
            items.Add(item);
        }
        if (at != directory.Length)
            throw new InvalidDataException("its directory is longer than its files");
        CheckGaps(items, start);
        return items;
    }

    /// <summary>Reads a file, whose stated size must be its size.</summary>
    /// <param name="most">Bytes; a larger file is refused before it is unpacked.</param>
    /// <exception cref="InvalidDataException">It is larger, or does not unpack to what the directory says.</exception>
    public static byte[] Content(Stream archive, ZipItem item, int most)
    {
        if (item.Size > most)
            throw new InvalidDataException($"{item.Name} has {item.Size} bytes; {most} are taken");
        var packed = Bytes(archive, item.DataOffset, checked((int)item.Packed));
        var content = item.IsDeflated ? Unpack(packed, item) : packed;
        return Crc32(content) == item.Crc ? content : throw new InvalidDataException($"{item.Name} is damaged: its checksum is another one");
    }

    private static byte[] Unpack(byte[] packed, ZipItem item)
    {
        var content = new byte[item.Size];
        using var unpacked = new DeflateStream(new MemoryStream(packed), CompressionMode.Decompress);
        var read = unpacked.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return read == content.Length && unpacked.ReadByte() < 0
            ? content
            : throw new InvalidDataException($"{item.Name} unpacks to another size than the {item.Size} bytes that the directory states");
    }

    private static uint Crc32(ReadOnlySpan<byte> content)
    {
        var crc = uint.MaxValue;
        foreach (var value in content)
            crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] MakeCrcTable() => [.. Enumerable.Range(0, 256).Select(value =>
    {
        var crc = (uint)value;
        for (var bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
        return crc;
    })];

    private static (long Start, long Size, long Count) ReadEnd(Stream archive)
    {
        if (archive.Length < EndSize)
            throw new InvalidDataException("it is too short to be a zip archive");
        var at = archive.Length - EndSize;
        ReadOnlySpan<byte> end = Bytes(archive, at, EndSize);
        if (U32(end) != EndMark || U16(end[20..]) != 0)
            throw new InvalidDataException("it does not end as a zip archive without comment does");
        if (U16(end[4..]) != 0 || U16(end[6..]) != 0 || U16(end[8..]) != U16(end[10..]))
            throw new InvalidDataException("it is one part of several");
        (long Start, long Size, long Count) seen = (U32(end[16..]), U32(end[12..]), U16(end[10..]));
        var directoryEnd = at;
        if (at >= LocatorSize && U32(Bytes(archive, at - LocatorSize, LocatorSize)) == LocatorMark)
            (seen, directoryEnd) = (ReadEnd64(archive, at - LocatorSize, seen), at - LocatorSize - End64Size);
        if (seen.Start < 0 || seen.Size < 0 || seen.Start > directoryEnd || seen.Size != directoryEnd - seen.Start)
            throw new InvalidDataException("something lies between its directory and its end, or its directory is not where it should be");
        return seen;
    }

    /// <summary>The larger record states the same numbers; where the small one has no room, it states them alone.</summary>
    private static (long Start, long Size, long Count) ReadEnd64(Stream archive, long locatorAt, (long Start, long Size, long Count) small)
    {
        var recordAt = locatorAt - End64Size;
        ReadOnlySpan<byte> locator = Bytes(archive, locatorAt, LocatorSize);
        if (recordAt < 0 || U32(locator[4..]) != 0 || I64(locator[8..]) != recordAt || U32(locator[16..]) != 1)
            throw new InvalidDataException("its zip64 record is not where it should be");
        ReadOnlySpan<byte> record = Bytes(archive, recordAt, End64Size);
        if (U32(record) != End64Mark || I64(record[4..]) != End64Size - 12 || U32(record[16..]) != 0 || U32(record[20..]) != 0 || I64(record[24..]) != I64(record[32..]))
            throw new InvalidDataException("its zip64 record is not what it should be");
        (long Start, long Size, long Count) large = (I64(record[48..]), I64(record[40..]), I64(record[32..]));
        var agree = (small.Start == large.Start || small.Start == uint.MaxValue) && (small.Size == large.Size || small.Size == uint.MaxValue)
            && (small.Count == large.Count || small.Count == ushort.MaxValue);
        return agree && large.Count >= 0 ? large : throw new InvalidDataException("its two end records contradict each other");
    }

    private static ZipItem ReadItem(Stream archive, ReadOnlySpan<byte> directory, ref int at)
    {
        if (directory.Length - at < CentralSize || U32(directory[at..]) != CentralMark)
            throw new InvalidDataException("its directory ends too early");
        var entry = directory[at..];
        var (nameLength, extraLength, commentLength) = (U16(entry[28..]), U16(entry[30..]), U16(entry[32..]));
        at += CentralSize + nameLength + extraLength + commentLength;
        if (at > directory.Length || nameLength > LongestName)
            throw new InvalidDataException("its directory ends too early, or holds a name that is too long");
        var name = Name(entry.Slice(CentralSize, nameLength));
        var (flags, method) = (U16(entry[8..]), U16(entry[10..]));
        if ((flags & ~HarmlessFlags) != 0 || U16(entry[34..]) != 0)
            throw new InvalidDataException($"{name} is encrypted, patched or in another part");
        if (method is not (Stored or Deflated))
            throw new InvalidDataException($"{name} is packed by method {method}; stored and deflated files are taken");
        var (size, packed, offset) = Wide(entry.Slice(CentralSize + nameLength, extraLength), (U32(entry[24..]), U32(entry[20..]), U32(entry[42..])), name);
        if (method == Stored && size != packed)
            throw new InvalidDataException($"{name} is stored as it is, and states two sizes");
        return new(name, method == Deflated, offset, CheckLocal(archive, (offset, packed), entry, name), packed, size, U32(entry[16..]));
    }

    /// <summary>Takes from the zip64 field what the entry itself has no room for.</summary>
    private static (long Size, long Packed, long Offset) Wide(ReadOnlySpan<byte> extra, (uint Size, uint Packed, uint Offset) narrow, string name)
    {
        ReadOnlySpan<byte> field = default;
        while (extra.Length >= 4)
        {
            var (id, length) = (U16(extra), U16(extra[2..]));
            if (length > extra.Length - 4)
                break;
            if (id == 1)
                field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }
        var wide = (Take(narrow.Size, ref field), Take(narrow.Packed, ref field), Take(narrow.Offset, ref field));
        return wide is ( >= 0, >= 0, >= 0) ? wide : throw new InvalidDataException($"{name} has no valid size or place");
    }

    private static long Take(uint narrow, ref ReadOnlySpan<byte> field)
    {
        if (narrow != uint.MaxValue)
            return narrow;
        if (field.Length < 8)
            return -1;
        var wide = I64(field);
        field = field[8..];
        return wide;
    }

    /// <returns>Where the data starts.</returns>
    private static long CheckLocal(Stream archive, (long At, long Packed) place, ReadOnlySpan<byte> entry, string name)
    {
        if (place.At > archive.Length - LocalSize)
            throw new InvalidDataException($"{name} lies beyond the end");
        ReadOnlySpan<byte> local = Bytes(archive, place.At, LocalSize);
        var nameLength = U16(local[26..]);
        var dataAt = place.At + LocalSize + nameLength + U16(local[28..]);
        var agrees = U32(local) == LocalMark && U16(local[6..]) == U16(entry[8..]) && U16(local[8..]) == U16(entry[10..]) && nameLength == U16(entry[28..])
            && place.At + LocalSize + nameLength <= archive.Length
            && Bytes(archive, place.At + LocalSize, nameLength).AsSpan().SequenceEqual(entry.Slice(CentralSize, nameLength));
        if (!agrees)
            throw new InvalidDataException($"{name} has a header of its own that contradicts the directory");
        return dataAt <= archive.Length - place.Packed ? dataAt : throw new InvalidDataException($"{name} reaches beyond the end");
    }

    private static void CheckGaps(List<ZipItem> items, long directoryAt)
    {
        var end = 0L;
        foreach (var item in items.OrderBy(item => item.Offset))
        {
            if (item.Offset < end || item.Offset - end > (end == 0 ? 0 : LongestDescriptor))
                throw new InvalidDataException($"{item.Name} lies over another file, or behind bytes that belong to none");
            end = item.DataOffset + item.Packed;
        }
        if (directoryAt < end || directoryAt - end > LongestDescriptor)
            throw new InvalidDataException("its directory lies over a file, or behind bytes that belong to none");
    }

    private static string Name(ReadOnlySpan<byte> bytes)
    {
        // the folder is called as the file was when it was saved, in whatever script; bytes that are no text cannot be told apart, so they are refused
        var name = Encoding.UTF8.GetString(bytes);
        var isPlain = name.All(c => !char.IsControl(c) && c is not ('\\' or '\ufffd')) && name.Split('/').All(part => part is not ("" or "." or ".."));
        return isPlain ? name : throw new InvalidDataException($"it holds a file called '{Printable(name)}'; plain paths below one folder are taken");
    }

    private static string Printable(string name) => new([.. name.Take(80).Select(c => c is >= ' ' and < '\x7f' ? c : '?')]);

    private static byte[] Bytes(Stream archive, long at, int count)
    {
        var bytes = new byte[count];
        archive.Position = at;
        archive.ReadExactly(bytes);
        return bytes;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long I64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);
}
