using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>Judges one clause the way a run does: through the standard, a suite and the whole of the evidence.</summary>
internal static class Judged
{
    public static Finding By(Clause clause, Measurement measurement, Plan? plan = null, IBlobs? files = null) =>
        Judge.Run(Given.Standard(clause), new Evidence(plan ?? Given.Plan, [measurement], files ?? InMemoryFiles.Empty)).Finding(clause.Id);

    public static string Reason(Finding finding) => Assert.IsType<Verdict.Inconclusive>(finding.Verdict).Reason;

    public static string Measured(Finding finding) => Assert.IsType<Verdict.Fail>(finding.Verdict).Measured;

    public static void Passes(Finding finding) => Assert.Equal(new Verdict.Pass(), finding.Verdict);

    public static long Milli(Finding finding, string figure) => finding.Figures.Single(candidate => candidate.Name == figure).ValueMilli;

    public static Measurement Without(this Measurement m, string series) => m with { Series = m.Series.RemoveAll(one => one.Name == series) };

    public static Measurement WithSeries(this Measurement m, Series changed) => m.Without(changed.Name) is var rest ? rest with { Series = rest.Series.Add(changed) } : m;

    public static Measurement WithFact(this Measurement m, string key, string value) => m with { Facts = m.Facts.SetItem(key, value) };

    public static Measurement WithoutFact(this Measurement m, string key) => m with { Facts = m.Facts.Remove(key) };

    /// <summary>The same value so many times.</summary>
    public static IEnumerable<long> Times(this int count, long value) => Enumerable.Repeat(value, count);

    public static ImmutableArray<long> Shuffled(this IEnumerable<long> samples, int seed)
    {
        var all = samples.ToArray();
        new Random(seed).Shuffle(all);
        return [.. all];
    }
}
