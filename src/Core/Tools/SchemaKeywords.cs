using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>Reads the keywords that hold no schema.</summary>
internal static class SchemaKeywords
{
    private const int MostDigits = 40; // what dividing by it costs

    private const string Unknown = "no keyword that is checked here, and none is ignored; leave it out, or say it with those of docs/model.md";

    private static readonly ImmutableArray<string> Types = ["null", "boolean", "object", "array", "number", "string", "integer"];

    /// <param name="problem">Told what is wrong.</param>
    /// <returns>Null for an annotation, and for what is wrong.</returns>
    public static SchemaRule? TryRead(JsonProperty keyword, Action<string> problem)
    {
        var value = keyword.Value;
        switch (keyword.Name)
        {
            case "title" or "description" or "$comment" or "format":
                return Annotation(value, problem, JsonValueKind.String);
            case "examples":
                return Annotation(value, problem, JsonValueKind.Array);
            case "deprecated" or "readOnly" or "writeOnly":
                return Annotation(value, problem, JsonValueKind.True, JsonValueKind.False);
            case "default":
                return null; // of any type
            case "type":
                return Texts(value.ValueKind == JsonValueKind.String ? [value] : Array(value), problem) is { IsDefaultOrEmpty: false } types
                    ? types.FirstOrDefault(type => !Types.Contains(type)) is { } unknown ? Refused(problem, $"`{unknown}` is none of {string.Join(", ", Types)}") : SchemaRules.Type(types)
                    : Refused(problem, $"is of kind {value.ValueKind}; expected the name of a type, or an array of names");
            case "required":
                return value.ValueKind == JsonValueKind.Array ? SchemaRules.Required(Texts(Array(value), problem)) : Refused(problem, $"is of kind {value.ValueKind}; expected an array of names");
            case "enum":
                return Array(value) is { IsDefaultOrEmpty: false } allowed
                    ? SchemaRules.OneOfValues(allowed.Select(JsonText.Canonical).ToFrozenSet(StringComparer.Ordinal)) : Refused(problem, "is no array of one value or more");
            case "const":
                return SchemaRules.OneOfValues(FrozenSet.Create(StringComparer.Ordinal, JsonText.Canonical(value)));
            case "uniqueItems":
                return value.ValueKind == JsonValueKind.True ? SchemaRules.UniqueItems() : Annotation(value, problem, JsonValueKind.False); // false asks nothing
            default:
                return value.ValueKind == JsonValueKind.Number ? OfNumber(keyword.Name, JsonNumber.Of(value), problem)
                    : Refused(problem, $"is {(IsOfNumber(keyword.Name) ? $"of kind {value.ValueKind}; expected a number" : Unknown)}");
        }
    }

    private static bool IsOfNumber(string keyword) => keyword is "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf"
        or "minLength" or "maxLength" or "minItems" or "maxItems" or "minProperties" or "maxProperties";

    private static SchemaRule? OfNumber(string keyword, JsonNumber number, Action<string> problem) => keyword switch
    {
        "minimum" => SchemaRules.Bound(keyword, number, compared => compared >= 0),
        "maximum" => SchemaRules.Bound(keyword, number, compared => compared <= 0),
        "exclusiveMinimum" => SchemaRules.Bound(keyword, number, compared => compared > 0),
        "exclusiveMaximum" => SchemaRules.Bound(keyword, number, compared => compared < 0),
        "multipleOf" => !number.IsNegative && number.Digits.Length is > 0 and <= MostDigits
            ? SchemaRules.MultipleOf(number) : Refused(problem, $"is not above 0, or has more than {MostDigits} digits"),
        "minLength" or "minItems" or "minProperties" => number.AsCount() is { } least ? OfCount(keyword, count => count >= least) : Refused(problem, "is no whole number from 0 to 999999999"),
        "maxLength" or "maxItems" or "maxProperties" => number.AsCount() is { } most ? OfCount(keyword, count => count <= most) : Refused(problem, "is no whole number from 0 to 999999999"),
        _ => Refused(problem, $"is {Unknown}"),
    };

    private static SchemaRule OfCount(string keyword, Func<int, bool> holds) => keyword[3..] switch
    {
        "Length" => SchemaRules.Count(keyword, JsonValueKind.String, SchemaRules.Characters, holds),
        "Items" => SchemaRules.Count(keyword, JsonValueKind.Array, value => value.GetArrayLength(), holds),
        _ => SchemaRules.Count(keyword, JsonValueKind.Object, value => value.GetPropertyCount(), holds),
    };

    private static ImmutableArray<JsonElement> Array(JsonElement value) => value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [];

    private static ImmutableArray<string> Texts(ImmutableArray<JsonElement> values, Action<string> problem)
    {
        if (values.FirstOrDefault(value => value.ValueKind != JsonValueKind.String) is { ValueKind: not JsonValueKind.Undefined } other)
        {
            problem($"holds a value of kind {other.ValueKind}; expected names");
            return [];
        }

        ImmutableArray<string> texts = [.. values.Select(value => value.GetString()!)];
        if (Reading.Twice(texts) is { } twice)
            problem($"names {twice} twice");
        return texts;
    }

    private static SchemaRule? Annotation(JsonElement value, Action<string> problem, params ReadOnlySpan<JsonValueKind> kinds) =>
        kinds.Contains(value.ValueKind) ? null : Refused(problem, $"is of kind {value.ValueKind}");

    private static SchemaRule? Refused(Action<string> problem, string message)
    {
        problem(message);
        return null;
    }
}
