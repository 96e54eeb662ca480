using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Adaptation.Models;

/// <summary>Float32 values into the bytes of a file, and the bytes of a file into values.</summary>
internal static class WeightCodec
{
    /// <param name="from">N values, N a multiple of the type's block.</param>
    /// <param name="to">Exactly the bytes that N values take; little-endian.</param>
    /// <exception cref="ModelException">A value cannot be held.</exception>
    public static void Encode(WeightType type, ReadOnlySpan<float> from, Span<byte> to, bool vectorized)
    {
        if (to.Length != type.Bytes(from.Length))
            throw new ArgumentException($"{from.Length} values of {type.Spelling()} take {type.Bytes(from.Length)} bytes; there are {to.Length}", nameof(to));
        switch (type)
        {
            case WeightType.F32:
                MemoryMarshal.AsBytes(from).CopyTo(to);
                break;
            case WeightType.F16:
                Narrowing.ToFloat16(from, MemoryMarshal.Cast<byte, ushort>(to), vectorized);
                break;
            case WeightType.Bf16:
                Narrowing.ToBfloat16(from, MemoryMarshal.Cast<byte, ushort>(to), vectorized);
                break;
            case WeightType.Q8_0:
                BlockQuantization.Q8_0(from, to, vectorized);
                break;
            case WeightType.Q4_0:
                BlockQuantization.Q4_0(from, to, vectorized);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "is read, never written");
        }
    }

    /// <summary>Widens exactly: every format here is a subset of float64.</summary>
    /// <param name="from">Exactly the bytes that N values take, N a multiple of the type's block.</param>
    public static void Decode(WeightType type, ReadOnlySpan<byte> from, Span<double> into)
    {
        var (elements, bytes) = (type.BlockElements(), type.BlockBytes());
        for (var block = 0; block < into.Length / elements; block++)
        {
            var raw = from.Slice(block * bytes, bytes);
            var values = into.Slice(block * elements, elements);
            switch (type)
            {
                case WeightType.F64:
                    values[0] = BinaryPrimitives.ReadDoubleLittleEndian(raw);
                    break;
                case WeightType.F32:
                    values[0] = BinaryPrimitives.ReadSingleLittleEndian(raw);
                    break;
                case WeightType.F16:
                    values[0] = (double)BinaryPrimitives.ReadHalfLittleEndian(raw);
                    break;
                case WeightType.Bf16:
                    values[0] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(raw) << 16);
                    break;
                case WeightType.Q8_0:
                    BlockQuantization.DecodeQ8_0(raw, values);
                    break;
                case WeightType.Q4_0:
                    BlockQuantization.DecodeQ4_0(raw, values);
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(type), type, "no such type");
            }
        }
    }
}
