namespace Adaptation.Adapters.Abstractions;

/// <summary>Philox4x32-10: a random generator without state, a function of key and counter in whole numbers only.</summary>
/// <remarks>
/// So a draw depends on nothing but seed, stream and its place in the sequence: not on the machine, on other requests, or on how
/// sequences were batched. Source: Salmon, Moraes, Dror and Shaw, Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
/// </remarks>
internal static class Philox
{
    private const uint MultiplierA = 0xD2511F53, MultiplierB = 0xCD9E8D57;

    private const uint WeylA = 0x9E3779B9, WeylB = 0xBB67AE85;

    private const int Rounds = 10;

    /// <summary>Four words; the tuples are in the order of the paper, lowest word first.</summary>
    public static (uint A, uint B, uint C, uint D) Words((uint A, uint B, uint C, uint D) counter, (uint A, uint B) key)
    {
        var (a, b, c, d) = counter;
        var (keyA, keyB) = key;
        for (var round = 0; round < Rounds; round++)
        {
            var first = (ulong)MultiplierA * a;
            var second = (ulong)MultiplierB * c;
            (a, b, c, d) = ((uint)(second >> 32) ^ b ^ keyA, (uint)second, (uint)(first >> 32) ^ d ^ keyB, (uint)first);
            keyA += WeylA;
            keyB += WeylB;
        }
        return (a, b, c, d);
    }

    /// <summary>A multiple of 2^-53, 0 or more and less than 1.</summary>
    /// <param name="index">Low half of the counter.</param>
    /// <param name="stream">High half of the counter.</param>
    public static double Uniform(ulong seed, ulong stream, ulong index)
    {
        var (a, b, _, _) = Words(((uint)index, (uint)(index >> 32), (uint)stream, (uint)(stream >> 32)), ((uint)seed, (uint)(seed >> 32)));
        return ((((ulong)b << 32) | a) >> 11) * (1.0 / (1UL << 53));
    }
}
