using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Cases of logit_bias: 100 makes a token certain, -100 impossible. A server may refuse it, and may not ignore it.</summary>
internal static class BiasCases
{
    private const int Few = 3;

    public static IEnumerable<FidelityCase> All(TextModelView model) =>
    [
        new("bias-forces", questions => Forced(questions, model)),
        new("bias-bans", Banned),
    ];

    private static FidelityOutcome Forced(TextQuestions questions, TextModelView model)
    {
        var wanted = model.Tokenizer.Encode("x", parseSpecial: false)[^1]; // a letter that no poem goes on with
        var reply = questions.Complete(Asked.Completion(Few).And("logit_bias", Bias(wanted, 100)));
        return new(
            reply.Said(seen => TextFacts.Ids(seen.First.Ids)), TextFacts.Ids([.. Enumerable.Repeat(wanted, Few)]), TextReply.Rejected);
    }

    private static FidelityOutcome Banned(TextQuestions questions) => FidelityOutcome.Beside(questions.Complete(Asked.Completion(1)), plain =>
    {
        if (plain.First.Ids is not [var likeliest, ..])
            return new("no token ids", "token ids");
        var reply = questions.Complete(Asked.Completion(1).And("logit_bias", Bias(likeliest, -100)));
        return new(
            reply.Said(seen => seen.First.Ids is [var id, ..] && id != likeliest ? "another token" : $"the token {TextFacts.Ids(seen.First.Ids)}, which was banned"),
            "another token", TextReply.Rejected);
    });

    private static JsonObject Bias(int id, int amount) => new() { [TextFacts.Number(id)] = amount };
}
