using System.Buffers.Binary;

namespace Adaptation.Adapters.Abstractions;

/// <summary>Reads the data of a <see cref="DataType.Bytes"/> tensor.</summary>
/// <remarks>Source: the binary tensor data extension of the Open Inference Protocol.</remarks>
public static class ByteStrings
{
    /// <summary>Size of the length before each element, in bytes.</summary>
    public const int Prefix = sizeof(uint);

    /// <summary>Counts the elements.</summary>
    /// <returns>Null if a length reaches beyond the end.</returns>
    public static long? TryCount(ReadOnlySpan<byte> data)
    {
        var count = 0L;
        while (!data.IsEmpty)
        {
            if (data.Length < Prefix || BinaryPrimitives.ReadUInt32LittleEndian(data) > (uint)(data.Length - Prefix))
                return null;
            Take(ref data);
            count++;
        }
        return count;
    }

    /// <summary>Takes the first element off data that <see cref="TryCount"/> accepts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data does not start with a whole element.</exception>
    public static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> data)
    {
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(data);
        var element = data.Slice(Prefix, length);
        data = data[(Prefix + length)..];
        return element;
    }
}
