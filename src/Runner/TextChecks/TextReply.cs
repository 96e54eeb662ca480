using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>One of the answers to a request.</summary>
/// <param name="Finish">As the server spells it; empty if it says none.</param>
/// <param name="Ids">Default if the server gives none.</param>
/// <param name="Logprobs">Of kind Undefined or Null if the server gives none.</param>
internal sealed record TextChoice(long Index, string Text, string Finish, ImmutableArray<int> Ids, JsonElement Logprobs)
{
    /// <summary>Null if the server tells no ids, or generated nothing.</summary>
    public int? FirstId => Ids.IsDefaultOrEmpty ? null : Ids[0];
}

/// <summary>What a server said to a request of either text route.</summary>
/// <param name="Choices">Empty unless the status is 200, when there is one at least.</param>
/// <param name="PromptIds">Default if the server gives none.</param>
internal sealed record TextReply(int Status, ImmutableArray<TextChoice> Choices, ImmutableArray<int> PromptIds, JsonElement? Usage)
{
    /// <summary>How a refused request is written down.</summary>
    public const string Rejected = "rejected";

    public TextChoice First => Choices[0];

    /// <summary>Why the first choice ended, and its text.</summary>
    public string Ending => $"{First.Finish}: {First.Text}";

    /// <exception cref="WireException">It is no such answer.</exception>
    public static TextReply Read(TextAnswer answer)
    {
        if (answer.Status != 200)
            return new(answer.Status, [], default, null);
        using var document = answer.Json(WireLimits.Default);
        var root = document.RootElement;
        var choices = StrictJson.Required(root, "choices", JsonValueKind.Array, "");
        if (choices.GetArrayLength() == 0)
            throw WireException.Protocol("choices is empty; one is expected at least.");
        return new(
            200, [.. choices.EnumerateArray().Select(ReadChoice)], ReadIds(root.TryGetProperty("prompt_token_ids", out _) ? root : choices[0], "prompt_token_ids"),
            UsageTally.Of(root)?.Clone());
    }

    /// <summary>What is to be looked at of an answer, or that there was none: a status that refuses the request, or any other one.</summary>
    public string Said(Func<TextReply, string> look) => Status switch
    {
        200 => look(this),
        400 or 404 or 422 => Rejected, // as OpenAI's API has it: a parameter, an unknown model, and what FastAPI says of a wrong type
        _ => $"status {TextFacts.Number(Status)}",
    };

    /// <summary>Token ids of an answer; default if it has none of that name.</summary>
    public static ImmutableArray<int> ReadIds(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var ids) || ids.ValueKind == JsonValueKind.Null)
            return default;
        return ids.ValueKind == JsonValueKind.Array
            ? [.. ids.EnumerateArray().Select(id => (int)Math.Min(int.MaxValue, StrictJson.Integer(id, 0, name)))]
            : throw WireException.Protocol($"{name} is of kind {ids.ValueKind}; expected Array.");
    }

    private static TextChoice ReadChoice(JsonElement choice)
    {
        if (choice.ValueKind != JsonValueKind.Object)
            throw WireException.Protocol($"A choice is of kind {choice.ValueKind}; expected Object.");
        var text = choice.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object
            ? StrictJson.Required(message, "content", JsonValueKind.String, "message.")
            : StrictJson.Required(choice, "text", JsonValueKind.String, "");
        return new(
            choice.TryGetProperty("index", out var index) ? StrictJson.Integer(index, 0, "index") : long.MaxValue, StrictJson.Text(text, "text"),
            choice.TryGetProperty("finish_reason", out var finish) && finish.ValueKind != JsonValueKind.Null ? StrictJson.Text(finish, "finish_reason") : "",
            ReadIds(choice, "token_ids"), choice.TryGetProperty("logprobs", out var logprobs) ? logprobs.Clone() : default);
    }
}
