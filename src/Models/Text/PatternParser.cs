using System.Globalization;

namespace Adaptation.Models;

/// <summary>Reads the regular expressions that pre-tokenizers are written in: the part of Oniguruma's language that published models use.</summary>
/// <remarks>
/// Alternation, groups, (?i:), (?=), (?!), $, sets with ranges, categories, scripts (Han), negation and intersection (&amp;&amp;), greedy and
/// possessive quantifiers. A group may be repeated a bounded number of times only. Anything else is refused by name.
/// </remarks>
internal sealed class PatternParser
{
    private const int MostRepeats = 16;

    private readonly string _expression;
    private readonly bool _foldSpaces;
    private bool _ignoreCase;
    private int _at;

    private PatternParser(string expression, bool foldSpaces) => (_expression, _foldSpaces) = (expression, foldSpaces);

    /// <exception cref="ModelException">The expression is malformed, or uses what is not supported.</exception>
    public static PatternSyntax Parse(string expression, bool foldSpaces)
    {
        var parser = new PatternParser(expression, foldSpaces);
        var syntax = parser.Choice();
        return parser._at == expression.Length ? syntax : throw parser.Unsupported("an unmatched )");
    }

    private bool Done => _at >= _expression.Length;

    private PatternSyntax Choice()
    {
        var ignoreCase = _ignoreCase;
        var options = new List<PatternSyntax> { Sequence() };
        while (Take('|'))
            options.Add(Sequence());
        _ignoreCase = ignoreCase;
        return options is [var one] ? one : new PatternSyntax.Choice(options);
    }

    private PatternSyntax Sequence()
    {
        var parts = new List<PatternSyntax>();
        while (!Done && _expression[_at] is not ('|' or ')'))
            parts.AddRange(Quantified());
        return parts is [var one] ? one : new PatternSyntax.Sequence(parts);
    }

    private IEnumerable<PatternSyntax> Quantified()
    {
        var part = Atom();
        if (part is null)
            return [];
        var (min, max) = Quantifier();
        if ((min, max) == (1, 1))
            return [part];
        var possessive = Take('+');
        if (!possessive && Take('?'))
            throw Unsupported("a lazy quantifier");
        return part switch
        {
            PatternSyntax.Run { Min: 1, Max: 1 } run => [run with { Min = min, Max = max, Possessive = possessive }],
            _ when possessive || max > MostRepeats => throw Unsupported("a group that repeats without bound"),
            _ => [.. Enumerable.Repeat(part, min), .. Optional(part, max - min)],
        };
    }

    // (a(a)?)? and not a?a?: the second could match where the first did not
    private static IEnumerable<PatternSyntax> Optional(PatternSyntax part, int times)
    {
        PatternSyntax? nested = null;
        for (var i = 0; i < times; i++)
        {
            var more = nested is null ? part : new PatternSyntax.Sequence([part, nested]);
            nested = new PatternSyntax.Choice([more, new PatternSyntax.Sequence([])]);
        }

        return nested is null ? [] : [nested];
    }

    private (int Min, int Max) Quantifier()
    {
        if (Done)
            return (1, 1);
        if (Take('?'))
            return (0, 1);
        if (Take('*'))
            return (0, int.MaxValue);
        if (Take('+'))
            return (1, int.MaxValue);
        if (!Take('{'))
            return (1, 1);
        var close = _expression.IndexOf('}', _at);
        var bounds = close < 0 ? [] : _expression[_at..close].Split(',');
        if (bounds.Length is not (1 or 2) || !int.TryParse(bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out var min))
            throw Unsupported("a malformed quantifier");
        var max = min;
        if (bounds.Length == 2 && bounds[1].Length == 0)
            max = int.MaxValue;
        else if (bounds.Length == 2 && !int.TryParse(bounds[1], NumberStyles.None, CultureInfo.InvariantCulture, out max) || max < min)
            throw Unsupported("a malformed quantifier");
        _at = close + 1;
        return (min, max);
    }

    private PatternSyntax? Atom()
    {
        if (Take('('))
            return Group();
        if (Take('$'))
            return new PatternSyntax.End();
        if (_expression[_at] is '^' or '*' or '+' or '?' or '{')
            throw Unsupported($"'{_expression[_at]}' here");
        var sets = new PatternSets(_expression, _at, _ignoreCase);
        var holds = Take('.') ? static point => point != '\n' : sets.One();
        _at = Math.Max(_at, sets.At);
        return new PatternSyntax.Run(new(holds, _foldSpaces), 1, 1, Possessive: false);
    }

    private PatternSyntax? Group()
    {
        var ignoreCase = _ignoreCase;
        PatternSyntax inner;
        if (Take("?="))
            inner = new PatternSyntax.Ahead(Choice(), Negative: false);
        else if (Take("?!"))
            inner = new PatternSyntax.Ahead(Choice(), Negative: true);
        else if (Take("?i)"))
        {
            _ignoreCase = true;
            return null;
        }
        else
        {
            if (Take("?i:"))
                _ignoreCase = true;
            else if (!Take("?:") && !Done && _expression[_at] == '?')
                throw Unsupported($"the group ({_expression[_at..Math.Min(_expression.Length, _at + 3)]}");
            inner = Choice();
            _ignoreCase = ignoreCase;
        }

        return Take(')') ? inner : throw Unsupported("a group without its )");
    }

    private bool Take(char wanted)
    {
        if (Done || _expression[_at] != wanted)
            return false;
        _at++;
        return true;
    }

    private bool Take(string wanted)
    {
        if (!_expression.AsSpan(_at).StartsWith(wanted, StringComparison.Ordinal))
            return false;
        _at += wanted.Length;
        return true;
    }

    private ModelException Unsupported(string what) =>
        new($"the pre-tokenizer's expression {_expression} holds {what} (at character {_at + 1}), which is not supported");
}
