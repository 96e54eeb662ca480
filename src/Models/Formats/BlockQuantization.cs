using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Adaptation.Models;

/// <summary>ggml's block formats: 32 values, one float16 scale.</summary>
/// <remarks>
/// Bit for bit <c>quantize_row_q8_0_ref</c> and <c>quantize_row_q4_0_ref</c> of ggml (ggml-quants.c). Where C leaves the result open (a scale so small
/// that its reciprocal is infinite: every value below 1e-36), this writes zeros, which is what an x86 build of ggml gives.
/// </remarks>
internal static class BlockQuantization
{
    public const int BlockElements = 32;

    /// <summary>Half, less one unit in the last place: added with the value's sign before truncation it rounds halves away from zero, as C's <c>roundf</c>.</summary>
    private const float AlmostHalf = 0.49999997f;

    private delegate void Block(ReadOnlySpan<float> values, Span<byte> block);

    /// <param name="from">N values, N a multiple of 32.</param>
    /// <param name="to">N / 32 blocks of 34 bytes: scale d = max|x| / 127 as float16, then 32 signed bytes round(x / d).</param>
    /// <exception cref="ModelException">A value is infinite or not a number.</exception>
    public static void Q8_0(ReadOnlySpan<float> from, Span<byte> to, bool vectorized) =>
        Each(from, to, 34, vectorized && Vector256.IsHardwareAccelerated ? Q8_0Vector : Q8_0Scalar);

    /// <param name="from">N values, N a multiple of 32.</param>
    /// <param name="to">N / 32 blocks of 18 bytes: scale d = m / -8 as float16, m the value of the largest magnitude, the first of equals; then 16 bytes,
    /// the low nibble of byte j for value j and the high one for value j + 16: min(15, trunc(x / d + 8.5)).</param>
    /// <exception cref="ModelException">A value is infinite or not a number.</exception>
    public static void Q4_0(ReadOnlySpan<float> from, Span<byte> to, bool vectorized) =>
        Each(from, to, 18, vectorized && Vector256.IsHardwareAccelerated ? Q4_0Vector : Q4_0Scalar);

    /// <param name="block">34 bytes.</param>
    public static void DecodeQ8_0(ReadOnlySpan<byte> block, Span<double> into)
    {
        var scale = (double)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (var at = 0; at < BlockElements; at++)
            into[at] = scale * (sbyte)block[2 + at];
    }

