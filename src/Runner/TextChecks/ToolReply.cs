using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads an answer of <c>/v1/chat/completions</c> that may call tools.</summary>
internal static class ToolReply
{
    /// <exception cref="WireException">Its status is not 200, or it is no such answer.</exception>
    public static ToolAnswer Read(TextAnswer answer)
    {
        using var document = answer.Json(WireLimits.Default);
        var choices = StrictJson.Required(document.RootElement, "choices", JsonValueKind.Array, "");
        if (choices.GetArrayLength() != 1)
            throw WireException.Protocol($"choices has {choices.GetArrayLength()} elements; one was asked for.");
        var choice = Object(choices[0], "choices[0]");
        var message = StrictJson.Required(choice, "message", JsonValueKind.Object, "choices[0].");
        var calls = Present(message, "tool_calls") is not { } list ? []
            : list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(Call).ToImmutableArray()
            : throw WireException.Protocol($"tool_calls is of kind {list.ValueKind}; expected Array.");
        return new(Text(choice, "finish_reason"), Text(message, "content"), calls);
    }

    private static ToolCall Call(JsonElement call)
    {
        var function = StrictJson.Required(Object(call, "tool_calls"), "function", JsonValueKind.Object, "tool_calls.");
        return new(
            Text(call, "id"), StrictJson.Text(StrictJson.Required(function, "name", JsonValueKind.String, "function."), "function.name"),
            StrictJson.Text(StrictJson.Required(function, "arguments", JsonValueKind.String, "function."), "function.arguments"));
    }

    private static JsonElement Object(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Object ? value : throw WireException.Protocol($"{path} holds a value of kind {value.ValueKind}; expected Object.");

    private static string? Text(JsonElement parent, string name) => Present(parent, name) is { } value ? StrictJson.Text(value, name) : null;

    /// <summary>null counts as left out, as the OpenAI API has it.</summary>
    private static JsonElement? Present(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
