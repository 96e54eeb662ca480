using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Chooses settings under which a faulty sampler shows: narrow sets, cut where the exact logits leave the widest gap.</summary>
/// <remarks>Chosen from the reference alone, before anything is started: another backend of the model gets the same.</remarks>
internal static class SamplingCells
{
    private const int Narrowest = 3;
    private const int Widest = 12;

    /// <param name="logits">[V] exact logits of the token to be drawn; V of at least 14.</param>
    public static ImmutableArray<SamplingCell> For(ReadOnlySpan<float> logits)
    {
        var sorted = logits.ToArray();
        Array.Sort(sorted, (a, b) => b.CompareTo(a));
        var (cut, sum) = (WidestGap(sorted), sorted.Sum(logit => Math.Exp(logit - sorted[0])));
        double Before(int count) => sorted.Take(count).Sum(logit => Math.Exp(logit - sorted[0])) / sum;
        // in the middle of the last token admitted: as far as can be from letting it go and from letting in the next
        var share = (Before(cut - 1) + Before(cut)) / 2;
        return
        [
            new("plain", TemperatureMilli: 1000, TopK: 0, TopPPpm: 1_000_000),
            new("cool", TemperatureMilli: 700, TopK: 0, TopPPpm: 1_000_000),
            new("top-k", TemperatureMilli: 1000, TopK: cut, TopPPpm: 1_000_000),
            new("top-p", TemperatureMilli: 1000, TopK: 0, TopPPpm: Math.Clamp((long)(share * 1_000_000), 1, 999_999)),
        ];
    }

    /// <returns>Number of tokens before the gap.</returns>
    private static int WidestGap(float[] sorted)
    {
        var best = Narrowest;
        for (var count = Narrowest; count <= Math.Min(Widest, sorted.Length - 2); count++)
        {
            if (sorted[count - 1] - sorted[count] > sorted[best - 1] - sorted[best])
                best = count;
        }

        return best;
    }
}
