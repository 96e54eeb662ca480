using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>What each keyword asks of a value.</summary>
/// <remarks>Source: JSON Schema 2020-12, core (10, applicators) and validation (6). A keyword says nothing of values of another type than its own.</remarks>
internal static class SchemaRules
{
    private const int ShownCharacters = 60;

    public static SchemaRule Type(ImmutableArray<string> types) => (value, path) => types.Any(type => IsOf(value, type))
        ? null
        : new(SchemaFaultKind.WrongType, path, $"is {Kind(value)}; expected {string.Join(" or ", types)}");

    public static SchemaRule Required(ImmutableArray<string> names) => (value, path) =>
        value.ValueKind == JsonValueKind.Object && names.FirstOrDefault(name => !value.TryGetProperty(name, out _)) is { } missing
            ? new(SchemaFaultKind.MissingMember, Member(path, missing), "is missing")
            : null;

    /// <param name="others">Of members that are not among <paramref name="named"/>; null: anything.</param>
    public static SchemaRule Properties(FrozenDictionary<string, JsonSchema> named, JsonSchema? others) => (value, path) =>
    {
        if (value.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var member in value.EnumerateObject())
        {
            var inner = Member(path, member.Name);
            var fault = named.TryGetValue(member.Name, out var schema) ? schema.Check(member.Value, inner)
                : ReferenceEquals(others, JsonSchema.Nothing) ? new(SchemaFaultKind.UndeclaredMember, inner, "is not declared, and additionalProperties is false")
                : others?.Check(member.Value, inner);
            if (fault is not null)
                return fault;
        }

        return null;
    };

    /// <param name="rest">Of the items behind the first ones; null: anything.</param>
    public static SchemaRule Items(ImmutableArray<JsonSchema> first, JsonSchema? rest) => (value, path) =>
    {
        if (value.ValueKind != JsonValueKind.Array)
            return null;
        var at = 0;
        foreach (var item in value.EnumerateArray())
        {
            if ((at < first.Length ? first[at] : rest)?.Check(item, $"{path}[{at.ToString(CultureInfo.InvariantCulture)}]") is { } fault)
                return fault;
            at++;
        }

        return null;
    };

    /// <param name="allowed">As <see cref="JsonText.Canonical"/> spells them.</param>
    public static SchemaRule OneOfValues(FrozenSet<string> allowed) => (value, path) =>
        allowed.Contains(JsonText.Canonical(value)) ? null : new(SchemaFaultKind.WrongValue, path, $"is {Shown(value)}, which is none of the values allowed");

    /// <param name="holds">Of the value compared with the bound, as <see cref="JsonNumber.ComparedTo"/> says it.</param>
    public static SchemaRule Bound(string keyword, JsonNumber bound, Func<int, bool> holds) => (value, path) =>
        value.ValueKind != JsonValueKind.Number || holds(JsonNumber.Of(value).ComparedTo(bound)) ? null : Outside(keyword, value, path);

    public static SchemaRule MultipleOf(JsonNumber divisor) => (value, path) =>
        value.ValueKind != JsonValueKind.Number || JsonNumber.Of(value).IsMultipleOf(divisor) ? null : Outside("multipleOf", value, path);

    /// <param name="kind">Values of another kind hold.</param>
    /// <param name="count">What is counted.</param>
    public static SchemaRule Count(string keyword, JsonValueKind kind, Func<JsonElement, int> count, Func<int, bool> holds) => (value, path) =>
        value.ValueKind != kind || holds(count(value)) ? null : Outside(keyword, value, path);

    public static SchemaRule UniqueItems() => (value, path) =>
    {
        if (value.ValueKind != JsonValueKind.Array)
            return null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return value.EnumerateArray().All(item => seen.Add(JsonText.Canonical(item))) ? null : Outside("uniqueItems", value, path);
    };

    public static SchemaRule AllOf(ImmutableArray<JsonSchema> schemas) => (value, path) =>
        schemas.Select(schema => schema.Check(value, path)).FirstOrDefault(fault => fault is not null);

    /// <param name="holds">Of how many of them hold.</param>
    public static SchemaRule Some(string keyword, ImmutableArray<JsonSchema> schemas, Func<int, bool> holds) => (value, path) =>
        schemas.Count(schema => schema.Check(value, path) is null) is var count && holds(count)
            ? null
            : new(SchemaFaultKind.WrongValue, path, $"matches {count} of the {schemas.Length} schemas of {keyword}");

    public static SchemaRule Not(JsonSchema schema) => (value, path) =>
        schema.Check(value, path) is null ? new(SchemaFaultKind.WrongValue, path, "matches the schema of not") : null;

    /// <summary>Characters as RFC 8259 has them: code points, not halves of pairs.</summary>
    public static int Characters(JsonElement text) => text.GetString()!.EnumerateRunes().Count();

    private static SchemaFault Outside(string keyword, JsonElement value, string path) => new(SchemaFaultKind.WrongValue, path, $"is {Shown(value)}, against {keyword}");

    private static bool IsOf(JsonElement value, string type) => type switch
    {
        "integer" => value.ValueKind == JsonValueKind.Number && JsonNumber.Of(value).IsInteger,
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => Kind(value) == type,
    };

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    private static string Member(string path, string name) => $"{path}.{Clipped(name)}";

    private static string Shown(JsonElement value) => Clipped(value.GetRawText());

    private static string Clipped(string text) => text.Length <= ShownCharacters ? text : $"{text[..ShownCharacters]}...";
}
