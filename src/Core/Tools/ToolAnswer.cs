using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>What a server answered to an item of a tool pack, as it said it.</summary>
/// <param name="Finish">Why it ended; null if it says nothing.</param>
/// <param name="Content">Null if there is none.</param>
public sealed record ToolAnswer(string? Finish, string? Content, ImmutableArray<ToolCall> Calls)
{
    // what a fact of one answer costs when it is written into the evidence must stay small, whatever a server sends
    private static readonly JsonWriterOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As one JSON object, which the evidence keeps.</summary>
    public string ToJson()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Literal))
        {
            json.WriteStartObject();
            json.WriteString("finish_reason", Finish);
            json.WriteString("content", Content);
            json.WriteStartArray("tool_calls");
            foreach (var call in Calls)
            {
                json.WriteStartObject();
                json.WriteString("id", call.Id);
                json.WriteString("name", call.Name);
                json.WriteString("arguments", call.Arguments);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <returns>Null if it is not what <see cref="ToJson"/> writes.</returns>
    internal static ToolAnswer? TryRead(string json)
    {
        if (JsonText.TryParse(json, out _) is not { ValueKind: JsonValueKind.Object } answer || answer.GetPropertyCount() != 3
            || !TryText(answer, "finish_reason", out var finish) || !TryText(answer, "content", out var content)
            || !answer.TryGetProperty("tool_calls", out var list) || list.ValueKind != JsonValueKind.Array)
            return null;
        var calls = ImmutableArray.CreateBuilder<ToolCall>();
        foreach (var call in list.EnumerateArray())
        {
            if (call.ValueKind != JsonValueKind.Object || call.GetPropertyCount() != 3
                || !TryText(call, "id", out var id) || !TryText(call, "name", out var name) || !TryText(call, "arguments", out var arguments) || name is null || arguments is null)
                return null;
            calls.Add(new(id, name, arguments));
        }

        return new(finish, content, calls.ToImmutable());
    }

    private static bool TryText(JsonElement value, string name, out string? text)
    {
        var isThere = value.TryGetProperty(name, out var found) && found.ValueKind is JsonValueKind.String or JsonValueKind.Null;
        text = isThere ? found.GetString() : null;
        return isThere;
    }
}

/// <param name="Id">Null if the server gives none.</param>
/// <param name="Arguments">The text that stands for the arguments, whatever it is.</param>
public sealed record ToolCall(string? Id, string Name, string Arguments);
