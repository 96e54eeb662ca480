using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Reads JSON from a server: no duplicate keys, no comments, nothing behind the value, no type but the one expected.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <exception cref="WireException">It is not a JSON object, or exceeds <see cref="WireLimits.JsonBytes"/>.</exception>
    public static JsonDocument Object(ReadOnlyMemory<byte> json, WireLimits limits)
    {
        if (json.Length > limits.JsonBytes)
            throw WireException.Protocol($"The answer has {json.Length} bytes of JSON; the limit is {limits.JsonBytes}.");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Options);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException) // the latter: a key that is not UTF-8
        {
            throw WireException.Protocol($"The answer is not JSON ({Clip.Text(wrong.Message)}): '{Clip.Text(json.Span)}'.", wrong);
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        var kind = document.RootElement.ValueKind;
        document.Dispose();
        throw WireException.Protocol($"The answer is JSON of kind {kind}; expected an object.");
    }

    /// <returns>The member, or null if there is none of that name.</returns>
    public static JsonElement? Optional(JsonElement parent, string name, JsonValueKind kind, string path)
    {
        if (!parent.TryGetProperty(name, out var value))
            return null;
        return value.ValueKind == kind
            ? value
            : throw WireException.Protocol($"{path}{name} is of kind {value.ValueKind}; expected {kind}.");
    }

    public static JsonElement Required(JsonElement parent, string name, JsonValueKind kind, string path) =>
        Optional(parent, name, kind, path) ?? throw WireException.Protocol($"{path}{name} is missing; expected {kind}.");

    public static string Text(JsonElement value, string path)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw WireException.Protocol($"{path} is of kind {value.ValueKind}; expected String.");
        }
        catch (InvalidOperationException wrong)
        {
            throw WireException.Protocol($"{path} is not valid Unicode.", wrong);
        }
    }

    public static long Integer(JsonElement value, long least, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= least
            ? number
            : throw WireException.Protocol($"{path} is {Clip.Text(value.GetRawText())}; expected an integer of {least} or more.");
}
