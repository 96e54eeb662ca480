namespace Adaptation.Models;

/// <summary>Reads the expressions of a chat template, with Jinja's precedence.</summary>
internal sealed class TemplateExpressionParser(TemplateTokens tokens)
{
    /// <exception cref="ModelException">It is malformed, or uses what is not supported.</exception>
    public TemplateExpression Expression() => tokens.Deeper(Choose);

    /// <summary>One expression, or several with commas between them: a tuple without parentheses.</summary>
    /// <param name="withChoice">Whether a following if belongs to it.</param>
    public TemplateExpression WithTuple(bool withChoice = true)
    {
        var line = tokens.Line;
        var first = withChoice ? Expression() : tokens.Deeper(Or);
        if (!tokens.IsOperator(","))
            return first;
        var items = new List<TemplateExpression> { first };
        while (tokens.TakeOperator(",") && tokens.Current.Kind is not (TemplateTokenKind.PrintEnd or TemplateTokenKind.BlockEnd))
            items.Add(withChoice ? Expression() : tokens.Deeper(Or));
        return new TemplateExpression.List(line, items);
    }

    /// <summary>The filters of a filter block, without what they apply to.</summary>
    public TemplateExpression.Filter Filters(int line)
    {
        var filter = Filter(line, of: null);
        while (tokens.TakeOperator("|"))
            filter = Filter(line, filter);
        return filter;
    }

    private TemplateExpression Choose()
    {
        var line = tokens.Line;
        var value = Or();
        while (tokens.TakeName("if"))
        {
            var condition = Or();
            var otherwise = tokens.TakeName("else") ? Expression() : null;
            value = new TemplateExpression.Choose(line, condition, value, otherwise);
        }

        return value;
    }

    private TemplateExpression Or() => Chain(() => Chain(Not, "and"), "or");

    private TemplateExpression Chain(Func<TemplateExpression> part, string word)
    {
        var left = part();
        while (tokens.IsName(word))
        {
            var line = tokens.Next().Line;
            left = new TemplateExpression.Binary(line, word, left, part());
        }

        return left;
    }

    private TemplateExpression Not()
    {
        var line = tokens.Line;
        return tokens.IsName("not") && tokens.TakeName("not") ? new TemplateExpression.Unary(line, "not", tokens.Deeper(Not)) : Compare();
    }

    private TemplateExpression Compare()
    {
        var line = tokens.Line;
        var first = Sum();
        var rest = new List<(string, TemplateExpression)>();
        while (true)
        {
            if (tokens.Current is { Kind: TemplateTokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
                rest.Add((tokens.Next().Text, Sum()));
            else if (tokens.TakeName("in"))
                rest.Add(("in", Sum()));
            else if (tokens.IsName("not") && tokens.IsNextName("in"))
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", Sum()));
            }
            else
                return rest.Count == 0 ? first : new TemplateExpression.Compare(line, first, rest);
        }
    }

    private TemplateExpression Sum() => Operators(() => Operators(() => Operators(() => Unary(withFilters: true), "*", "/", "//", "%"), "~"), "+", "-");

    private TemplateExpression Operators(Func<TemplateExpression> part, params ReadOnlySpan<string> operators)
    {
        var left = part();
        while (tokens.Current.Kind == TemplateTokenKind.Operator && operators.Contains(tokens.Current.Text))
        {
            var op = tokens.Next();
            left = new TemplateExpression.Binary(op.Line, op.Text, left, part());
        }

        return left;
    }

    private TemplateExpression Unary(bool withFilters)
    {
        var line = tokens.Line;
        TemplateExpression value;
        if (tokens.IsOperator("-") || tokens.IsOperator("+"))
        {
            var op = tokens.Next().Text;
            value = new TemplateExpression.Unary(line, op, tokens.Deeper(() => Unary(withFilters: false)));
        }
        else
            value = Primary();
        value = Postfix(value);
        return withFilters ? FiltersAndTests(value) : value;
    }

    private TemplateExpression Primary()
    {
        var token = tokens.Next();
        switch (token.Kind)
        {
            case TemplateTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new TemplateExpression.Literal(token.Line, true),
                    "false" or "False" => new TemplateExpression.Literal(token.Line, false),
                    "none" or "None" => new TemplateExpression.Literal(token.Line, null),
                    _ => new TemplateExpression.Variable(token.Line, token.Text),
                };
            case TemplateTokenKind.Number:
                return new TemplateExpression.Literal(token.Line, token.Value);
            case TemplateTokenKind.String:
                var text = token.Text;
                while (tokens.Current.Kind == TemplateTokenKind.String)
                    text += tokens.Next().Text;
                return new TemplateExpression.Literal(token.Line, text);
            case TemplateTokenKind.Operator when token.Text == "(":
                return Parenthesized(token.Line);
            case TemplateTokenKind.Operator when token.Text == "[":
                return new TemplateExpression.List(token.Line, Items("]", Expression));
            case TemplateTokenKind.Operator when token.Text == "{":
                return new TemplateExpression.Map(token.Line, Items("}", Pair));
            default:
                throw new ModelException($"chat template, line {token.Line}: '{token.Text}' where a value was expected, or what is not supported");
        }
    }

