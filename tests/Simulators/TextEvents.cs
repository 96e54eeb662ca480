using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Adaptation.Simulators;

/// <summary>Events of a stream of one choice, as objects that can be changed.</summary>
internal static class TextEvents
{
    private static readonly JsonSerializerOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Every event but the end mark.</summary>
    public static async IAsyncEnumerable<JsonObject> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
                yield return JsonNode.Parse(line["data: ".Length..])!.AsObject();
        }
    }

    public static string Written(JsonObject json) => json.ToJsonString(Literal);

    public static JsonObject? Choice(this JsonObject json) => json["choices"] is JsonArray { Count: > 0 } choices ? choices[0]!.AsObject() : null;

    /// <summary>Of a chunk or of an answer in one piece, of either route.</summary>
    public static string Text(this JsonObject choice) => (Holder(choice, out var name)[name] as JsonValue)?.GetValue<string>() ?? "";

    public static void SetText(this JsonObject choice, string text) => Holder(choice, out var name)[name] = text;

    public static int[] Ids(this JsonObject choice) => choice["token_ids"] is JsonArray ids ? [.. ids.Select(id => id!.GetValue<int>())] : [];

    public static void SetIds(this JsonObject choice, IEnumerable<int> ids)
    {
        if (choice.ContainsKey("token_ids"))
            choice["token_ids"] = new JsonArray([.. ids.Select(id => (JsonNode)id)]);
    }

    /// <summary>Sets a count of the usage, if there is one, and the sum with it.</summary>
    public static void SetUsage(this JsonObject json, string name, Func<long, long> change)
    {
        if (json["usage"] is not JsonObject usage)
            return;
        usage[name] = change(usage[name]!.GetValue<long>());
        usage["total_tokens"] = usage["prompt_tokens"]!.GetValue<long>() + usage["completion_tokens"]!.GetValue<long>();
    }

    private static JsonObject Holder(JsonObject choice, out string name)
    {
        name = choice.ContainsKey("text") ? "text" : "content";
        return name == "text" ? choice : (choice["delta"] ?? choice["message"])!.AsObject();
    }
}
