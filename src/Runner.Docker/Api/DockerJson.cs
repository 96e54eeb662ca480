using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Adaptation.Runner.Docker;

/// <summary>Metadata for the one type that is deserialised, made at compile time so that the program can be trimmed.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class DockerJson : JsonSerializerContext;

/// <summary>Reads what is there; a field that is absent, null or of another kind is null, never an exception.</summary>
internal static class JsonReading
{
    public static JsonElement? At(this JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return null;
        }

        return element.ValueKind == JsonValueKind.Null ? null : element;
    }

    public static string? Text(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static long? Number(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static bool Flag(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.True };

    public static ImmutableArray<JsonElement> Items(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Array } value ? [.. value.EnumerateArray()] : [];

    /// <summary>Names of an object's members, in ordinal order.</summary>
    public static ImmutableArray<string> Keys(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Object } value ? [.. value.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal)] : [];

    public static ImmutableArray<string> Texts(this JsonElement element, params ReadOnlySpan<string> path) =>
        [.. element.Items(path).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];
}
