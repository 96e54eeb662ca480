using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>One number that a verdict rests on, in thousandths so that it is signed as an integer.</summary>
/// <param name="Name">Such as <c>latency p99, 10 streams</c>.</param>
/// <param name="ValueMilli">Point estimate, in thousandths of <paramref name="Unit"/>.</param>
/// <param name="LowerMilli">Lower confidence bound, or null where the figure is a count of all there is.</param>
/// <param name="LimitMilli">What it is held against, or null if it is only reported.</param>
public sealed record Figure(
    string Name, string Unit, long ValueMilli, long? LowerMilli = null, long? UpperMilli = null, long? LimitMilli = null);

/// <summary>The verdict of one check with the figures it rests on.</summary>
public sealed record Finding(string Check, Verdict Verdict, ImmutableArray<Figure> Figures)
{
    /// <summary>What a reader of a pass must know of it, such as that nothing was held against a limit; null if nothing.</summary>
    public LocalText? Note { get; init; }
}

/// <summary>The whole judgement of a run.</summary>
/// <param name="Findings">In the order of the suite's checks.</param>
/// <param name="Level">The highest level whose musts all pass, after caps; <see cref="Level.None"/> unless certified.</param>
/// <param name="Caps">What capped the level.</param>
public sealed record Judgement(Outcome Outcome, Level Level, ImmutableArray<string> Caps, ImmutableArray<Finding> Findings)
{
    /// <summary>Failed checks that stand in the way of nothing because they were waived, in the order of the suite's checks; their findings still say fail.</summary>
    public ImmutableArray<string> Waived { get; init; } = [];

    /// <summary>The finding of a check that the suite has.</summary>
    public Finding Finding(string check) => Findings.First(finding => finding.Check == check);
}
