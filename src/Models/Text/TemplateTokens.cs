namespace Adaptation.Models;

/// <summary>The tokens of a template, with a place in them.</summary>
internal sealed class TemplateTokens(IReadOnlyList<TemplateToken> tokens)
{
    // Deeper nesting than people write; without a bound, a file from outside could end the process.
    private const int Deepest = 200;

    private int _at;
    private int _depth;

    public TemplateToken Current => tokens[_at];

    public int Line => Current.Line;

    public TemplateToken Next() => _at + 1 < tokens.Count ? tokens[_at++] : tokens[_at];

    public bool Is(TemplateTokenKind kind, string text) => Current.Kind == kind && Current.Text == text;

    public bool IsOperator(string text) => Is(TemplateTokenKind.Operator, text);

    public bool IsName(string text) => Is(TemplateTokenKind.Name, text);

    /// <summary>Whether the token behind the current one is that operator.</summary>
    public bool IsNextOperator(string text) => _at + 1 < tokens.Count && tokens[_at + 1] is { Kind: TemplateTokenKind.Operator } next && next.Text == text;

    /// <summary>Whether the token behind the current one is that name.</summary>
    public bool IsNextName(string text) => _at + 1 < tokens.Count && tokens[_at + 1] is { Kind: TemplateTokenKind.Name } next && next.Text == text;

    public bool TakeOperator(string text)
    {
        if (!IsOperator(text))
            return false;
        _at++;
        return true;
    }

    public bool TakeName(string text)
    {
        if (!IsName(text))
            return false;
        _at++;
        return true;
    }

    /// <exception cref="ModelException">The current token is of another kind.</exception>
    public TemplateToken Need(TemplateTokenKind kind) => Current.Kind == kind ? Next() : throw Unexpected(kind.ToString());

    /// <exception cref="ModelException">The current token is another one.</exception>
    public void NeedOperator(string text)
    {
        if (!TakeOperator(text))
            throw Unexpected($"'{text}'");
    }

    /// <exception cref="ModelException">The current token is another one.</exception>
    public void NeedName(string text)
    {
        if (!TakeName(text))
            throw Unexpected($"'{text}'");
    }

    /// <summary>Reads what nests, one level deeper.</summary>
    /// <exception cref="ModelException">It nests too deeply.</exception>
    public T Deeper<T>(Func<T> read)
    {
        if (++_depth > Deepest)
            throw new ModelException($"chat template, line {Line}: nested more than {Deepest} deep");
        var result = read();
        _depth--;
        return result;
    }

    public ModelException Unexpected(string wanted) =>
        new($"chat template, line {Line}: '{(Current.Text.Length > 0 ? Current.Text : Current.Kind.ToString())}' where {wanted} was expected, or what is not supported");
}