    /// <param name="block">18 bytes.</param>
    public static void DecodeQ4_0(ReadOnlySpan<byte> block, Span<double> into)
    {
        var scale = (double)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (var at = 0; at < BlockElements / 2; at++)
        {
            into[at] = scale * ((block[2 + at] & 15) - 8);
            into[at + (BlockElements / 2)] = scale * ((block[2 + at] >> 4) - 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Each(ReadOnlySpan<float> from, Span<byte> to, int blockBytes, Block quantize)
    {
        if (from.Length % BlockElements != 0 || to.Length != from.Length / BlockElements * blockBytes)
            throw new ArgumentException($"{from.Length} values into {to.Length} bytes: expected a multiple of {BlockElements} and {blockBytes} bytes for each {BlockElements}", nameof(to));
        for (var block = 0; block < from.Length / BlockElements; block++)
            quantize(from.Slice(block * BlockElements, BlockElements), to.Slice(block * blockBytes, blockBytes));
    }

    private static void Q8_0Scalar(ReadOnlySpan<float> values, Span<byte> block)
    {
        var largest = 0f;
        foreach (var value in values)
            largest = Math.Max(largest, Math.Abs(Finite(value)));
        var inverse = Scale(largest / 127, block);
        for (var at = 0; at < BlockElements; at++)
            block[2 + at] = (byte)(sbyte)MathF.Round(values[at] * inverse, MidpointRounding.AwayFromZero);
    }

    private static void Q4_0Scalar(ReadOnlySpan<float> values, Span<byte> block)
    {
        var (largest, signed) = (0f, 0f);
        foreach (var value in values)
        {
            if (largest < Math.Abs(Finite(value)))
                (largest, signed) = (Math.Abs(value), value);
        }

        var inverse = Scale(signed / -8, block);
        var zero = Bias(signed, inverse);
        for (var at = 0; at < BlockElements / 2; at++)
        {
            var low = Math.Min(15, (int)((values[at] * inverse) + zero));
            var high = Math.Min(15, (int)((values[at + (BlockElements / 2)] * inverse) + zero));
            block[2 + at] = (byte)(low | (high << 4));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q8_0Vector(ReadOnlySpan<float> values, Span<byte> block)
    {
        var (x0, x1, x2, x3) = Load(values);
        var largest = Largest(x0, x1, x2, x3, values);
        var inverse = Vector256.Create(Scale(largest / 127, block));
        var low = Vector256.Narrow(Rounded(x0 * inverse), Rounded(x1 * inverse));
        var high = Vector256.Narrow(Rounded(x2 * inverse), Rounded(x3 * inverse));
        Vector256.Narrow(low, high).AsByte().StoreUnsafe(ref block[2]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q4_0Vector(ReadOnlySpan<float> values, Span<byte> block)
    {
        var (x0, x1, x2, x3) = Load(values);
        var largest = Largest(x0, x1, x2, x3, values);
        var signed = largest > 0 ? values[First(x0, x1, x2, x3, largest)] : 0f;
        var scale = Scale(signed / -8, block);
        var (inverse, zero) = (Vector256.Create(scale), Vector256.Create(Bias(signed, scale)));
        var low = Nibbles(x0, inverse, zero) | (Nibbles(x2, inverse, zero) << 4);
        var high = Nibbles(x1, inverse, zero) | (Nibbles(x3, inverse, zero) << 4);
        var words = Vector256.Narrow(low, high).AsUInt16();
        Vector128.Narrow(words.GetLower(), words.GetUpper()).StoreUnsafe(ref block[2]);
    }

    /// <summary>Stores the scale; gives its reciprocal, or 0 where there is none.</summary>
    private static float Scale(float scale, Span<byte> block)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(block, Narrowing.Float16(scale));
        var inverse = scale != 0 ? 1f / scale : 0f;
        return float.IsFinite(inverse) ? inverse : 0f;
    }

    /// <summary>8.5, but 0 where the scale had no reciprocal though there are values: see the remarks of the class.</summary>
    private static float Bias(float signed, float inverse) => inverse == 0 && signed / -8 != 0 ? 0f : 8.5f;

    private static float Finite(float value) => float.IsFinite(value)
        ? value
        : throw new ModelException($"A weight is {value}, which a block format cannot hold. Repair the source file, or write f32, f16 or bf16.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> X0, Vector256<float> X1, Vector256<float> X2, Vector256<float> X3) Load(ReadOnlySpan<float> values)
    {
        ref var first = ref MemoryMarshal.GetReference(values[..BlockElements]);
        return (Vector256.LoadUnsafe(ref first), Vector256.LoadUnsafe(ref first, 8), Vector256.LoadUnsafe(ref first, 16), Vector256.LoadUnsafe(ref first, 24));
    }

    /// <summary>The bits of magnitudes order as the magnitudes do, NaN above infinity, so that one integer maximum also finds what is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector256<float> x0, Vector256<float> x1, Vector256<float> x2, Vector256<float> x3, ReadOnlySpan<float> values)
    {
        var most = Vector256.Max(
            Vector256.Max(Vector256.Abs(x0).AsInt32(), Vector256.Abs(x1).AsInt32()), Vector256.Max(Vector256.Abs(x2).AsInt32(), Vector256.Abs(x3).AsInt32()));
        var four = Vector128.Max(most.GetLower(), most.GetUpper());
        var two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        var largest = BitConverter.Int32BitsToSingle(Vector128.Max(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar());
        if (!float.IsFinite(largest))
        {
            foreach (var value in values)
                Finite(value);
        }

        return largest;
    }

    /// <summary>Index of the first value of magnitude <paramref name="largest"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int First(Vector256<float> x0, Vector256<float> x1, Vector256<float> x2, Vector256<float> x3, float largest)
    {
        var sought = Vector256.Create(largest);
        var mask = Vector256.Equals(Vector256.Abs(x0), sought).ExtractMostSignificantBits()
            | (Vector256.Equals(Vector256.Abs(x1), sought).ExtractMostSignificantBits() << 8)
            | (Vector256.Equals(Vector256.Abs(x2), sought).ExtractMostSignificantBits() << 16)
            | (Vector256.Equals(Vector256.Abs(x3), sought).ExtractMostSignificantBits() << 24);
        return BitOperations.TrailingZeroCount(mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Rounded(Vector256<float> value)
    {
        var sign = value & Vector256.Create(-0f);
        return Vector256.ConvertToInt32Native(value + (sign | Vector256.Create(AlmostHalf)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Nibbles(Vector256<float> value, Vector256<float> inverse, Vector256<float> zero) =>
        Vector256.Min(Vector256.ConvertToInt32Native((value * inverse) + zero), Vector256.Create(15));
}
