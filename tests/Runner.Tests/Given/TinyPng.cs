using System.Buffers.Binary;
using System.IO.Compression;

namespace Adaptation.Runner.Tests;

/// <summary>Writes PNG files of 8-bit RGB, with the filter of each row as a test wants it.</summary>
internal static class TinyPng
{
    private static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public static byte[] Encode(int width, int height, byte[] rgb, Func<int, byte> filterOfRow, int dataChunk = int.MaxValue) =>
        Of(Header(width, height), Compress(Filter(width, height, rgb, filterOfRow)), dataChunk);

    public static byte[] Of(byte[] header, byte[] compressed, int dataChunk = int.MaxValue)
    {
        using var file = new MemoryStream();
        file.Write(Signature);
        file.Write(Chunk("IHDR", header));
        file.Write(Chunk("tEXt", [1, 2, 3]));
        foreach (var part in compressed.Chunk(dataChunk))
            file.Write(Chunk("IDAT", part));
        file.Write(Chunk("IEND", []));
        return file.ToArray();
    }

    public static byte[] Header(int width, int height, byte depth = 8, byte colour = 2, byte interlace = 0)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (depth, colour, interlace);
        return header;
    }

    public static byte[] Compress(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(plain);
        return packed.ToArray();
    }

    private static byte[] Filter(int width, int height, byte[] rgb, Func<int, byte> filterOfRow)
    {
        var stride = width * 3;
        var rows = new List<byte>();
        for (var y = 0; y < height; y++)
        {
            var filter = filterOfRow(y);
            rows.Add(filter);
            for (var x = 0; x < stride; x++)
            {
                int At(int dx, int dy) => x - dx < 0 || y - dy < 0 ? 0 : rgb[((y - dy) * stride) + x - dx];
                var (left, up, corner) = (At(3, 0), At(0, 1), At(3, 1));
                var predicted = filter switch { 1 => left, 2 => up, 3 => (left + up) / 2, 4 => Paeth(left, up, corner), _ => 0 };
                rows.Add((byte)(rgb[(y * stride) + x] - predicted));
            }
        }

        return [.. rows];
    }

    /// <remarks>As the W3C's pseudocode has it: the nearest of the three, ties to the first.</remarks>
    private static int Paeth(int left, int up, int corner) =>
        new[] { left, up, corner }.MinBy(candidate => Math.Abs(candidate - (left + up - corner)));

    private static byte[] Chunk(string type, byte[] data)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        return [.. length, .. GivenWire.Ascii(type), .. data, 0, 0, 0, 0];
    }
}
