using System.Collections.Immutable;
using System.IO.Compression;

namespace Adaptation.Core;

/// <summary>Unpacks the expected tensor of a golden line.</summary>
public static class GoldenTensor
{
    /// <summary>Bytes of an element, for the types that a golden pack may hold; null for any other.</summary>
    public static int? SizeOf(string dataType) => dataType switch
    {
        "BOOL" or "INT8" or "UINT8" => 1,
        "INT16" or "UINT16" or "FP16" or "BF16" => 2,
        "INT32" or "UINT32" or "FP32" => 4,
        "INT64" or "UINT64" or "FP64" => 8,
        _ => null,
    };

    /// <summary>Bytes of a float32 tensor of that shape; -1 if a dimension is negative or no machine could hold it.</summary>
    public static Int128 Bytes(ImmutableArray<long> shape) => Bytes(shape, sizeof(float));

    /// <inheritdoc cref="Bytes(ImmutableArray{long})"/>
    /// <returns>-1 also for a type that a golden pack may not hold.</returns>
    public static Int128 Bytes(GoldenLine line) => SizeOf(line.DataType) is { } size ? Bytes(line.Shape, size) : -1;

    private static Int128 Bytes(ImmutableArray<long> shape, int elementBytes)
    {
        Int128 bytes = elementBytes;
        foreach (var dimension in shape)
        {
            bytes *= dimension;
            if (dimension < 0 || bytes > long.MaxValue)
                return -1;
        }

        return bytes;
    }

    /// <param name="length">Bytes that the tensor has, as its shape says.</param>
    /// <param name="expected">Little-endian, row-major, of that length; empty if there is a problem.</param>
    /// <returns>What is wrong with the file, or null.</returns>
    public static string? TryRead(GoldenLine line, int length, IBlobs files, out ReadOnlyMemory<byte> expected)
    {
        expected = default;
        return files.TryRead(line.Expected) is { } packed
            ? TryUnpack(line, length, packed, out expected)
            : $"the evidence lacks {line.Expected}, the expected tensor of {line.Id}";
    }

    /// <inheritdoc cref="TryRead"/>
    /// <param name="packed">The gzip file.</param>
    public static string? TryUnpack(GoldenLine line, int length, ReadOnlyMemory<byte> packed, out ReadOnlyMemory<byte> expected)
    {
        expected = default;
        try
        {
            // One byte more than there may be: a file that goes on is not the one that the plan speaks of.
            var content = new byte[length + 1];
            using var unpacked = new GZipStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
            var read = unpacked.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (read != length)
                return $"the expected tensor of {line.Id} has {(read > length ? "more" : "fewer")} bytes than the {length} of its shape";
            expected = content.AsMemory(0, length);
            return null;
        }
        catch (InvalidDataException)
        {
            return $"{line.Expected}, the expected tensor of {line.Id}, is no gzip file";
        }
    }
}
