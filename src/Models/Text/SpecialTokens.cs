using System.Buffers;
using System.Text;

namespace Adaptation.Models;

/// <param name="IsControl">Found only where the caller lets spellings stand for special tokens; others are always found.</param>
/// <param name="StripLeft">Whether white space before it belongs to it.</param>
/// <param name="Normalized">Whether it is looked for in the normalized text.</param>
internal sealed record SpecialToken(int Id, string Spelling, bool IsControl, bool StripLeft, bool StripRight, bool Normalized);

/// <summary>A part of a text: a special token (id), or text between such (null).</summary>
internal readonly record struct Fragment(string Text, int Start, int End, int? Id);

/// <summary>Finds special tokens in a text. Immutable; safe for concurrent use.</summary>
internal sealed class SpecialTokens
{
    private readonly SpecialToken[] _tokens;
    private readonly SearchValues<string> _any;
    private readonly bool _longestFirst;

    /// <param name="longestFirst">
    /// How overlaps are decided. True: the longest token takes all its places, then the next (llama.cpp). False: leftmost, then longest (Hugging Face).
    /// </param>
    public SpecialTokens(IEnumerable<SpecialToken> tokens, bool longestFirst)
    {
        _tokens = [.. tokens.Where(token => token.Spelling.Length > 0).OrderByDescending(token => Encoding.UTF8.GetByteCount(token.Spelling))];
        _any = SearchValues.Create([.. _tokens.Select(token => token.Spelling)], StringComparison.Ordinal);
        _longestFirst = longestFirst;
    }

    public IReadOnlyList<Fragment> Split(string text, int start, int end, bool parseSpecial)
    {
        if (start == end)
            return [];
        var whole = new Fragment(text, start, end, Id: null);
        if (text.AsSpan(start, end - start).IndexOfAny(_any) < 0)
            return [whole];
        return _longestFirst ? ByLength(whole, parseSpecial) : ByPlace(whole, parseSpecial);
    }

    private IReadOnlyList<Fragment> ByLength(Fragment whole, bool parseSpecial)
    {
        IReadOnlyList<Fragment> fragments = [whole];
        foreach (var token in _tokens.Where(token => parseSpecial || !token.IsControl))
        {
            if (whole.Text.AsSpan(whole.Start, whole.End - whole.Start).IndexOf(token.Spelling, StringComparison.Ordinal) < 0)
                continue;
            var next = new List<Fragment>();
            foreach (var fragment in fragments)
            {
                if (fragment.Id is null)
                    Cut(fragment, token, next);
                else
                    next.Add(fragment);
            }

            fragments = next;
        }

        return fragments;
    }

    private void Cut(Fragment fragment, SpecialToken token, List<Fragment> into)
    {
        var (at, end) = (fragment.Start, fragment.End);
        while (at < end && fragment.Text.IndexOf(token.Spelling, at, end - at, StringComparison.Ordinal) is >= 0 and var found)
            at = Take(fragment, token, at, found, into);
        if (at < end)
            into.Add(fragment with { Start = at });
    }

    private List<Fragment> ByPlace(Fragment whole, bool parseSpecial)
    {
        var into = new List<Fragment>();
        var (text, at, search) = (whole.Text, whole.Start, whole.Start);
        while (search < whole.End && text.AsSpan(search, whole.End - search).IndexOfAny(_any) is >= 0 and var offset)
        {
            var found = search + offset;
            var rest = text.AsSpan(found, whole.End - found);
            SpecialToken? match = null;
            foreach (var token in _tokens)
            {
                if ((parseSpecial || !token.IsControl) && rest.StartsWith(token.Spelling, StringComparison.Ordinal))
                {
                    match = token;
                    break;
                }
            }

            search = match is null ? found + 1 : at = Take(whole, match, at, found, into);
        }

        if (at < whole.End)
            into.Add(whole with { Start = at });
        return into;
    }

    /// <summary>Adds the text before a token, and the token.</summary>
    /// <returns>Where the text behind it goes on.</returns>
    private int Take(Fragment fragment, SpecialToken token, int from, int found, List<Fragment> into)
    {
        var before = found;
        while (token.StripLeft && before > from && IsSpace(fragment.Text[before - 1]))
            before--;
        if (before > from)
            into.Add(fragment with { Start = from, End = before });
        var end = found + token.Spelling.Length;
        while (token.StripRight && end < fragment.End && IsSpace(fragment.Text[end]))
            end++;
        into.Add(new(fragment.Text, found, end, token.Id));
        return end;
    }

    // llama.cpp strips with C's isspace
    private bool IsSpace(char unit) => _longestFirst ? unit is ' ' or (>= '\t' and <= '\r') : char.IsWhiteSpace(unit);
}
