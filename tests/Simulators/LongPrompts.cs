using System.Text.Json.Nodes;

namespace Adaptation.Simulators;

/// <summary>What a server reads that has no room for long prompts and does not say so: their end.</summary>
internal static class LongPrompts
{
    private const int Longest = 96;
    private const int Left = 64;

    /// <returns>Null where nothing is cut.</returns>
    public static JsonNode? Cut(JsonNode? prompt) => prompt switch
    {
        JsonArray { Count: > Longest } ids when ids.All(id => id is JsonValue value && value.TryGetValue<int>(out _)) => new JsonArray([.. ids.Skip(ids.Count - Left).Select(id => id!.DeepClone())]),
        JsonValue value when value.TryGetValue<string>(out var text) && text.EnumerateRunes().ToArray() is { Length: > Longest } runes => JsonValue.Create(string.Concat(runes[^Left..])),
        _ => null,
    };
}
