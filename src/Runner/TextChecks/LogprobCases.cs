using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Cases of log probabilities: as many as tokens, none above 0, and of a greedy answer the greatest one for the token that was chosen.</summary>
internal static class LogprobCases
{
    private const string Consistent = "consistent";
    private const int Tokens = 8;
    private const int Alternatives = 3;
    private const double Slack = 1e-3; // of what is computed in float32 and written in decimal

    public static IEnumerable<FidelityCase> All() =>
    [
        new("logprobs", questions => new(
            questions.Complete(Asked.Completion(Tokens).And("logprobs", Alternatives)).Said(reply => Completion(reply.First)), Consistent, TextReply.Rejected)),
        new("logprobs-chat", questions => new(
            questions.Converse(Asked.Chat(Tokens).And("logprobs", true).And("top_logprobs", Alternatives)).Said(reply => Chat(reply.First)), Consistent, TextReply.Rejected)),
    ];

    private static string Completion(TextChoice choice)
    {
        if (choice.Logprobs.ValueKind != JsonValueKind.Object)
            return "no logprobs";
        var tokens = StrictJson.Required(choice.Logprobs, "tokens", JsonValueKind.Array, "logprobs.");
        var chosen = StrictJson.Required(choice.Logprobs, "token_logprobs", JsonValueKind.Array, "logprobs.");
        var top = StrictJson.Required(choice.Logprobs, "top_logprobs", JsonValueKind.Array, "logprobs.");
        if (chosen.GetArrayLength() != tokens.GetArrayLength() || top.GetArrayLength() != tokens.GetArrayLength())
            return $"{tokens.GetArrayLength()} tokens, {chosen.GetArrayLength()} logprobs and {top.GetArrayLength()} lists of alternatives";
        return Judge(choice, [.. Enumerable.Range(0, tokens.GetArrayLength()).Select(at => new Place(
            StrictJson.Text(tokens[at], "logprobs.tokens"), Number(chosen[at]),
            top[at].ValueKind != JsonValueKind.Object ? [] : [.. top[at].EnumerateObject().Select(entry => (Name(entry), Number(entry.Value)))]))]);
    }

    private static string Chat(TextChoice choice)
    {
        if (choice.Logprobs.ValueKind != JsonValueKind.Object)
            return "no logprobs";
        var content = StrictJson.Required(choice.Logprobs, "content", JsonValueKind.Array, "logprobs.");
        return Judge(choice, [.. content.EnumerateArray().Select(entry => new Place(
            Spelling(entry), Number(StrictJson.Required(entry, "logprob", JsonValueKind.Number, "logprobs.content.")),
            [.. StrictJson.Required(entry, "top_logprobs", JsonValueKind.Array, "logprobs.content.").EnumerateArray().Select(top =>
                (Spelling(top), Number(StrictJson.Required(top, "logprob", JsonValueKind.Number, "logprobs.content.top_logprobs."))))]))]);
    }

    private static string Judge(TextChoice choice, ImmutableArray<Place> places)
    {
        if (!choice.Ids.IsDefault && choice.Ids.Length != places.Length || places.IsEmpty)
            return $"logprobs of {places.Length} tokens beside {(choice.Ids.IsDefault ? 0 : choice.Ids.Length)} token ids";
        foreach (var (place, at) in places.Select((place, at) => (place, at)))
        {
            var wrong = place.Top.IsEmpty ? "no alternatives"
                : !(place.Chosen <= 0) || place.Top.Any(top => !(top.Logprob <= 0)) ? "a log probability that is above 0, or none"
                : place.Top.Max(top => top.Logprob) > place.Chosen + Slack ? "an alternative that is likelier than the greedy choice"
                : !place.Top.Any(top => top.Token == place.Token) ? "the greedy choice is not among the likeliest"
                : place.Top.Sum(top => Math.Exp(top.Logprob)) > 1 + Slack ? "probabilities of more than 1 together"
                : null;
            if (wrong is not null)
                return $"token {at + 1}: {wrong}";
        }

        return Consistent;
    }

    /// <summary>NaN for what is no number.</summary>
    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : double.NaN;

    private static string Spelling(JsonElement entry) => entry.ValueKind == JsonValueKind.Object
        ? StrictJson.Text(StrictJson.Required(entry, "token", JsonValueKind.String, "logprobs.content."), "token")
        : throw WireException.Protocol($"An entry of logprobs is of kind {entry.ValueKind}; expected Object.");

    private static string Name(JsonProperty entry)
    {
        try
        {
            return entry.Name;
        }
        catch (InvalidOperationException broken)
        {
            throw WireException.Protocol("A key of top_logprobs is not valid Unicode.", broken);
        }
    }

    /// <param name="Chosen">Log probability of <paramref name="Token"/>.</param>
    private sealed record Place(string Token, double Chosen, ImmutableArray<(string Token, double Logprob)> Top);
}
