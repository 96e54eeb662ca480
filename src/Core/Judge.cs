namespace Adaptation.Core;

/// <summary>Derives verdicts: a pure function of evidence and standard.</summary>
public static class Judge
{
    /// <summary>Judges every check of the plan's suite, and the run as a whole.</summary>
    public static Judgement Run(Standard standard, Evidence evidence) => throw new System.Diagnostics.UnreachableException();

    public static System.Collections.Immutable.ImmutableDictionary<string, System.Collections.Immutable.ImmutableArray<string>> Procedures => throw new System.Diagnostics.UnreachableException();
}
