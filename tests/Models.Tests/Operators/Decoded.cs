using System.Buffers.Binary;

namespace Adaptation.Models.Tests;

/// <summary>Reads bytes of a type, independently of what wrote them.</summary>
internal static class Decoded
{
    public static double[] Reals(ElementType type, ReadOnlySpan<byte> bytes)
    {
        var values = new double[bytes.Length / type.Size()];
        for (var at = 0; at < values.Length; at++)
        {
            var one = bytes.Slice(at * type.Size(), type.Size());
            values[at] = type switch
            {
                ElementType.FP64 => BinaryPrimitives.ReadDoubleLittleEndian(one),
                ElementType.FP32 => BinaryPrimitives.ReadSingleLittleEndian(one),
                ElementType.FP16 => (double)BinaryPrimitives.ReadHalfLittleEndian(one),
                _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(one) << 16),
            };
        }
        return values;
    }

    public static long[] Integers(ElementType type, ReadOnlySpan<byte> bytes)
    {
        var values = new long[bytes.Length / type.Size()];
        for (var at = 0; at < values.Length; at++)
        {
            var one = bytes.Slice(at * type.Size(), type.Size());
            values[at] = type switch
            {
                ElementType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(one),
                ElementType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(one),
                ElementType.Int8 => (sbyte)one[0],
                _ => one[0],
            };
        }
        return values;
    }
}
