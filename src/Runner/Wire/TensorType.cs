namespace Adaptation.Runner;

/// <summary>The protocol's data types. Spelled as it spells them, case and all.</summary>
/// <remarks>Source: Open Inference Protocol v2, tensor data types; BF16 as Triton adds it.</remarks>
public static class TensorType
{
    private const int HighestRank = 32;

    /// <returns>Bytes of one element, 0 for BYTES (each element has its own length), or null for a type that the protocol does not have.</returns>
    public static int? SizeOf(string dataType) => dataType switch
    {
        "BOOL" or "INT8" or "UINT8" => 1,
        "INT16" or "UINT16" or "FP16" or "BF16" => 2,
        "INT32" or "UINT32" or "FP32" => 4,
        "INT64" or "UINT64" or "FP64" => 8,
        "BYTES" => 0,
        _ => null,
    };

    /// <returns>Elements of a tensor of that shape, 1 for a scalar; null where a dimension is negative, there are over 32, or the product overflows.</returns>
    public static long? Count(ReadOnlySpan<long> shape)
    {
        if (shape.Length > HighestRank || shape.ContainsAnyInRange(long.MinValue, -1))
            return null;
        if (shape.Contains(0))
            return 0;
        long count = 1;
        foreach (var dimension in shape)
        {
            if (Math.BigMul(count, dimension, out count) != 0 || count < 0)
                return null;
        }

        return count;
    }

    /// <summary>Says what is wrong with a tensor's bytes, or null if they are what its type and shape ask for.</summary>
    /// <param name="data">Little-endian, row-major; BYTES: each element behind its length in four bytes.</param>
    internal static string? Mismatch(string dataType, ReadOnlySpan<long> shape, ReadOnlySpan<byte> data)
    {
        var named = $"{dataType}[{string.Join(',', shape.ToArray())}]";
        if (SizeOf(dataType) is not { } size)
            return $"has the unknown data type '{Clip.Text(dataType)}'";
        if (Count(shape) is not { } count)
            return $"has the shape of {named}, which no tensor has";
        if (dataType == "BYTES")
            return Strings(data) is { } strings && strings == count ? null : $"is {named}, but its {data.Length} bytes are not {count} elements, each behind its length";
        if ((Int128)count * size != data.Length)
            return $"is {named}, which takes {(Int128)count * size} bytes, and has {data.Length}";
        return dataType == "BOOL" && data.ContainsAnyExceptInRange((byte)0, (byte)1) ? $"is {named} and has an element that is neither 0 nor 1" : null;
    }

    private static long? Strings(ReadOnlySpan<byte> data)
    {
        long count = 0;
        for (; !data.IsEmpty; count++)
        {
            if (data.Length < 4 || System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data) is var length && length > data.Length - 4)
                return null;
            data = data[(4 + (int)length)..];
        }

        return count;
    }
}
