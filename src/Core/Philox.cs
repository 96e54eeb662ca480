using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Adaptation.Core;

/// <summary>Philox4x32-10: 128 random bits from a 128-bit counter and a 64-bit key, with no state between calls.</summary>
/// <remarks>
/// A draw depends on nothing but key, counter and stream: not on the machine, nor on what is drawn before or beside it. Whole numbers only.
/// Source: Salmon, Moraes, Dror and Shaw, Parallel Random Numbers: As Easy as 1, 2, 3 (SC11); known answers of its library Random123.
/// </remarks>
public static class Philox
{
    private const uint M0 = 0xD2511F53, M1 = 0xCD9E8D57, W0 = 0x9E3779B9, W1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <param name="key">Low word first, as are the others.</param>
    /// <param name="counter">Low half of the paper's counter.</param>
    /// <param name="stream">High half of it.</param>
    public static (uint X0, uint X1, uint X2, uint X3) Words(ulong key, ulong counter, ulong stream)
    {
        var (x0, x1, x2, x3) = ((uint)counter, (uint)(counter >> 32), (uint)stream, (uint)(stream >> 32));
        var (k0, k1) = ((uint)key, (uint)(key >> 32));
        for (var round = 0; round < Rounds; round++, k0 += W0, k1 += W1)
        {
            var (p0, p1) = ((ulong)M0 * x0, (ulong)M1 * x2);
            (x0, x1, x2, x3) = ((uint)(p1 >> 32) ^ x1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ x3 ^ k1, (uint)p0);
        }

        return (x0, x1, x2, x3);
    }

    /// <summary>A multiple of 2^-53, 0 or more and less than 1, from the first two words.</summary>
    public static double Uniform(ulong key, ulong counter, ulong stream)
    {
        var (x0, x1, _, _) = Words(key, counter, stream);
        return ((((ulong)x1 << 32) | x0) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Eight counters at once, one per 64-bit lane; of each result only the low half counts. Wants AVX-512.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Words(
        ulong key, ulong stream, Vector512<ulong> counter,
        out Vector512<ulong> x0, out Vector512<ulong> x1, out Vector512<ulong> x2, out Vector512<ulong> x3)
    {
        (x0, x1, x2, x3) = (counter, counter >>> 32, Vector512.Create((ulong)(uint)stream), Vector512.Create(stream >> 32));
        var (m0, m1) = (Vector512.Create((ulong)M0).AsUInt32(), Vector512.Create((ulong)M1).AsUInt32());
        var (k0, k1, w0, w1) = (Vector512.Create(key), Vector512.Create(key >> 32), Vector512.Create((ulong)W0), Vector512.Create((ulong)W1));
        for (var round = 0; round < Rounds; round++, k0 += w0, k1 += w1)
        {
            var (p0, p1) = (Avx512F.Multiply(x0.AsUInt32(), m0), Avx512F.Multiply(x2.AsUInt32(), m1));
            (x0, x1, x2, x3) = ((p1 >>> 32) ^ x1 ^ k0, p1, (p0 >>> 32) ^ x3 ^ k1, p0);
        }
    }

    /// <summary>Four counters at once, as above. Wants AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Words(
        ulong key, ulong stream, Vector256<ulong> counter,
        out Vector256<ulong> x0, out Vector256<ulong> x1, out Vector256<ulong> x2, out Vector256<ulong> x3)
    {
        (x0, x1, x2, x3) = (counter, counter >>> 32, Vector256.Create((ulong)(uint)stream), Vector256.Create(stream >> 32));
        var (m0, m1) = (Vector256.Create((ulong)M0).AsUInt32(), Vector256.Create((ulong)M1).AsUInt32());
        var (k0, k1, w0, w1) = (Vector256.Create(key), Vector256.Create(key >> 32), Vector256.Create((ulong)W0), Vector256.Create((ulong)W1));
        for (var round = 0; round < Rounds; round++, k0 += w0, k1 += w1)
        {
            var (p0, p1) = (Avx2.Multiply(x0.AsUInt32(), m0), Avx2.Multiply(x2.AsUInt32(), m1));
            (x0, x1, x2, x3) = ((p1 >>> 32) ^ x1 ^ k0, p1, (p0 >>> 32) ^ x3 ^ k1, p0);
        }
    }
}
