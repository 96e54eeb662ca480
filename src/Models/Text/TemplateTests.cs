namespace Adaptation.Models;

/// <summary>What can stand behind "is" in a template.</summary>
internal static class TemplateTests
{
    /// <exception cref="ModelException">There is no such test.</exception>
    public static bool Holds(int line, string name, object? value, IReadOnlyList<object?> arguments) => name switch
    {
        "defined" => value is not TemplateUndefined,
        "undefined" => value is TemplateUndefined,
        "none" => value is null,
        "string" => value is string,
        "mapping" => value is TemplateMap { IsNamespace: false },
        "iterable" => value is string or List<object?> or TemplateMap { IsNamespace: false } or TemplateUndefined,
        "sequence" => value is string or List<object?> or TemplateMap { IsNamespace: false } or TemplateUndefined,
        "number" => TemplateValues.IsNumber(value),
        "integer" => value is long or System.Numerics.BigInteger,
        "float" => value is double,
        "boolean" => value is bool,
        "true" => value is true,
        "false" => value is false,
        "callable" => value is TemplateFunction,
        "odd" => TemplateValues.IsNumber(value) && !TemplateValues.Whole(value).IsEven,
        "even" => TemplateValues.IsNumber(value) && TemplateValues.Whole(value).IsEven,
        "divisibleby" => TemplateValues.Whole(value) % TemplateValues.Whole(One(line, name, arguments)) == 0,
        "lower" => TemplateValues.Str(value) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        "upper" => TemplateValues.Str(value) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        "eq" or "equalto" => TemplateValues.Same(value, One(line, name, arguments)),
        "ne" => !TemplateValues.Same(value, One(line, name, arguments)),
        "in" => TemplateEvaluator.In(line, value, One(line, name, arguments)),
        _ => throw TemplateRun.Error(line, $"the test {name} is not supported"),
    };

    private static object? One(int line, string name, IReadOnlyList<object?> arguments) =>
        arguments.Count == 1 ? arguments[0] : throw TemplateRun.Error(line, $"the test {name} takes one value, not {arguments.Count}");
}
