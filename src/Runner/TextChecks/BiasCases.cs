using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Cases of logit_bias: 100 makes a token certain, -100 impossible. A server may refuse it, and may not ignore it.</summary>
internal static class BiasCases
{
    private const int Few = 3;

    public static IEnumerable<FidelityCase> All(TextModelView model) =>
    [
        new("bias-forces", questions => Forced(questions, model)),
        new("bias-bans", questions => Banned(questions, model)),
    ];

    private static FidelityOutcome Forced(TextQuestions questions, TextModelView model)
    {
        ImmutableArray<int> wanted = [.. Enumerable.Repeat(model.Tokenizer.Encode("x", parseSpecial: false)[^1], Few)]; // a letter that no poem goes on with
        var reply = questions.Complete(Asked.Completion(Few).And("logit_bias", Bias(wanted[..1], 100)));
        return new(
            reply.Said(seen => seen.First.Ids.IsDefault ? seen.First.Text : TextFacts.Ids(seen.First.Ids)),
            TextFacts.Ids(wanted), model.Spell(wanted.AsSpan()), TextReply.Rejected);
    }

    private static FidelityOutcome Banned(TextQuestions questions, TextModelView model) => FidelityOutcome.Beside(questions.Complete(Asked.Completion(1)), plain =>
    {
        var likeliest = plain.First.FirstId is { } id ? [id] : SpelledAs(model, plain.First.Text);
        if (likeliest.IsEmpty)
            return new($"neither a token id nor a token's text: {plain.First.Text}", "a token");
        var reply = questions.Complete(Asked.Completion(1).And("logit_bias", Bias(likeliest, -100)));
        return new(
            reply.Said(seen => seen.First.Text != plain.First.Text || seen.First.FirstId is { } other && other != likeliest[0]
                ? "another token" : $"the token {TextFacts.Ids(likeliest)}, which was banned"),
            "another token", TextReply.Rejected);
    });

    /// <summary>All tokens whose text this is: which of them a server that tells no ids generated is not known.</summary>
    private static ImmutableArray<int> SpelledAs(TextModelView model, string text) =>
        [.. Enumerable.Range(0, model.Tokenizer.VocabularySize).Where(id => model.Spell([id]) == text)];

    private static JsonObject Bias(ImmutableArray<int> ids, int amount) =>
        new(ids.Select(id => KeyValuePair.Create(TextFacts.Number(id), (JsonNode?)amount)));
}
