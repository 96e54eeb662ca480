namespace Adaptation.Models;

/// <summary>A regular expression as it was read, before it is made into a matcher.</summary>
internal abstract record PatternSyntax
{
    private PatternSyntax()
    {
    }

    /// <summary>Between min and max code points of a set; possessive: what it took it never gives back.</summary>
    public sealed record Run(CodePointSet Set, int Min, int Max, bool Possessive) : PatternSyntax;

    public sealed record Sequence(IReadOnlyList<PatternSyntax> Parts) : PatternSyntax;

    /// <summary>The first one that lets the rest match.</summary>
    public sealed record Choice(IReadOnlyList<PatternSyntax> Options) : PatternSyntax;

    public sealed record Ahead(PatternSyntax Part, bool Negative) : PatternSyntax;

    /// <summary>The end of the text.</summary>
    public sealed record End : PatternSyntax;
}
