using System.Runtime.InteropServices;

namespace Adaptation.Core;

/// <summary>What one test of draws found.</summary>
/// <param name="What">In words, with the cell.</param>
/// <param name="DegreesOfFreedom">0 where the test is exact and not a chi-square.</param>
internal sealed record DrawTest(string What, double PValue, int DegreesOfFreedom, int Draws);

/// <summary>Tests draws of one sampling cell against the law that they should follow.</summary>
/// <param name="law">With at least 2 tokens that can be drawn.</param>
/// <param name="expectedMin">Tokens expected fewer times than this are counted together.</param>
internal sealed class DrawTests(SamplingLaw law, double expectedMin)
{
    /// <summary>Tests how often each token is drawn, with those of few expected draws counted together.</summary>
    /// <param name="draws">Token ids that the law allows; those at the boundary are passed over.</param>
    public DrawTest? Frequencies(string cell, IReadOnlyCollection<long> draws)
    {
        var counted = draws.Where(id => !law.IsAtBoundary(id)).ToArray();
        var observed = new long[law.Probabilities.Length];
        foreach (var id in counted)
            observed[id]++;
        return Test($"frequencies of {cell}", observed, Array.ConvertAll(law.Probabilities, p => p * counted.Length), counted.Length);
    }

    /// <summary>Tests whether tokens too rare to count each by itself are drawn too often together, which pooling could hide.</summary>
    /// <remarks>Their number is about Poisson; P(X >= k) is 1 - Q(k, mean).</remarks>
    public DrawTest Rare(string cell, IReadOnlyCollection<long> draws)
    {
        var counted = draws.Where(id => !law.IsAtBoundary(id)).ToArray();
        var mean = law.Probabilities.Where(p => p * counted.Length < expectedMin).Sum() * counted.Length;
        var seen = counted.Count(id => law.Probabilities[id] * counted.Length < expectedMin);
        return new($"rare tokens of {cell}", seen == 0 ? 1 : 1 - Gamma.Upper(seen, mean), DegreesOfFreedom: 0, counted.Length);
    }

    /// <summary>Tests whether neighbouring draws are independent, in pairs that share no draw.</summary>
    /// <remarks>
    /// Source: Knuth, The Art of Computer Programming, volume 2 (1997), 3.3.2 B, serial test. Tokens are put in groups of about equal
    /// probability, likeliest first, so that the pairs of groups are few and each is expected often.
    /// </remarks>
    /// <param name="first">Where the first pair begins: 0 or 1.</param>
    /// <param name="groups">At most.</param>
    public DrawTest? Neighbours(string cell, IReadOnlyList<long> draws, int first, int groups)
    {
        var (groupOf, share) = Groups(groups);
        var (observed, pairs) = (new long[groups * groups], 0);
        for (var i = first; i + 1 < draws.Count; i += 2)
        {
            if (law.IsAtBoundary(draws[i]) || law.IsAtBoundary(draws[i + 1]))
                continue;
            observed[(groupOf[draws[i]] * groups) + groupOf[draws[i + 1]]]++;
            pairs++;
        }

        var expected = new double[groups * groups];
        for (var pair = 0; pair < expected.Length; pair++)
            expected[pair] = share[pair / groups] * share[pair % groups] * pairs;
        return Test($"{(first == 0 ? "even" : "odd")} neighbours of {cell}", observed, expected, pairs);
    }

    private (int[] GroupOf, double[] Share) Groups(int groups)
    {
        var (groupOf, share, reached) = (new int[law.Probabilities.Length], new double[groups], 0.0);
        foreach (var id in Enumerable.Range(0, groupOf.Length).OrderByDescending(id => law.Probabilities[id]))
        {
            // By the middle of its own stretch: a token of nine tenths does not take the group of the others with it.
            groupOf[id] = Math.Min(groups - 1, (int)(groups * (reached + (law.Probabilities[id] / 2))));
            share[groupOf[id]] += law.Probabilities[id];
            reached += law.Probabilities[id];
        }

        return (groupOf, share);
    }

    // Null if all falls into one: then nothing can be told apart.
    private DrawTest? Test(string what, long[] observed, double[] expected, int draws)
    {
        var (seen, due, restSeen, restDue) = (new List<long>(), new List<double>(), 0L, 0.0);
        foreach (var i in Enumerable.Range(0, expected.Length).OrderByDescending(i => expected[i]))
        {
            if (expected[i] >= expectedMin)
            {
                seen.Add(observed[i]);
                due.Add(expected[i]);
            }
            else
                (restSeen, restDue) = (restSeen + observed[i], restDue + expected[i]);
        }

        if (restDue >= expectedMin)
        {
            seen.Add(restSeen);
            due.Add(restDue);
        }
        else if (due.Count > 0)
            (seen[^1], due[^1]) = (seen[^1] + restSeen, due[^1] + restDue);
        if (due.Count < 2)
            return null;
        var statistic = ChiSquare.Statistic(CollectionsMarshal.AsSpan(seen), CollectionsMarshal.AsSpan(due));
        return new(what, ChiSquare.PValue(statistic, due.Count - 1), due.Count - 1, draws);
    }
}
