using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Arrivals of a Poisson process, fixed by seed, rate and count before a load begins.</summary>
/// <remarks>
/// Gap i is -ln(u) times the mean gap, with u = (2 k + 1) / 2^54 and k the upper 53 bits of <see cref="SplitMix64"/>'s i-th output,
/// which can be had without those before it. The logarithm is made of the four IEEE 754 operations alone, which give the same bits
/// on every machine: so evidence can be held against its own seed, and a closed loop that poses as an open one is found out.
/// </remarks>
public static class PoissonSchedule
{
    /// <param name="rateMilli">Thousandths of a request per second, above 0.</param>
    /// <returns>Nanoseconds since the start, ascending; the first is one gap after it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rate is 0 or negative, or the count is negative.</exception>
    public static ImmutableArray<long> Make(long seed, long rateMilli, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rateMilli);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var due = ImmutableArray.CreateBuilder<long>(count);
        var (mean, at) = (1e12 / rateMilli, 0.0);
        for (var i = 0; i < count; i++)
        {
            at += -Log(Uniform(seed, i)) * mean;
            due.Add((long)Math.Min(at, long.MaxValue / 2));
        }

        return due.MoveToImmutable();
    }

    /// <summary>As many arrivals as come due within a time, and one at least.</summary>
    public static ImmutableArray<long> Make(long seed, long rateMilli, TimeSpan within)
    {
        var (limit, count) = (within.Ticks * 100, 64);
        while (Make(seed, rateMilli, count)[^1] <= limit)
            count = checked(count * 2);
        var all = Make(seed, rateMilli, count);
        return all[..Math.Max(1, all.Count(due => due <= limit))];
    }

    /// <summary>The i-th number between 0 and 1, neither of them itself.</summary>
    public static double Uniform(long seed, int index) =>
        ((2.0 * (SplitMix64.At((ulong)seed, (ulong)index) >> 11)) + 1) / (1L << 54);

    /// <summary>Natural logarithm of a normal number above 0, to about 1e-15.</summary>
    internal static double Log(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)(bits >> 52) - 1023;
        var mantissa = BitConverter.Int64BitsToDouble((bits & ((1L << 52) - 1)) | (1023L << 52));
        if (mantissa > 1.4142135623730951)
            (mantissa, exponent) = (mantissa / 2, exponent + 1);

        // ln(m) = 2 artanh((m - 1) / (m + 1)), whose argument is at most 0.172 here: 12 terms reach 1e-19.
        var s = (mantissa - 1) / (mantissa + 1);
        var (square, sum) = (s * s, 0.0);
        for (var term = 23; term >= 1; term -= 2)
            sum = (sum * square) + (1.0 / term);
        return (exponent * 0.6931471805599453) + (2 * s * sum);
    }
}
