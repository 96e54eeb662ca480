namespace Adaptation.Models;

/// <summary>Reads the statements of a chat template.</summary>
/// <remarks>if, for, set, macro, filter, break, continue, and transformers' generation, which only marks. Other tags are refused by name.</remarks>
internal sealed class TemplateParser
{
    private readonly TemplateTokens _tokens;
    private readonly TemplateExpressionParser _expressions;

    private TemplateParser(TemplateTokens tokens) => (_tokens, _expressions) = (tokens, new(tokens));

    /// <exception cref="ModelException">The template is malformed, or uses what is not supported.</exception>
    public static IReadOnlyList<TemplateStatement> Parse(string source)
    {
        var parser = new TemplateParser(new(TemplateLexer.Read(source)));
        var body = parser.Body();
        return parser._tokens.Current.Kind == TemplateTokenKind.End ? body : throw parser._tokens.Unexpected("the end of the template");
    }

    /// <summary>Statements up to a tag that is none of its own (an end tag, else, elif): its name is the current token.</summary>
    private List<TemplateStatement> Body()
    {
        var body = new List<TemplateStatement>();
        while (true)
        {
            var token = _tokens.Current;
            switch (token.Kind)
            {
                case TemplateTokenKind.Text:
                    body.Add(new TemplateStatement.Text(token.Line, _tokens.Next().Text));
                    break;
                case TemplateTokenKind.PrintStart:
                    _tokens.Next();
                    body.Add(new TemplateStatement.Print(token.Line, _expressions.WithTuple()));
                    _tokens.Need(TemplateTokenKind.PrintEnd);
                    break;
                case TemplateTokenKind.BlockStart:
                    _tokens.Next();
                    if (_tokens.Current.Text is "else" or "elif" || _tokens.Current.Text.StartsWith("end", StringComparison.Ordinal))
                        return body;
                    body.AddRange(_tokens.Deeper(Statement));
                    break;
                default:
                    return body;
            }
        }
    }

    private IReadOnlyList<TemplateStatement> Statement()
    {
        var tag = _tokens.Need(TemplateTokenKind.Name);
        return tag.Text switch
        {
            "if" => [If(tag.Line)],
            "for" => [For(tag.Line)],
            "set" => [Set(tag.Line)],
            "macro" => [Macro(tag.Line)],
            "filter" => [Filter(tag.Line)],
            "break" or "continue" => [Jump(tag)],
            "generation" => Block("endgeneration"),
            _ => throw new ModelException($"chat template, line {tag.Line}: the tag {tag.Text} is not supported"),
        };
    }

    private List<TemplateStatement> Block(string end)
    {
        BlockEnd();
        var body = Body();
        _tokens.NeedName(end);
        BlockEnd();
        return body;
    }

    private TemplateStatement.If If(int line)
    {
        var branches = new List<(TemplateExpression?, IReadOnlyList<TemplateStatement>)>();
        TemplateExpression? condition = _expressions.WithTuple();
        while (true)
        {
            BlockEnd();
            branches.Add((condition, Body()));
            if (condition is not null && _tokens.TakeName("elif"))
                condition = _expressions.WithTuple();
            else if (condition is not null && _tokens.TakeName("else"))
                condition = null;
            else
                break;
        }

        _tokens.NeedName("endif");
        BlockEnd();
        return new(line, branches);
    }

    private TemplateStatement.For For(int line)
    {
        var names = Names();
        _tokens.NeedName("in");
        var over = _expressions.WithTuple(withChoice: false);
        var filter = _tokens.TakeName("if") ? _expressions.Expression() : null;
        if (_tokens.IsName("recursive"))
            throw new ModelException($"chat template, line {line}: a recursive for is not supported");
        BlockEnd();
        var body = Body();
        IReadOnlyList<TemplateStatement> otherwise = [];
        if (_tokens.TakeName("else"))
        {
            BlockEnd();
            otherwise = Body();
        }

        _tokens.NeedName("endfor");
        BlockEnd();
        return new(line, names, over, filter, body, otherwise);
    }

    private List<string> Names()
    {
        var inParentheses = _tokens.TakeOperator("(");
        var names = new List<string> { _tokens.Need(TemplateTokenKind.Name).Text };
        while (_tokens.TakeOperator(","))
            names.Add(_tokens.Need(TemplateTokenKind.Name).Text);
        if (inParentheses)
            _tokens.NeedOperator(")");
        return names;
    }

    private TemplateStatement Set(int line)
    {
        var names = Names();
        string? attribute = null;
        if (names.Count == 1 && _tokens.TakeOperator("."))
            attribute = _tokens.Need(TemplateTokenKind.Name).Text;
        if (_tokens.TakeOperator("="))
        {
            var value = _expressions.WithTuple();
            BlockEnd();
            return attribute is null ? new TemplateStatement.Set(line, names, value) : new TemplateStatement.SetAttribute(line, names[0], attribute, value);
        }

        if (names.Count > 1 || attribute is not null || _tokens.Current.Kind != TemplateTokenKind.BlockEnd)
            throw _tokens.Unexpected("'='");
        return new TemplateStatement.SetBlock(line, names[0], Block("endset"));
    }

    private TemplateStatement.Macro Macro(int line)
    {
        var name = _tokens.Need(TemplateTokenKind.Name).Text;
        _tokens.NeedOperator("(");
        var parameters = new List<(string, TemplateExpression?)>();
        while (!_tokens.TakeOperator(")"))
        {
            if (parameters.Count > 0)
                _tokens.NeedOperator(",");
            var parameter = _tokens.Need(TemplateTokenKind.Name).Text;
            parameters.Add((parameter, _tokens.TakeOperator("=") ? _expressions.Expression() : null));
        }

        return new(line, name, parameters, Block("endmacro"));
    }

    private TemplateStatement.FilterBlock Filter(int line)
    {
        var filter = _expressions.Filters(line);
        return new(line, filter, Block("endfilter"));
    }

    private TemplateStatement.Jump Jump(TemplateToken tag)
    {
        BlockEnd();
        return new(tag.Line, tag.Text == "break");
    }

    private void BlockEnd() => _tokens.Need(TemplateTokenKind.BlockEnd);
}
