using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>Reads schemas of a stated subset of JSON Schema 2020-12; a keyword beyond it is refused, for one that is ignored would let through what it forbids.</summary>
/// <remarks>
/// Known: type, enum, const, the bounds of numbers, of lengths and of counts, multipleOf, uniqueItems, properties, required, additionalProperties, items,
/// prefixItems, allOf, anyOf, oneOf, not, and <c>$ref</c> to <c>#/$defs/NAME</c> of the same schema without loops. Read and not checked, as the specification
/// has it for annotations: title, description, default, examples, deprecated, readOnly, writeOnly, $comment, format. Not known, among others: pattern, whose
/// ECMA 262 expressions mean other things on this platform.
/// </remarks>
internal sealed class JsonSchemaReader
{
    /// <summary>Most rules that checking one value may come by, references written out.</summary>
    public const int MostRules = 2000;

    /// <summary>Definitions that refer to each other in a row: no deeper, so that no pack can end the process.</summary>
    private const int MostNested = 64;

    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";
    private const string Definitions = "#/$defs/";

    private readonly Dictionary<string, JsonSchema> _definitions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);
    private HashSet<string>? _names;
    private readonly JsonElement _root;
    private readonly string _top;
    private readonly Action<string, string> _problem;

    private JsonSchemaReader(JsonElement root, string top, Action<string, string> problem) => (_root, _top, _problem) = (root, top, problem);

    /// <param name="root">Parsed without members that occur twice.</param>
    /// <param name="path">Of the schema in its file.</param>
    /// <param name="problem">Told the path and what is wrong there; the schema is then not to be used.</param>
    public static JsonSchema Read(JsonElement root, string path, Action<string, string> problem)
    {
        var reader = new JsonSchemaReader(root, path, problem);
        foreach (var name in reader.Names())
            reader.Definition(name, $"{path}.$defs");
        var schema = reader.Schema(root, path);
        if (schema.Size > MostRules)
            problem(path, $"has {schema.Size} rules with references written out; at most {MostRules} are checked");
        return schema;
    }

    private IEnumerable<string> Names() =>
        _root.ValueKind == JsonValueKind.Object && _root.TryGetProperty("$defs", out var definitions) && definitions.ValueKind == JsonValueKind.Object
            ? definitions.EnumerateObject().Select(definition => definition.Name) : [];

    private JsonSchema Schema(JsonElement schema, string path)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return schema.ValueKind == JsonValueKind.True ? JsonSchema.Anything : JsonSchema.Nothing;
        if (schema.ValueKind != JsonValueKind.Object)
        {
            _problem(path, $"is of kind {schema.ValueKind}; expected a schema: an object, true or false");
            return JsonSchema.Anything;
        }

        var (rules, size) = (ImmutableArray.CreateBuilder<SchemaRule>(), 1L);
        foreach (var keyword in schema.EnumerateObject().OrderBy(keyword => keyword.Name != "type")) // a wrong type is told first
        {
            if (Keyword(schema, keyword, $"{path}.{keyword.Name}") is not var (rule, inner))
                continue;
            rules.Add(rule);
            size = Math.Min(int.MaxValue, size + 1 + inner);
        }

        return new(rules.ToImmutable(), (int)size);
    }

    /// <returns>The rule and the size of the schemas within; null for an annotation, and for what is wrong.</returns>
    private (SchemaRule Rule, long Size)? Keyword(JsonElement schema, JsonProperty keyword, string path) => keyword.Name switch
    {
        "$schema" => path == $"{_top}.$schema" && keyword.Value.ValueKind == JsonValueKind.String && keyword.Value.GetString() == Dialect
            ? null : Wrong(path, $"is not \"{Dialect}\" at the top of the schema; other dialects mean other things by the same words"),
        "$defs" => path == $"{_top}.$defs" && keyword.Value.ValueKind == JsonValueKind.Object
            ? null : Wrong(path, "is no object at the top of the schema, where definitions are looked up"),
        "$ref" => Referred(keyword.Value, path),
        "properties" => Members(schema, path),
        "additionalProperties" => schema.TryGetProperty("properties", out _) ? null : Members(schema, path), // else read with properties
        "prefixItems" => Elements(schema, path),
        "items" => schema.TryGetProperty("prefixItems", out _) ? null : Elements(schema, path),
        "allOf" => Several(keyword.Value, path) is var all ? (SchemaRules.AllOf(all), Sum(all)) : null,
        "anyOf" => Several(keyword.Value, path) is var any ? (SchemaRules.Some("anyOf", any, count => count > 0), Sum(any)) : null,
        "oneOf" => Several(keyword.Value, path) is var one ? (SchemaRules.Some("oneOf", one, count => count == 1), Sum(one)) : null,
        "not" => Schema(keyword.Value, path) is var inner ? (SchemaRules.Not(inner), inner.Size) : null,
        _ => SchemaKeywords.TryRead(keyword, message => _problem(path, message)) is { } rule ? (rule, 0) : null,
    };

    private (SchemaRule Rule, long Size)? Members(JsonElement schema, string path)
    {
        var above = path[..path.LastIndexOf('.')];
        var others = schema.TryGetProperty("additionalProperties", out var more) ? Schema(more, $"{above}.additionalProperties") : null;
        var named = new Dictionary<string, JsonSchema>(StringComparer.Ordinal);
        if (schema.TryGetProperty("properties", out var properties))
        {
            if (properties.ValueKind != JsonValueKind.Object)
                return Wrong(path, $"is of kind {properties.ValueKind}; expected an object of schemas");
            foreach (var property in properties.EnumerateObject())
                named[property.Name] = Schema(property.Value, $"{path}.{property.Name}");
        }

        return (SchemaRules.Properties(named.ToFrozenDictionary(StringComparer.Ordinal), others), Sum(named.Values) + (others?.Size ?? 0));
    }

    private (SchemaRule Rule, long Size)? Elements(JsonElement schema, string path)
    {
        var above = path[..path.LastIndexOf('.')];
        var first = schema.TryGetProperty("prefixItems", out var items) ? Several(items, path) : [];
        var rest = schema.TryGetProperty("items", out var others) ? Schema(others, $"{above}.items") : null;
        return (SchemaRules.Items(first, rest), Sum(first) + (rest?.Size ?? 0));
    }

    private ImmutableArray<JsonSchema> Several(JsonElement schemas, string path)
    {
        if (schemas.ValueKind == JsonValueKind.Array && schemas.GetArrayLength() > 0)
            return [.. schemas.EnumerateArray().Select((schema, at) => Schema(schema, $"{path}[{at}]"))];
        Wrong(path, $"is of kind {schemas.ValueKind}; expected an array of one schema or more");
        return [];
    }

    private (SchemaRule Rule, long Size)? Referred(JsonElement reference, string path)
    {
        if (reference.ValueKind != JsonValueKind.String || reference.GetString() is not { } text || !text.StartsWith(Definitions, StringComparison.Ordinal)
            || text.AsSpan(Definitions.Length).ContainsAny('/', '%', '~'))
            return Wrong(path, $"is no reference to {Definitions}NAME of the same schema");
        return Definition(text[Definitions.Length..], path) is { } schema ? (schema.Check, schema.Size) : null;
    }

    /// <param name="from">Where it is asked for.</param>
    private JsonSchema? Definition(string name, string from)
    {
        if (_definitions.TryGetValue(name, out var known))
            return known;
        if (!(_names ??= Names().ToHashSet(StringComparer.Ordinal)).Contains(name))
        {
            Wrong(from, $"refers to {Definitions}{name}, which is not there");
            return null;
        }

        if (_underWay.Count == MostNested)
        {
            Wrong(from, $"lies behind {MostNested} references, each from within the one before; write the schema out");
            return null;
        }

        if (!_underWay.Add(name))
        {
            Wrong(from, $"refers to {Definitions}{name} from within itself; schemas that refer to themselves are not checked");
            return null;
        }

        var schema = Schema(_root.GetProperty("$defs").GetProperty(name), $"{_top}.$defs.{name}");
        _underWay.Remove(name);
        return _definitions[name] = schema;
    }

    private (SchemaRule Rule, long Size)? Wrong(string path, string message)
    {
        _problem(path, message);
        return null;
    }

    private static long Sum(IEnumerable<JsonSchema> schemas) => schemas.Sum(schema => (long)schema.Size);
}
