using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Adaptation.Core;

namespace Adaptation.Models;

/// <summary>Which instructions make the values; every choice makes the same bits.</summary>
internal enum Instructions
{
    Scalar,
    Avx2,
    Avx512,
}

/// <summary>The generator <c>adaptation.weights/v1</c>: element i of a tensor as a function of seed, stream and i.</summary>
/// <remarks>
/// Elements lie in groups of 64. Element 64 g + 16 j + l comes from word j of Philox4x32-10 with key = seed and counter = (16 g + l, stream), each
/// 64 bits, low word first. Its value is (sum of the word's four bytes - 510) * scale + offset, product and sum each rounded once to float32: the sum
/// of four bytes is near to normal, with mean 510 and variance 21845. Nothing here depends on the order or the machine of the computation.
/// </remarks>
internal static class RandomWeights
{
    public const string Version = "adaptation.weights/v1";

    /// <summary>Of the integer before it is scaled.</summary>
    public const double Variance = 21845;

    private const int Group = 64;
    private const int Mean = 510;

    public static Instructions Best =>
        Avx512BW.IsSupported && Vector512.IsHardwareAccelerated ? Instructions.Avx512 : Avx2.IsSupported ? Instructions.Avx2 : Instructions.Scalar;

    /// <param name="first">Index of the first element; any.</param>
    public static void Fill(ulong seed, ulong stream, long first, float scale, float offset, Span<float> into, Instructions with)
    {
        Span<float> group = stackalloc float[Group];
        while (!into.IsEmpty)
        {
            var (number, skipped) = Math.DivRem(first, Group);
            if (skipped == 0 && into.Length >= Group)
            {
                var whole = into.Length / Group * Group;
                Groups(seed, stream, (ulong)number, scale, offset, into[..whole], with);
                into = into[whole..];
                first += whole;
                continue;
            }

            Groups(seed, stream, (ulong)number, scale, offset, group, with);
            var taken = group[(int)skipped..Math.Min(Group, (int)skipped + into.Length)];
            taken.CopyTo(into);
            into = into[taken.Length..];
            first += taken.Length;
        }
    }

    /// <summary>Compiled at once and fully: a file is half written before the run time would otherwise have come to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Groups(ulong seed, ulong stream, ulong number, float scale, float offset, Span<float> into, Instructions with)
    {
        for (; !into.IsEmpty; into = into[Group..], number++)
        {
            ref var first = ref into[..Group][0];
            switch (with)
            {
                case Instructions.Avx512:
                    OneAvx512(seed, stream, number * 16, scale, offset, ref first);
                    break;
                case Instructions.Avx2:
                    OneAvx2(seed, stream, number * 16, scale, offset, ref first);
                    OneAvx2(seed, stream, (number * 16) + 8, scale, offset, ref Unsafe.Add(ref first, 8));
                    break;
                default:
                    OneScalar(seed, stream, number * 16, scale, offset, into[..Group]);
                    break;
            }
        }
    }

    private static void OneScalar(ulong seed, ulong stream, ulong counter, float scale, float offset, Span<float> into)
    {
        for (var lane = 0; lane < 16; lane++)
        {
            var (x0, x1, x2, x3) = Philox.Words(seed, counter + (ulong)lane, stream);
            into[lane] = Value(x0, scale, offset);
            into[16 + lane] = Value(x1, scale, offset);
            into[32 + lane] = Value(x2, scale, offset);
            into[48 + lane] = Value(x3, scale, offset);
        }
    }

    private static float Value(uint word, float scale, float offset)
    {
        var pairs = (word & 0x00FF00FF) + ((word >> 8) & 0x00FF00FF);
        var product = ((int)((pairs & 0xFFFF) + (pairs >> 16)) - Mean) * scale;
        return product + offset;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneAvx512(ulong seed, ulong stream, ulong counter, float scale, float offset, ref float into)
    {
        // even and odd counters apart, so that the two halves of a 64-bit lane are neighbours
        var even = Vector512.Create(counter) + Vector512.Create(0ul, 2, 4, 6, 8, 10, 12, 14);
        Philox.Words(seed, stream, even, out var a0, out var a1, out var a2, out var a3);
        Philox.Words(seed, stream, even + Vector512<ulong>.One, out var b0, out var b1, out var b2, out var b3);
        Values(a0, b0, scale, offset).StoreUnsafe(ref into);
        Values(a1, b1, scale, offset).StoreUnsafe(ref into, 16);
        Values(a2, b2, scale, offset).StoreUnsafe(ref into, 32);
        Values(a3, b3, scale, offset).StoreUnsafe(ref into, 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Values(Vector512<ulong> even, Vector512<ulong> odd, float scale, float offset)
    {
        var words = ((even & Vector512.Create(0xFFFFFFFFul)) | (odd << 32)).AsUInt32();
        var pairs = Avx512BW.MultiplyAddAdjacent(words.AsByte(), Vector512<sbyte>.One);
        var sums = Avx512BW.MultiplyAddAdjacent(pairs, Vector512<short>.One);
        var product = Vector512.ConvertToSingle(sums - Vector512.Create(Mean)) * Vector512.Create(scale);
        return product + Vector512.Create(offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneAvx2(ulong seed, ulong stream, ulong counter, float scale, float offset, ref float into)
    {
        var even = Vector256.Create(counter) + Vector256.Create(0ul, 2, 4, 6);
        Philox.Words(seed, stream, even, out var a0, out var a1, out var a2, out var a3);
        Philox.Words(seed, stream, even + Vector256<ulong>.One, out var b0, out var b1, out var b2, out var b3);
        Values(a0, b0, scale, offset).StoreUnsafe(ref into);
        Values(a1, b1, scale, offset).StoreUnsafe(ref into, 16);
        Values(a2, b2, scale, offset).StoreUnsafe(ref into, 32);
        Values(a3, b3, scale, offset).StoreUnsafe(ref into, 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Values(Vector256<ulong> even, Vector256<ulong> odd, float scale, float offset)
    {
        var words = ((even & Vector256.Create(0xFFFFFFFFul)) | (odd << 32)).AsUInt32();
        var pairs = Avx2.MultiplyAddAdjacent(words.AsByte(), Vector256<sbyte>.One);
        var sums = Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One);
        var product = Vector256.ConvertToSingle(sums - Vector256.Create(Mean)) * Vector256.Create(scale);
        return product + Vector256.Create(offset);
    }
}
