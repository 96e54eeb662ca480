namespace Adaptation.Models;

/// <summary>A part of a text that is tokenized on its own.</summary>
/// <param name="IsFirst">Whether it stands at the very start of what was given to tokenize.</param>
internal readonly record struct Piece(string Text, int Start, int End, bool IsFirst)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, End - Start);
}

/// <summary>One step that cuts pieces into smaller ones before the vocabulary is looked at.</summary>
internal interface IPreTokenizer
{
    void Cut(Piece piece, List<Piece> into);
}

/// <summary>What becomes of what a splitting expression matches.</summary>
internal enum SplitBehavior
{
    /// <summary>A piece of its own.</summary>
    Isolated,

    Removed,

    /// <summary>Neighbouring matches are one piece.</summary>
    Contiguous,

    MergedWithPrevious,

    MergedWithNext,
}

/// <summary>Cuts at the matches of an expression.</summary>
/// <param name="invert">Whether the matches are what is kept and the gaps are what <paramref name="behavior"/> speaks of.</param>
internal sealed class SplitStep(Pattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    public void Cut(Piece piece, List<Piece> into)
    {
        var text = piece.Span;
        var pending = 0; // what merging has held back starts here
        var last = false; // whether what lies right before was a delimiter
        for (var at = 0; at < text.Length;)
        {
            var (start, end) = pattern.Find(text, at);
            if (start < 0)
                start = end = text.Length;
            Add(piece, into, at, start, isDelimiter: invert, ref pending, ref last);
            Add(piece, into, start, end, isDelimiter: !invert, ref pending, ref last);
            at = end;
        }

        Flush(piece, into, ref pending, text.Length);
    }

    private void Add(Piece piece, List<Piece> into, int start, int end, bool isDelimiter, ref int pending, ref bool last)
    {
        if (start == end)
            return;
        var joins = behavior switch
        {
            SplitBehavior.Contiguous => isDelimiter && last,
            SplitBehavior.MergedWithPrevious => isDelimiter && !last,
            SplitBehavior.MergedWithNext => !isDelimiter && last,
            _ => false,
        };
        if (!joins)
            Flush(piece, into, ref pending, start);
        if (behavior == SplitBehavior.Removed && isDelimiter)
            pending = end;
        last = isDelimiter;
    }

    private static void Flush(Piece piece, List<Piece> into, ref int pending, int end)
    {
        if (pending < end)
            into.Add(new(piece.Text, piece.Start + pending, piece.Start + end, piece.IsFirst && pending == 0));
        pending = end;
    }
}

/// <summary>Puts a space before a piece that does not start with white space (ByteLevel's add_prefix_space).</summary>
internal sealed class PrefixSpaceStep : IPreTokenizer
{
    public void Cut(Piece piece, List<Piece> into)
    {
        if (char.IsWhiteSpace(piece.Text[piece.Start]))
            into.Add(piece);
        else
            into.Add(new($" {piece.Span}", 0, piece.End - piece.Start + 1, piece.IsFirst));
    }
}

/// <summary>SentencePiece's marks for spaces: each becomes U+2581, one more may go before the text, and words are cut before each.</summary>
internal sealed class MetaspaceStep(char replacement, MetaspacePrefix prefix, bool split) : IPreTokenizer
{
    public void Cut(Piece piece, List<Piece> into)
    {
        var text = piece.Span.ToString().Replace(' ', replacement);
        if ((prefix == MetaspacePrefix.Always || prefix == MetaspacePrefix.First && piece.IsFirst) && text[0] != replacement)
            text = replacement + text;
        var start = 0;
        for (var i = 1; split && i < text.Length; i++)
        {
            if (text[i] != replacement)
                continue;
            into.Add(new(text, start, i, piece.IsFirst && start == 0));
            start = i;
        }

        into.Add(new(text, start, text.Length, piece.IsFirst && start == 0));
    }
}

internal enum MetaspacePrefix
{
    Never,

    /// <summary>Only before the very start of the text.</summary>
    First,

    Always,
}
