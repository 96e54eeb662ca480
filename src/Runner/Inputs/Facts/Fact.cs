using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>How far a fact can be relied upon.</summary>
public enum FactConfidence
{
    /// <summary>Read in a named primary repository or document, or in a raw capture.</summary>
    Seen,

    /// <summary>Second hand, deduced, or found in public code whose repository is not identified.</summary>
    Reported,
}

/// <summary>Something that is known of a chip or of its stack, or known to be unknown.</summary>
/// <param name="Key">Such as <c>devices.each</c>.</param>
/// <param name="File">That states it, as the user knows the file.</param>
/// <param name="Value">Null where it is unknown: nothing stands in for it.</param>
/// <param name="Sources">In words, as the file spells them out; empty only where nothing is known.</param>
/// <param name="Note">A remark, or empty.</param>
public sealed record Fact(string Key, string File, int Line, FactValue? Value, ImmutableArray<string> Sources, FactConfidence Confidence, string Note);

/// <summary>The value of a fact.</summary>
public abstract record FactValue
{
    private FactValue()
    {
    }

    public sealed record Text(string Value) : FactValue;

    public sealed record Texts(ImmutableArray<string> Values) : FactValue;

    public sealed record Number(decimal Value) : FactValue;

    /// <param name="File">Read, where there is no command; an absolute path.</param>
    /// <param name="Command">Run, where there is no file; its first word is the program.</param>
    /// <param name="Pattern">Regular expression whose one group is the value.</param>
    public sealed record Probe(string? File, ImmutableArray<string> Command, string Pattern) : FactValue;
}
