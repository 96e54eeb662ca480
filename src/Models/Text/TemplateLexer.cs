using System.Globalization;
using System.Numerics;
using System.Text;

namespace Adaptation.Models;

internal enum TemplateTokenKind
{
    Text,
    PrintStart,
    PrintEnd,
    BlockStart,
    BlockEnd,
    Name,
    String,
    Number,
    Operator,
    End,
}

/// <param name="Text">As written; of a string, what it says.</param>
/// <param name="Value">Of a number: long, BigInteger or double.</param>
internal sealed record TemplateToken(TemplateTokenKind Kind, string Text, int Line, object? Value = null);

/// <summary>Cuts a Jinja template into tokens, white space controlled as transformers does it: trim_blocks and lstrip_blocks are on.</summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|"];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private bool _lineStarting = true;

    private TemplateLexer(string source)
    {
        source = source.ReplaceLineEndings("\n");
        _source = source.EndsWith('\n') ? source[..^1] : source; // keep_trailing_newline is off
    }

    /// <exception cref="ModelException">A tag has no end, or a character has no meaning.</exception>
    public static IReadOnlyList<TemplateToken> Read(string source)
    {
        var lexer = new TemplateLexer(source);
        while (lexer._at < lexer._source.Length)
            lexer.TextAndTag();
        lexer.Add(TemplateTokenKind.End, "");
        return lexer._tokens;
    }

    private void TextAndTag()
    {
        var tag = NextTag();
        if (tag < 0)
        {
            Add(TemplateTokenKind.Text, Take(_source.Length));
            return;
        }

        var kind = _source[tag + 1];
        var control = tag + 2 < _source.Length ? _source[tag + 2] : ' ';
        Add(TemplateTokenKind.Text, Before(Take(tag), kind, control));
        Take(tag + (control is '-' or '+' ? 3 : 2));
        if (kind == '#')
            Comment();
        else
            Tag(kind == '{' ? '}' : '%');
    }

    private int NextTag()
    {
        for (var at = _source.IndexOf('{', _at); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
                return at;
        }

        return -1;
    }

    private string Before(string text, char kind, char control)
    {
        if (control == '-')
            return text.TrimEnd();
        if (control == '+' || kind == '{')
            return text;
        var start = text.LastIndexOf('\n') + 1;
        return (start > 0 || _lineStarting) && string.IsNullOrWhiteSpace(text[start..]) ? text[..start] : text;
    }

    private void Comment()
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw Bad("a comment without its #}");
        Take(end);
        After(_source[end - 1], trims: true, length: 2);
    }

    private void Tag(char close)
    {
        var isBlock = close == '%';
        Add(isBlock ? TemplateTokenKind.BlockStart : TemplateTokenKind.PrintStart, "");
        var braces = 0;
        while (true)
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
                Take(_at + 1);
            if (_at >= _source.Length)
                throw Bad($"a tag without its {close}}}");
            var sign = _source[_at] is '-' or '+' ? 1 : 0;
            if (braces == 0 && _at + sign + 1 < _source.Length && _source[_at + sign] == close && _source[_at + sign + 1] == '}')
            {
                Add(isBlock ? TemplateTokenKind.BlockEnd : TemplateTokenKind.PrintEnd, "");
                After(_source[_at], isBlock, sign + 2);
                return;
            }

            Token();
            braces += _tokens[^1] is { Kind: TemplateTokenKind.Operator } last ? last.Text == "{" ? 1 : last.Text == "}" ? -1 : 0 : 0;
        }
    }

    // Behind a tag: all white space with a minus, else one line end where the tag is a block or a comment.
    private void After(char control, bool trims, int length)
    {
        Take(_at + length);
        var start = _at;
        if (control == '-')
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
                Take(_at + 1);
        }
        else if (trims && control != '+' && _at < _source.Length && _source[_at] == '\n')
            Take(_at + 1);
        _lineStarting = _at > start && _source[_at - 1] == '\n';
    }

    private void Token()
    {
        var first = _source[_at];
        if (char.IsLetter(first) || first == '_')
        {
            var end = _at;
            while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
                end++;
            Add(TemplateTokenKind.Name, Take(end));
        }
        else if (char.IsAsciiDigit(first))
            Number();
        else if (first is '"' or '\'')
            String(first);
        else if (Operators.FirstOrDefault(op => string.CompareOrdinal(_source, _at, op, 0, op.Length) == 0) is { } found)
            Add(TemplateTokenKind.Operator, Take(_at + found.Length));
        else
            throw Bad($"the character '{first}'");
    }

    private void Number()
    {
        var end = _at;
        while (end < _source.Length && (char.IsAsciiDigit(_source[end]) || _source[end] == '_'))
            end++;
        var isFloat = end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]);
        if (isFloat)
        {
            end++;
            while (end < _source.Length && char.IsAsciiDigit(_source[end]))
                end++;
        }

        var sign = end + 1 < _source.Length && _source[end] is 'e' or 'E' && _source[end + 1] is '+' or '-' ? 1 : 0;
        if (end + sign + 1 < _source.Length && _source[end] is 'e' or 'E' && char.IsAsciiDigit(_source[end + sign + 1]))
        {
            isFloat = true;
            end += sign + 1;
            while (end < _source.Length && char.IsAsciiDigit(_source[end]))
                end++;
        }

        var text = Take(end);
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        object value = isFloat ? double.Parse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture)
            : TemplateValues.Integer(BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture));
        _tokens.Add(new(TemplateTokenKind.Number, text, _line, value));
    }

    private void String(char quote)
    {
        var line = _line;
        var text = new StringBuilder();
        var at = _at + 1;
        while (at < _source.Length && _source[at] != quote)
        {
            if (_source[at] == '\\' && at + 1 < _source.Length)
                at = Escape(at + 1, text);
            else
                text.Append(_source[at++]);
        }

        if (at >= _source.Length)
            throw Bad("a string without its end");
        Take(at + 1);
        _tokens.Add(new(TemplateTokenKind.String, text.ToString(), line));
    }

    // Python's; an escape that it does not know keeps its backslash.
    private int Escape(int at, StringBuilder text)
    {
        var digits = _source[at] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits >= _source.Length || !int.TryParse(_source.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point)
                || !Rune.IsValid(point))
                throw Bad("a malformed escape");
            text.Append(new Rune(point).ToString());
            return at + 1 + digits;
        }

        _ = _source[at] switch
        {
            'n' => text.Append('\n'),
            't' => text.Append('\t'),
            'r' => text.Append('\r'),
            'f' => text.Append('\f'),
            'v' => text.Append('\v'),
            'b' => text.Append('\b'),
            'a' => text.Append('\a'),
            '0' => text.Append('\0'),
            '\\' or '\'' or '"' => text.Append(_source[at]),
            '\n' => text,
            var other => text.Append('\\').Append(other),
        };
        return at + 1;
    }

    private string Take(int end)
    {
        var text = _source[_at..end];
        _line += text.AsSpan().Count('\n');
        _at = end;
        return text;
    }

    private void Add(TemplateTokenKind kind, string text)
    {
        if (kind != TemplateTokenKind.Text || text.Length > 0)
            _tokens.Add(new(kind, text, _line));
    }

    private ModelException Bad(string what) => new($"chat template, line {_line}: {what} is not what a template has here");
}
