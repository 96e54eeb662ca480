using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>The fields of a JSON object, each asked for by name and type; what nobody asked for is refused in the end.</summary>
/// <remarks>null counts as left out, as the OpenAI API has it, but only for fields that are known.</remarks>
internal sealed class Fields
{
    private readonly Dictionary<string, JsonElement> _left;

    private readonly string _path;

    private Fields(JsonElement element, string path)
    {
        _path = path;
        _left = new(StringComparer.Ordinal);
        foreach (var field in element.EnumerateObject())
            _left.Add(Name(field), field.Value);
    }

    /// <exception cref="RefusedException">It is no JSON object, or names a field twice.</exception>
    public static Fields Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            var element = JsonElement.Parse(json.Span, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return element.ValueKind == JsonValueKind.Object
                ? new(element, "")
                : throw RefusedException.Bad($"the body is {Kind(element)}; a JSON object is expected");
        }
        catch (JsonException broken)
        {
            throw RefusedException.Bad($"the body is not JSON as RFC 8259 has it: {broken.Message}");
        }
    }

    /// <summary>The fields of a value of this object.</summary>
    public Fields Inner(string name, JsonElement value) => value.ValueKind == JsonValueKind.Object
        ? new(value, _path + name + ".")
        : throw Wrong(name, value, "an object");

    /// <returns>Null if it is left out.</returns>
    public JsonElement? Take(string name) =>
        _left.Remove(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name)
    {
        if (Take(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String ? String(name, value) : throw Wrong(name, value, "a string");
    }

    public bool? Flag(string name) => Take(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Wrong(name, value, "true or false"),
    };

    public long? Integer(string name, long least, long most)
    {
        if (Take(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= least && number <= most
            ? number
            : throw Wrong(name, value, $"a whole number from {least} to {most}");
    }

    public double? Number(string name, double least, double most)
    {
        if (Take(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most
            ? number
            : throw Wrong(name, value, $"a number from {least} to {most}");
    }

    /// <exception cref="RefusedException">Something is left that this server does not know: it is refused rather than ignored.</exception>
    public void End()
    {
        foreach (var name in _left.Keys)
            throw RefusedException.Bad(_path + name, $"{_path}{name} is not supported by this server; leave it out");
    }

    /// <summary>The text of a string of a field.</summary>
    /// <exception cref="RefusedException">It holds half a surrogate pair.</exception>
    public string String(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw RefusedException.Bad(_path + name, $"{_path}{name} holds half of a surrogate pair, which is no text");
        }
    }

    public RefusedException Wrong(string name, JsonElement seen, string expected) =>
        RefusedException.Bad(_path + name, $"{_path}{name} is {Kind(seen)}; {expected} is expected");

    /// <exception cref="RefusedException">It holds half a surrogate pair.</exception>
    public static string Name(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            throw RefusedException.Bad("the name of a field holds half of a surrogate pair, which is no text");
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number when value.GetRawText() is { Length: <= 40 } text => text,
        JsonValueKind.Number => "a number of many digits",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };
}
