namespace Adaptation.Core;

/// <summary>SplitMix64: 64 random bits at a time, from whole numbers alone, so that anyone with the seed draws the same.</summary>
/// <remarks>Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators (2014).</remarks>
public static class SplitMix64
{
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

    /// <param name="state">The seed at first; moves on.</param>
    public static ulong Next(ref ulong state) => Mixed(state += Golden);

    /// <summary>The next integer from 0 to <paramref name="end"/> - 1.</summary>
    /// <param name="end">1 to 2^31.</param>
    public static int Below(uint end, ref ulong state) => (int)Math.BigMul(Next(ref state), end, out _);

    /// <summary>What the call of <see cref="Next"/> after <paramref name="index"/> others yields, without those.</summary>
    public static ulong At(ulong seed, ulong index) => Mixed(seed + ((index + 1) * Golden));

    private static ulong Mixed(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
