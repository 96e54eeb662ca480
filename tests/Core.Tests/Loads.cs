using System.Collections.Immutable;

namespace Adaptation.Core.Tests;

/// <summary>Loads as a stand-in would answer them: completions in nanoseconds since the load began.</summary>
internal static class Loads
{
    public const long Second = 1_000_000_000;

    /// <summary>One answer every 1 / rate seconds, the first after one such interval.</summary>
    public static ImmutableArray<long> Steady(double perSecond, double seconds) => Windows([perSecond], seconds);

    /// <summary>Answers in batches: so many at once.</summary>
    public static ImmutableArray<long> Batches(double perSecond, int batch, double seconds) =>
        [.. Steady(perSecond / batch, seconds).SelectMany(at => Enumerable.Repeat(at, batch))];

    /// <summary>Windows of equal length whose rates differ from the mean by up to that share of it, uniformly.</summary>
    public static ImmutableArray<long> Noisy(double perSecond, double seconds, int windows, double share, int seed)
    {
        var random = new Random(seed);
        return Windows([.. Enumerable.Range(0, windows).Select(_ => perSecond * (1 + (share * ((2 * random.NextDouble()) - 1))))], seconds);
    }

    /// <summary>Windows of equal length, each with a rate of its own.</summary>
    public static ImmutableArray<long> Windows(ImmutableArray<double> rates, double seconds)
    {
        var all = ImmutableArray.CreateBuilder<long>();
        var length = seconds / rates.Length;
        for (var i = 0; i < rates.Length; i++)
        {
            var count = (int)Math.Round(rates[i] * length);
            for (var k = 1; k <= count; k++)
                all.Add((long)(((i * length) + (length * (k - 0.5) / count)) * Second));
        }

        return all.ToImmutable();
    }
}
