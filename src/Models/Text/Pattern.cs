namespace Adaptation.Models;

/// <summary>A regular expression over code points, ready to match. Immutable; safe for concurrent use.</summary>
/// <remarks>
/// .NET's own engine works on UTF-16 units, for which no letter beyond U+FFFF is a letter: it would cut rare Chinese characters in two.
/// Backtracking, leftmost, first alternative first, as the expressions of tokenizers assume. Depth of recursion is bounded by the expression.
/// </remarks>
internal sealed class Pattern
{
    private readonly Node _root;

    private Pattern(Node root) => _root = root;

    /// <param name="foldSpaces">See <see cref="CodePointSet"/>.</param>
    /// <exception cref="ModelException">The expression is malformed, or uses what is not supported.</exception>
    public static Pattern Parse(string expression, bool foldSpaces) =>
        new(Compile(PatternParser.Parse(expression, foldSpaces), next: null) ?? throw new ModelException("the pre-tokenizer's expression is empty"));

    /// <summary>The first match that is not empty, from a place on.</summary>
    /// <param name="text">Without lone surrogates; nothing outside it is looked at.</param>
    /// <returns>Start and end; (-1, -1) if there is none.</returns>
    public (int Start, int End) Find(ReadOnlySpan<char> text, int from)
    {
        var at = from;
        while (at < text.Length)
        {
            var end = _root.Match(text, at);
            if (end > at)
                return (at, end);
            // What a run of one set could not end with, it cannot end with from its middle either; without this, a megabyte of spaces takes hours.
            at = _root is Run { IsOpen: true } run ? Math.Max(run.End(text, at), Next(text, at)) : Next(text, at);
        }

        return (-1, -1);
    }

    private static int Next(ReadOnlySpan<char> text, int at) => at + (char.IsHighSurrogate(text[at]) ? 2 : 1);

    private static Node? Compile(PatternSyntax syntax, Node? next) => syntax switch
    {
        PatternSyntax.Run run => new Run(run, next),
        PatternSyntax.Sequence sequence => sequence.Parts.Reverse().Aggregate(next, (rest, part) => Compile(part, rest)),
        PatternSyntax.Choice choice => new Choice([.. choice.Options.Select(option => Compile(option, next))]),
        PatternSyntax.Ahead ahead => new Ahead(Compile(ahead.Part, next: null), ahead.Negative, next),
        _ => new End(next),
    };

    private abstract class Node
    {
        /// <summary>Where a match that starts there ends; -1 if none does.</summary>
        public abstract int Match(ReadOnlySpan<char> text, int at);

        protected static int Continue(Node? next, ReadOnlySpan<char> text, int at) => next is null ? at : next.Match(text, at);
    }

    private sealed class Run(PatternSyntax.Run run, Node? next) : Node
    {
        private readonly CodePointSet _set = run.Set;

        public bool IsOpen => run is { Min: 1, Max: int.MaxValue };

        public int End(ReadOnlySpan<char> text, int at)
        {
            while (at < text.Length && _set.LengthAt(text, at) is > 0 and var length)
                at += length;
            return at;
        }

        public override int Match(ReadOnlySpan<char> text, int at)
        {
            var count = 0;
            for (; count < run.Max && at < text.Length && _set.LengthAt(text, at) is > 0 and var length; count++)
                at += length;
            for (; count >= run.Min; count--)
            {
                if (Continue(next, text, at) is >= 0 and var end)
                    return end;
                if (run.Possessive || count == 0)
                    return -1;
                at -= char.IsLowSurrogate(text[at - 1]) ? 2 : 1;
            }

            return -1;
        }
    }

    private sealed class Choice(Node?[] options) : Node
    {
        public override int Match(ReadOnlySpan<char> text, int at)
        {
            foreach (var option in options)
            {
                if (Continue(option, text, at) is >= 0 and var end)
                    return end;
            }

            return -1;
        }
    }

    private sealed class Ahead(Node? part, bool negative, Node? next) : Node
    {
        public override int Match(ReadOnlySpan<char> text, int at) =>
            Continue(part, text, at) >= 0 == negative ? -1 : Continue(next, text, at);
    }

    private sealed class End(Node? next) : Node
    {
        public override int Match(ReadOnlySpan<char> text, int at) => at < text.Length ? -1 : Continue(next, text, at);
    }
}
