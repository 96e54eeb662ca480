using System.Text;

namespace Adaptation.Models;

/// <summary>Names and their values, one scope inside another.</summary>
internal sealed class TemplateScope(TemplateScope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => _values[name] = value;

    public bool TryGet(string name, out object? value) =>
        _values.TryGetValue(name, out value) || outer is not null && outer.TryGet(name, out value);
}

/// <summary>One rendering of a template: carries out its statements. Not for concurrent use.</summary>
internal sealed class TemplateRun
{
    // Far above what a conversation of a megabyte takes; a template that loops for ever ends here.
    private const int MostSteps = 5_000_000;
    private const int LongestOutput = 64 << 20;
    private const int DeepestCall = 100;

    private readonly TemplateEvaluator _evaluator;
    private StringBuilder _output = new();
    private int _steps;
    private int _depth;

    public TemplateRun(DateTimeOffset? now)
    {
        Globals = new(new TemplateFunctions(now).Scope);
        _evaluator = new(this);
    }

    public TemplateScope Globals { get; }

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <exception cref="ModelException">The template refuses, goes on for too long, or does what is not supported.</exception>
    public string Render(IReadOnlyList<TemplateStatement> body)
    {
        Run(body, Globals);
        return _output.ToString();
    }

    /// <summary>Counts steps of work.</summary>
    /// <exception cref="ModelException">There were too many.</exception>
    public void Step(int line, int steps = 1)
    {
        _steps += steps;
        if (_steps > MostSteps)
            throw Error(line, $"more than {MostSteps} steps: the template does not end, or the conversation is too long");
    }

    public static ModelException Error(int line, string what) => new($"chat template, line {line}: {what}");

    private Flow Run(IReadOnlyList<TemplateStatement> body, TemplateScope scope)
    {
        foreach (var statement in body)
        {
            Step(statement.Line);
            if (Run(statement, scope) is not Flow.Next and var flow)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Run(TemplateStatement statement, TemplateScope scope)
    {
        switch (statement)
        {
            case TemplateStatement.Text text:
                Write(text.Line, text.Value);
                break;
            case TemplateStatement.Print print:
                Write(print.Line, TemplateValues.Str(_evaluator.Value(print.Value, scope)));
                break;
            case TemplateStatement.If choice:
                return If(choice, scope);
            case TemplateStatement.For loop:
                return For(loop, scope);
            case TemplateStatement.Set set:
                Assign(set.Line, set.Names, _evaluator.Value(set.Value, scope), scope);
                break;
            case TemplateStatement.SetAttribute set:
                if (!scope.TryGet(set.Name, out var owner) || owner is not TemplateMap { IsNamespace: true } map)
                    throw Error(set.Line, $"{set.Name} is no namespace; only a namespace's attributes can be set");
                map[set.Attribute] = _evaluator.Value(set.Value, scope);
                break;
            case TemplateStatement.SetBlock set:
                scope.Set(set.Name, Captured(set.Body, new(scope)));
                break;
            case TemplateStatement.Macro macro:
                scope.Set(macro.Name, (TemplateFunction)((line, positional, named) => Call(macro, scope, line, positional, named)));
                break;
            case TemplateStatement.FilterBlock block:
                Write(block.Line, TemplateValues.Str(_evaluator.Filtered(block.Filter, Captured(block.Body, new(scope)), scope)));
                break;
            case TemplateStatement.Jump jump:
                return jump.Ends ? Flow.Break : Flow.Continue;
        }

        return Flow.Next;
    }

    private Flow If(TemplateStatement.If choice, TemplateScope scope)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (condition is null || TemplateValues.IsTrue(_evaluator.Value(condition, scope)))
                return Run(body, scope);
        }

        return Flow.Next;
    }

    private Flow For(TemplateStatement.For loop, TemplateScope scope)
    {
        var items = TemplateEvaluator.Items(loop.Line, _evaluator.Value(loop.Over, scope));
        if (loop.Filter is { } filter)
            items = [.. items.Where(item => TemplateValues.IsTrue(_evaluator.Value(filter, Inner(loop, item, scope))))];
        for (var i = 0; i < items.Count; i++)
        {
            Step(loop.Line);
            var inner = Inner(loop, items[i], scope);
            inner.Set("loop", Loop(items, i));
            if (Run(loop.Body, inner) == Flow.Break)
                break;
        }

        return items.Count == 0 ? Run(loop.Otherwise, new(scope)) : Flow.Next;
    }

    private static TemplateScope Inner(TemplateStatement.For loop, object? item, TemplateScope scope)
    {
        var inner = new TemplateScope(scope);
        Assign(loop.Line, loop.Names, item, inner);
        return inner;
    }

    private static TemplateMap Loop(List<object?> items, int i) => new(isNamespace: false)
    {
        ["index"] = i + 1L,
        ["index0"] = (long)i,
        ["revindex"] = (long)items.Count - i,
        ["revindex0"] = items.Count - i - 1L,
        ["first"] = i == 0,
        ["last"] = i == items.Count - 1,
        ["length"] = (long)items.Count,
        ["previtem"] = i > 0 ? items[i - 1] : new TemplateUndefined("loop.previtem"),
        ["nextitem"] = i < items.Count - 1 ? items[i + 1] : new TemplateUndefined("loop.nextitem"),
    };

    private static void Assign(int line, IReadOnlyList<string> names, object? value, TemplateScope scope)
    {
        if (names.Count == 1)
        {
            scope.Set(names[0], value);
            return;
        }

        var parts = TemplateEvaluator.Items(line, value);
        if (parts.Count != names.Count)
            throw Error(line, $"{names.Count} names are set from {parts.Count} values");
        foreach (var (name, part) in names.Zip(parts))
            scope.Set(name, part);
    }

    private string Call(
        TemplateStatement.Macro macro, TemplateScope scope, int line, IReadOnlyList<object?> positional, IReadOnlyList<(string Name, object? Value)> named)
    {
        if (positional.Count > macro.Parameters.Count)
            throw Error(line, $"the macro {macro.Name} takes {macro.Parameters.Count} values, not {positional.Count}");
        if (named.FirstOrDefault(argument => macro.Parameters.All(parameter => parameter.Name != argument.Name)) is { Name: { } unknown })
            throw Error(line, $"the macro {macro.Name} has no parameter {unknown}");
        if (++_depth > DeepestCall)
            throw Error(line, $"macros call each other more than {DeepestCall} deep");
        var inner = new TemplateScope(scope);
        for (var i = 0; i < macro.Parameters.Count; i++)
        {
            var (name, otherwise) = macro.Parameters[i];
            var given = named.Where(argument => argument.Name == name).Select(argument => argument.Value).ToArray();
            inner.Set(name, i < positional.Count ? positional[i] : given.Length > 0 ? given[0]
                : otherwise is not null ? _evaluator.Value(otherwise, inner) : new TemplateUndefined(name));
        }

        var text = Captured(macro.Body, inner);
        _depth--;
        return text;
    }

    private string Captured(IReadOnlyList<TemplateStatement> body, TemplateScope scope)
    {
        var outer = _output;
        _output = new();
        Run(body, scope);
        var text = _output.ToString();
        _output = outer;
        return text;
    }

    private void Write(int line, string text)
    {
        if (_output.Length + text.Length > LongestOutput)
            throw Error(line, $"more than {LongestOutput} characters of output");
        _output.Append(text);
    }
}
