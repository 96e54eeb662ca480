using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Adaptation.Models;

/// <summary>Writes q4_0 with the scale, and with it the sixteen levels, that leave the least squared error of each block; any engine reads it as any other q4_0.</summary>
/// <remarks>
/// As llama.cpp's <c>make_qx_quants</c> (ggml-quants.c): candidates m / (8 + i / 10), i from -9 to 9, m the value of the largest magnitude, each followed by
/// the scale that fits best to the levels which it gave. Beyond it: both signs of the scale are tried (the levels reach from -8 to 7, so the signs differ),
/// the error counts the rounding of the scale to float16, and the format's own rule is the first candidate, so that no block comes out worse than by it.
/// Arithmetic is float64, each sum in one fixed order, no fused operation: the same bytes on every machine.
/// </remarks>
internal static class ScaleSearch
{
    private const int Elements = BlockQuantization.BlockElements;
    private const int BlockBytes = 18;
    private const int Steps = 9;
    private static readonly Vector256<double> Lowest = Vector256.Create(-8.0), Highest = Vector256.Create(7.0);

    /// <param name="from">N values, N a multiple of 32.</param>
    /// <param name="to">N / 32 blocks of 18 bytes.</param>
    /// <exception cref="ModelException">A value is infinite or not a number.</exception>
    public static void Q4_0(ReadOnlySpan<float> from, Span<byte> to)
    {
        BlockQuantization.Q4_0(from, to, vectorized: true);
        Span<double> values = stackalloc double[Elements], levels = stackalloc double[Elements];
        for (var block = 0; block < from.Length / Elements; block++)
        {
            var bytes = to.Slice(block * BlockBytes, BlockBytes);
            var largest = Widen(from.Slice(block * Elements, Elements), values);
            BlockQuantization.DecodeQ4_0(bytes, levels);
            var best = Distance(values, levels);
            for (var step = -Steps; step <= Steps; step++)
            {
                Try(largest / (8 + (step / 10.0)), values, levels, ref best, bytes);
                Try(-largest / (8 + (step / 10.0)), values, levels, ref best, bytes);
            }
        }
    }

    /// <returns>The value of the largest magnitude, the first of equals.</returns>
    private static double Widen(ReadOnlySpan<float> from, Span<double> into)
    {
        var largest = 0.0;
        for (var at = 0; at < from.Length; at++)
        {
            into[at] = from[at];
            if (Math.Abs(into[at]) > Math.Abs(largest))
                largest = into[at];
        }

        return largest;
    }

    /// <summary>A scale, then the one that fits best to the levels which it gives.</summary>
    private static void Try(double scale, ReadOnlySpan<double> values, Span<double> levels, ref double best, Span<byte> block)
    {
        if (TryOne(scale, values, levels, ref best, block) is { } better)
            TryOne(better, values, levels, ref best, block);
    }

    /// <returns>The scale of least error for the levels that this one gives; null where there is none.</returns>
    private static double? TryOne(double scale, ReadOnlySpan<double> values, Span<double> levels, ref double best, Span<byte> block)
    {
        var half = (Half)scale;
        if (half == Half.Zero || !Half.IsFinite(half))
            return null;
        var step = Vector256.Create((double)half);
        Vector256<double> errors = default, products = default, squares = default;
        for (var at = 0; at < Elements; at += Vector256<double>.Count)
        {
            var value = At(values, at);
            var level = Vector256.Min(Vector256.Max(Vector256.Round(value / step), Lowest), Highest);
            var error = value - (level * step);
            (errors, products, squares) = (errors + (error * error), products + (value * level), squares + (level * level));
            level.StoreUnsafe(ref levels[at]);
        }

        if (Fold(errors) is var sum && sum < best)
        {
            best = sum;
            Store(half, levels, block);
        }

        return Fold(squares) is > 0 and var divisor ? Fold(products) / divisor : null;
    }

    private static double Distance(ReadOnlySpan<double> values, ReadOnlySpan<double> decoded)
    {
        Vector256<double> errors = default;
        for (var at = 0; at < Elements; at += Vector256<double>.Count)
        {
            var error = At(values, at) - At(decoded, at);
            errors += error * error;
        }

        return Fold(errors);
    }

    private static void Store(Half scale, ReadOnlySpan<double> levels, Span<byte> block)
    {
        BinaryPrimitives.WriteHalfLittleEndian(block, scale);
        for (var at = 0; at < Elements / 2; at++)
            block[2 + at] = (byte)((int)(levels[at] + 8) | ((int)(levels[at + (Elements / 2)] + 8) << 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> At(ReadOnlySpan<double> values, int at) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at);

    private static double Fold(Vector256<double> lanes) => (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}