    private TemplateExpression Parenthesized(int line)
    {
        if (tokens.TakeOperator(")"))
            return new TemplateExpression.List(line, []);
        var first = Expression();
        if (tokens.TakeOperator(")"))
            return first;
        tokens.NeedOperator(",");
        return new TemplateExpression.List(line, [first, .. Items(")", Expression)]);
    }

    private List<T> Items<T>(string close, Func<T> item)
    {
        var items = new List<T>();
        while (!tokens.TakeOperator(close))
        {
            if (items.Count > 0)
            {
                tokens.NeedOperator(",");
                if (tokens.TakeOperator(close))
                    break;
            }

            items.Add(item());
        }

        return items;
    }

    private (TemplateExpression, TemplateExpression) Pair()
    {
        var key = Expression();
        tokens.NeedOperator(":");
        return (key, Expression());
    }

    private TemplateExpression Postfix(TemplateExpression value)
    {
        while (true)
        {
            var line = tokens.Line;
            if (tokens.TakeOperator("."))
                value = tokens.Current.Kind == TemplateTokenKind.Number
                    ? new TemplateExpression.Item(line, value, new TemplateExpression.Literal(line, tokens.Next().Value))
                    : new TemplateExpression.Attribute(line, value, tokens.Need(TemplateTokenKind.Name).Text);
            else if (tokens.TakeOperator("["))
                value = Subscript(line, value);
            else if (tokens.IsOperator("("))
                value = new TemplateExpression.Call(line, value, Arguments());
            else
                return value;
        }
    }

    private TemplateExpression Subscript(int line, TemplateExpression of)
    {
        var start = tokens.IsOperator(":") ? null : Expression();
        if (!tokens.TakeOperator(":"))
        {
            tokens.NeedOperator("]");
            return new TemplateExpression.Item(line, of, start!);
        }

        var stop = tokens.IsOperator(":") || tokens.IsOperator("]") ? null : Expression();
        var step = tokens.TakeOperator(":") && !tokens.IsOperator("]") ? Expression() : null;
        tokens.NeedOperator("]");
        return new TemplateExpression.Slice(line, of, start, stop, step);
    }

    private TemplateExpression FiltersAndTests(TemplateExpression value)
    {
        while (true)
        {
            var line = tokens.Line;
            if (tokens.TakeOperator("|"))
                value = Filter(line, value);
            else if (tokens.TakeName("is"))
                value = Test(line, value);
            else if (tokens.IsOperator("("))
                value = new TemplateExpression.Call(line, value, Arguments());
            else
                return value;
        }
    }

    private TemplateExpression.Filter Filter(int line, TemplateExpression? of)
    {
        var name = tokens.Need(TemplateTokenKind.Name).Text;
        return new(line, of, name, tokens.IsOperator("(") ? Arguments() : TemplateArguments.None);
    }

    private TemplateExpression.Test Test(int line, TemplateExpression of)
    {
        var negative = tokens.TakeName("not");
        var name = tokens.Need(TemplateTokenKind.Name).Text;
        var arguments = tokens.IsOperator("(") ? Arguments()
            : TakesArgument() ? new([Postfix(Primary())], [])
            : TemplateArguments.None;
        return new(line, of, name, arguments, negative);
    }

    private bool TakesArgument() => tokens.Current.Kind switch
    {
        TemplateTokenKind.String or TemplateTokenKind.Number => true,
        TemplateTokenKind.Name => tokens.Current.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not"),
        TemplateTokenKind.Operator => tokens.Current.Text is "[" or "{",
        _ => false,
    };

    private TemplateArguments Arguments()
    {
        tokens.NeedOperator("(");
        var named = new List<(string, TemplateExpression)>();
        var positional = new List<TemplateExpression>();
        foreach (var (name, value) in Items(")", Argument))
        {
            if (name is null)
                positional.Add(value);
            else
                named.Add((name, value));
        }

        return new(positional, named);
    }

    private (string? Name, TemplateExpression Value) Argument()
    {
        if (tokens.Current.Kind != TemplateTokenKind.Name || !tokens.IsNextOperator("="))
            return (null, Expression());
        var name = tokens.Next().Text;
        tokens.NeedOperator("=");
        return (name, Expression());
    }
}
