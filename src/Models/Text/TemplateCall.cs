namespace Adaptation.Models;

/// <summary>The arguments that a filter or method was called with.</summary>
internal sealed class TemplateCall(int line, IReadOnlyList<object?> positional, IReadOnlyList<(string Name, object? Value)> named)
{
    public int Line => line;

    public IReadOnlyList<object?> Positional => positional;

    /// <summary>By place or by name; the default if it was not given.</summary>
    public object? Get(int place, string name, object? otherwise = null)
    {
        if (place < positional.Count)
            return positional[place];
        foreach (var argument in named)
        {
            if (argument.Name == name)
                return argument.Value;
        }

        return otherwise;
    }

    /// <exception cref="ModelException">It is no text.</exception>
    public string Text(int place, string name, string? otherwise = null) => Get(place, name, otherwise) switch
    {
        string text => text,
        var other => throw Bad($"{name} is {TemplateValues.Repr(other)}, which is no text"),
    };

    /// <exception cref="ModelException">It is no whole number, or one beyond what is sensible.</exception>
    public int Number(int place, string name, int otherwise) => Get(place, name, (long)otherwise) switch
    {
        long number and >= int.MinValue and <= int.MaxValue => (int)number,
        var other => throw Bad($"{name} is {TemplateValues.Repr(other)}, which is no whole number"),
    };

    public bool Flag(int place, string name, bool otherwise) => TemplateValues.IsTrue(Get(place, name, otherwise));

    /// <exception cref="ModelException">So many of that length are more than a template may make.</exception>
    public void Bound(long count, long length)
    {
        if ((Int128)count * length > TemplateValues.Longest)
            throw Bad(TemplateValues.TooLong);
    }

    public ModelException Bad(string what) => TemplateRun.Error(line, what);
}
