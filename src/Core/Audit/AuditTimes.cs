using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What an audit makes of times: repeated prompts (MLPerf TEST04), and whether the rate of a load holds.</summary>
internal static class AuditTimes
{
    private const int FewestPairs = 5; // of a trimmed mean

    /// <summary>How much faster one of a pair of requests is answered than the other, by the token.</summary>
    /// <param name="usual">Name of the series of times of what is new to the server (<c>NAME</c>, ns, and <c>NAME_tokens</c>).</param>
    /// <param name="suspect">The same for what a cache may hold.</param>
    /// <returns>Ratios of time per token, 1 where both are as fast; null with a problem.</returns>
    public static (double Mean, double Lower, double Upper)? SpeedUp(Measurement m, string usual, string suspect, double confidence, out string problem)
    {
        problem = m.Unusable("ns", usual, suspect) ?? m.Unusable("count", $"{usual}_tokens", $"{suspect}_tokens") ?? "";
        if (problem.Length > 0)
            return null;
        ImmutableArray<long>[] columns = [m.Samples(usual), m.Samples(suspect), m.Samples($"{usual}_tokens"), m.Samples($"{suspect}_tokens")];
        if (columns.Any(column => column.Length != columns[0].Length))
        {
            problem = $"the series of {usual} and {suspect} differ in length";
            return null;
        }

        var logs = Enumerable.Range(0, columns[0].Length)
            .Where(at => columns.All(column => column[at] is > 0 and < long.MaxValue))
            .Select(at => Math.Log((double)columns[0][at] / columns[2][at]) - Math.Log((double)columns[1][at] / columns[3][at])).ToArray();
        if (logs.Length < FewestPairs)
        {
            problem = $"{logs.Length} pairs of {usual} and {suspect} were answered; {FewestPairs} are the fewest that can be compared";
            return null;
        }

        var (mean, lower, upper) = Statistics.TrimmedMeanBounds(logs, confidence);
        return (Math.Exp(mean), Math.Exp(lower), Math.Exp(upper));
    }

    /// <summary>Tokens per second in the last third of a load over those in its first third.</summary>
    public static (double Ratio, double Lower, double Upper)? Held(LoadRun load, int windows, double confidence)
    {
        var rates = load.WindowRates(windows);
        var third = windows / 3;
        if (third < FewestPairs)
            return null;
        var (early, late) = (Statistics.TrimmedMeanBounds(rates.AsSpan(0, third), confidence), Statistics.TrimmedMeanBounds(rates.AsSpan(windows - third), confidence));
        return early.Mean <= 0 ? null
            : (late.Mean / early.Mean, Math.Max(0, late.Lower) / early.Upper, early.Lower > 0 ? late.Upper / early.Lower : double.PositiveInfinity);
    }
}
