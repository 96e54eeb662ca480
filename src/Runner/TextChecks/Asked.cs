using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Requests that several cases make.</summary>
internal static class Asked
{
    /// <summary>Begins a poem; any model goes on for a while.</summary>
    public const string Beginning = "春眠不覺曉，";

    /// <summary>Most tokens of an answer that must be long enough to tell two apart.</summary>
    public const int Long = 48;

    private const string Theme = "題竹林寺";

    /// <summary>Continues <see cref="Beginning"/>.</summary>
    public static JsonObject Completion(int maxTokens, double temperature = 0, long? seed = null) =>
        With(new() { ["prompt"] = Beginning, ["max_tokens"] = maxTokens, ["temperature"] = temperature, ["return_token_ids"] = true }, seed);

    /// <summary>Asks for a poem.</summary>
    public static JsonObject Chat(int maxTokens, double temperature = 0, long? seed = null) =>
        With(new() { ["messages"] = Messages(Theme), ["max_tokens"] = maxTokens, ["temperature"] = temperature, ["return_token_ids"] = true }, seed);

    public static JsonArray Messages(string content) =>
        new(new JsonObject { ["role"] = "user", ["content"] = content });

    /// <summary>The same request with one member more, or another value of it.</summary>
    public static JsonObject And(this JsonObject body, string name, JsonNode? value)
    {
        body[name] = value;
        return body;
    }

    public static TextReply Complete(this TextQuestions questions, JsonObject body) => questions.Ask(TextQuestions.CompletionRoute, body);

    public static TextReply Converse(this TextQuestions questions, JsonObject body) => questions.Ask(TextQuestions.ChatRoute, body);

    private static JsonObject With(JsonObject body, long? seed) => seed is { } given ? body.And("seed", given) : body;
}
