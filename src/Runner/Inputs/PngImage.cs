using System.Buffers.Binary;
using System.IO.Compression;

namespace Adaptation.Runner;

/// <summary>An 8-bit RGB picture. Reads the one kind of PNG that golden packs hold: true colour, 8 bits, not interlaced.</summary>
/// <remarks>Source: W3C PNG specification, third edition, sections 5 (chunks) and 9 (filters).</remarks>
/// <param name="Rgb">Height x width x 3, row-major.</param>
public sealed record PngImage(int Width, int Height, byte[] Rgb)
{
    private const int MaxSide = 1 << 14;
    private const int MaxPixels = 1 << 24; // what a header of 13 bytes may make us allocate: 48 MiB

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <exception cref="InvalidDataException">It is not such a PNG; the message says why.</exception>
    public static PngImage Read(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
            throw new InvalidDataException("is not a PNG");
        var (width, height) = (0, 0);
        using var compressed = new MemoryStream();
        for (var rest = file[Signature.Length..]; ;)
        {
            if (rest.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(rest) > rest.Length - 12)
                throw new InvalidDataException("ends in the middle of a chunk");
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(rest);
            var type = rest.Slice(4, 4);
            var data = rest.Slice(8, length);
            if (type.SequenceEqual("IHDR"u8))
                (width, height) = ReadHeader(data);
            else if (type.SequenceEqual("IDAT"u8))
                compressed.Write(data);
            else if (type.SequenceEqual("IEND"u8))
                break;
            rest = rest[(length + 12)..];
        }

        if (width == 0)
            throw new InvalidDataException("has no header chunk");
        compressed.Position = 0;
        return new PngImage(width, height, Unfilter(compressed, width, height));
    }

    private static (int Width, int Height) ReadHeader(ReadOnlySpan<byte> header)
    {
        if (header.Length != 13)
            throw new InvalidDataException("has a header of the wrong length");
        var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(header), BinaryPrimitives.ReadUInt32BigEndian(header[4..]));
        if (width is 0 or > MaxSide || height is 0 or > MaxSide || width * height > MaxPixels)
            throw new InvalidDataException($"is {width} x {height}; expected 1 to {MaxSide} on each side, and {MaxPixels} pixels at most");
        if (!header[8..].SequenceEqual<byte>([8, 2, 0, 0, 0]))
            throw new InvalidDataException("is not 8-bit RGB without interlace");
        return ((int)width, (int)height);
    }

    private static byte[] Unfilter(Stream compressed, int width, int height)
    {
        var stride = width * 3;
        var pixels = new byte[height * stride];
        var above = new byte[stride];
        Span<byte> filter = stackalloc byte[1];
        using var plain = new ZLibStream(compressed, CompressionMode.Decompress);
        try
        {
            for (var y = 0; y < height; y++)
            {
                var row = pixels.AsSpan(y * stride, stride);
                plain.ReadExactly(filter);
                plain.ReadExactly(row);
                Reconstruct(filter[0], row, above);
                row.CopyTo(above);
            }

            if (plain.Read(filter) > 0)
                throw new InvalidDataException("has more rows than its header says");
        }
        catch (EndOfStreamException early)
        {
            throw new InvalidDataException("has fewer rows than its header says", early);
        }

        return pixels;
    }

    private static void Reconstruct(byte filter, Span<byte> row, ReadOnlySpan<byte> above)
    {
        for (var at = 0; at < row.Length; at++)
        {
            var (left, upperLeft) = at < 3 ? (0, 0) : (row[at - 3], above[at - 3]);
            row[at] += filter switch
            {
                0 => 0,
                1 => (byte)left,
                2 => above[at],
                3 => (byte)((left + above[at]) / 2),
                4 => (byte)Paeth(left, above[at], upperLeft),
                _ => throw new InvalidDataException($"uses filter {filter}; there are only 0 to 4"),
            };
        }
    }

    private static int Paeth(int left, int above, int upperLeft)
    {
        var estimate = left + above - upperLeft;
        var (a, b, c) = (Math.Abs(estimate - left), Math.Abs(estimate - above), Math.Abs(estimate - upperLeft));
        return a <= b && a <= c ? left : b <= c ? above : upperLeft;
    }
}
