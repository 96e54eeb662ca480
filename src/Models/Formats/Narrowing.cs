using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Adaptation.Models;

/// <summary>Float32 to the two 16-bit formats: to nearest, ties to even; infinities stay, NaN stays a quiet NaN of its sign.</summary>
/// <remarks>
/// Bit for bit what ggml does (<c>ggml_compute_fp32_to_fp16</c>, <c>ggml_compute_fp32_to_bf16</c>), so that a file made here equals one made by its
/// converter. The float16 method adds a power of two that makes the unit round at the right bit: M. Dukhan, FP16 library (2017).
/// </remarks>
internal static class Narrowing
{
    private const float ScaleToInfinity = 5.192296858534828e+33f; // 2^112
    private const float ScaleToZero = 7.70371977754894e-34f; // 2^-110

    /// <summary>N values to N values; <paramref name="vectorized"/> false takes the path of machines without vectors, to the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToFloat16(ReadOnlySpan<float> from, Span<ushort> to, bool vectorized)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length, nameof(to));
        var at = 0;
        if (vectorized && Vector256.IsHardwareAccelerated)
        {
            ref var source = ref MemoryMarshal.GetReference(from);
            ref var target = ref MemoryMarshal.GetReference(to);
            for (; at <= from.Length - 16; at += 16)
            {
                var low = Float16(Vector256.LoadUnsafe(ref source, (nuint)at));
                var high = Float16(Vector256.LoadUnsafe(ref source, (nuint)at + 8));
                Vector256.Narrow(low, high).StoreUnsafe(ref target, (nuint)at);
            }
        }

        for (; at < from.Length; at++)
            to[at] = Float16(from[at]);
    }

    /// <inheritdoc cref="ToFloat16(ReadOnlySpan{float}, Span{ushort}, bool)"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToBfloat16(ReadOnlySpan<float> from, Span<ushort> to, bool vectorized)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length, nameof(to));
        var at = 0;
        if (vectorized && Vector256.IsHardwareAccelerated)
        {
            ref var source = ref MemoryMarshal.GetReference(from);
            ref var target = ref MemoryMarshal.GetReference(to);
            for (; at <= from.Length - 16; at += 16)
            {
                var low = Bfloat16(Vector256.LoadUnsafe(ref source, (nuint)at));
                var high = Bfloat16(Vector256.LoadUnsafe(ref source, (nuint)at + 8));
                Vector256.Narrow(low, high).StoreUnsafe(ref target, (nuint)at);
            }
        }

        for (; at < from.Length; at++)
            to[at] = Bfloat16(from[at]);
    }

    public static ushort Float16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        var twice = bits << 1;
        var bias = Math.Max(twice & 0xFF000000, 0x71000000);
        var rounded = BitConverter.UInt32BitsToSingle((bias >> 1) + 0x07800000) + (MathF.Abs(value) * ScaleToInfinity * ScaleToZero);
        var shifted = BitConverter.SingleToUInt32Bits(rounded);
        var magnitude = ((shifted >> 13) & 0x7C00) + (shifted & 0x0FFF);
        return (ushort)(((bits >> 16) & 0x8000) | (twice > 0xFF000000 ? 0x7E00 : magnitude));
    }

    public static ushort Bfloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x7FFFFFFF) > 0x7F800000 ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Float16(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var twice = bits << 1;
        var bias = Vector256.Max(twice & Vector256.Create(0xFF000000), Vector256.Create(0x71000000u));
        var magnified = Vector256.Abs(value) * Vector256.Create(ScaleToInfinity) * Vector256.Create(ScaleToZero);
        var shifted = (((bias >>> 1) + Vector256.Create(0x07800000u)).AsSingle() + magnified).AsUInt32();
        var magnitude = ((shifted >>> 13) & Vector256.Create(0x7C00u)) + (shifted & Vector256.Create(0x0FFFu));
        var isNaN = Vector256.GreaterThan(twice, Vector256.Create(0xFF000000));
        return ((bits >>> 16) & Vector256.Create(0x8000u)) | Vector256.ConditionalSelect(isNaN, Vector256.Create(0x7E00u), magnitude);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Bfloat16(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var upper = bits >>> 16;
        var rounded = (bits + Vector256.Create(0x7FFFu) + (upper & Vector256.Create(1u))) >>> 16;
        var isNaN = Vector256.GreaterThan(bits & Vector256.Create(0x7FFFFFFFu), Vector256.Create(0x7F800000u));
        return Vector256.ConditionalSelect(isNaN, upper | Vector256.Create(0x40u), rounded);
    }
}
