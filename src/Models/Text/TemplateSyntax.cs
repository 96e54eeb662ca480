namespace Adaptation.Models;

/// <summary>A statement of a chat template.</summary>
/// <param name="Line">1-based.</param>
internal abstract record TemplateStatement(int Line)
{
    public sealed record Text(int Line, string Value) : TemplateStatement(Line);

    public sealed record Print(int Line, TemplateExpression Value) : TemplateStatement(Line);

    /// <summary>Branches in order; the condition of else is null.</summary>
    public sealed record If(int Line, IReadOnlyList<(TemplateExpression? Condition, IReadOnlyList<TemplateStatement> Body)> Branches) : TemplateStatement(Line);

    public sealed record For(
        int Line, IReadOnlyList<string> Names, TemplateExpression Over, TemplateExpression? Filter,
        IReadOnlyList<TemplateStatement> Body, IReadOnlyList<TemplateStatement> Otherwise) : TemplateStatement(Line);

    /// <summary>Several names take a sequence apart.</summary>
    public sealed record Set(int Line, IReadOnlyList<string> Names, TemplateExpression Value) : TemplateStatement(Line);

    /// <summary>An attribute of a namespace.</summary>
    public sealed record SetAttribute(int Line, string Name, string Attribute, TemplateExpression Value) : TemplateStatement(Line);

    /// <summary>What the body prints, through filters.</summary>
    public sealed record SetBlock(int Line, string Name, IReadOnlyList<TemplateStatement> Body) : TemplateStatement(Line);

    public sealed record Macro(int Line, string Name, IReadOnlyList<(string Name, TemplateExpression? Default)> Parameters, IReadOnlyList<TemplateStatement> Body) : TemplateStatement(Line);

    public sealed record FilterBlock(int Line, TemplateExpression.Filter Filter, IReadOnlyList<TemplateStatement> Body) : TemplateStatement(Line);

    /// <summary>break, or continue.</summary>
    public sealed record Jump(int Line, bool Ends) : TemplateStatement(Line);
}

/// <summary>An expression of a chat template.</summary>
/// <param name="Line">1-based.</param>
internal abstract record TemplateExpression(int Line)
{
    public sealed record Literal(int Line, object? Value) : TemplateExpression(Line);

    public sealed record Variable(int Line, string Value) : TemplateExpression(Line);

    public sealed record List(int Line, IReadOnlyList<TemplateExpression> Items) : TemplateExpression(Line);

    public sealed record Map(int Line, IReadOnlyList<(TemplateExpression Key, TemplateExpression Value)> Items) : TemplateExpression(Line);

    /// <summary>x.name: a method before a key.</summary>
    public sealed record Attribute(int Line, TemplateExpression Of, string Key) : TemplateExpression(Line);

    /// <summary>x[key].</summary>
    public sealed record Item(int Line, TemplateExpression Of, TemplateExpression Key) : TemplateExpression(Line);

    public sealed record Slice(int Line, TemplateExpression Of, TemplateExpression? Start, TemplateExpression? Stop, TemplateExpression? Step) : TemplateExpression(Line);

    public sealed record Call(int Line, TemplateExpression Function, TemplateArguments Arguments) : TemplateExpression(Line);

    /// <summary>The input of a filter block is null.</summary>
    public sealed record Filter(int Line, TemplateExpression? Of, string Name, TemplateArguments Arguments) : TemplateExpression(Line);

    public sealed record Test(int Line, TemplateExpression Of, string Name, TemplateArguments Arguments, bool Negative) : TemplateExpression(Line);

    public sealed record Unary(int Line, string Operator, TemplateExpression Of) : TemplateExpression(Line);

    public sealed record Binary(int Line, string Operator, TemplateExpression Left, TemplateExpression Right) : TemplateExpression(Line);

    /// <summary>a &lt; b &lt; c.</summary>
    public sealed record Compare(int Line, TemplateExpression First, IReadOnlyList<(string Operator, TemplateExpression Value)> Rest) : TemplateExpression(Line);

    public sealed record Choose(int Line, TemplateExpression Condition, TemplateExpression Then, TemplateExpression? Otherwise) : TemplateExpression(Line);
}

/// <summary>What stands between the parentheses of a call.</summary>
internal sealed record TemplateArguments(IReadOnlyList<TemplateExpression> Positional, IReadOnlyList<(string Name, TemplateExpression Value)> Named)
{
    public static TemplateArguments None { get; } = new([], []);
}
