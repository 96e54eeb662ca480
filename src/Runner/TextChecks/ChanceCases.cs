using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Cases of what is left to chance: seeds, temperature 0, and the penalties on what was said already.</summary>
internal static class ChanceCases
{
    private const string Honoured = "honoured";
    private const int Samples = 3;
    private const int PenaltySamples = 8;

    public static IEnumerable<FidelityCase> All(TextModelView model) =>
    [
        new("seed-same", questions => Alike(
            questions.Complete(Asked.Completion(Asked.Long, temperature: 1, Fidelity.Seed)), questions.Complete(Asked.Completion(Asked.Long, temperature: 1, Fidelity.Seed)))),
        new("seed-same-chat", questions => Alike(
            questions.Converse(Asked.Chat(Asked.Long, temperature: 1, Fidelity.Seed)), questions.Converse(Asked.Chat(Asked.Long, temperature: 1, Fidelity.Seed)))),
        new("seed-other", OtherSeed),
        new("temperature-zero", questions => Alike(
            questions.Complete(Asked.Completion(Asked.Long, temperature: 0, Fidelity.Seed)), questions.Complete(Asked.Completion(Asked.Long, temperature: 0, Fidelity.Seed + 1)))),
        new("temperature-zero-chat", questions => Alike(
            questions.Converse(Asked.Chat(Asked.Long, temperature: 0, Fidelity.Seed)), questions.Converse(Asked.Chat(Asked.Long, temperature: 0, Fidelity.Seed + 1)))),
        new("presence-penalty", questions => Penalised(questions, model, "presence_penalty")),
        new("frequency-penalty", questions => Penalised(questions, model, "frequency_penalty")),
    ];

    private static FidelityOutcome Alike(TextReply one, TextReply other) => FidelityOutcome.Beside(one, first => new(other.Said(seen => seen.Ending), first.Ending));

    /// <summary>Long samples of different seeds: one pair may agree by chance, not all of them.</summary>
    private static FidelityOutcome OtherSeed(TextQuestions questions)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < Samples; at++)
        {
            var reply = questions.Complete(Asked.Completion(Asked.Long, temperature: 1, Fidelity.Seed + at));
            if (reply.Status != 200)
                return new(reply.Said(_ => ""), "different texts");
            texts.Add(reply.First.Text);
        }

        return new(texts.Count > 1 ? "different texts" : $"one text of {Samples} seeds: {texts.First()}", "different texts");
    }

    /// <summary>
    /// A penalty of -2 makes a model say again what it said, one of 2 keeps it from that: the same seeds show more repeats of the first. Either answer may
    /// end early, and a longer one repeats more, so a pair is compared over the tokens that both have.
    /// </summary>
    private static FidelityOutcome Penalised(TextQuestions questions, TextModelView model, string penalty)
    {
        var (liked, shunned) = (0, 0);
        for (var at = 0; at < PenaltySamples; at++)
        {
            var (one, other) = (Ask(questions, penalty, -2, at), Ask(questions, penalty, 2, at));
            if (one.Status != 200 || other.Status != 200)
                return new((one.Status != 200 ? one : other).Said(_ => ""), Honoured, TextReply.Rejected);
            var (likes, shuns) = (model.TokensOf(one.First), model.TokensOf(other.First));
            var both = Math.Min(likes.Length, shuns.Length);
            liked += Repeats(likes, both);
            shunned += Repeats(shuns, both);
        }

        return new(liked > shunned ? Honoured : $"{liked} repeated tokens at -2, and {shunned} at 2", Honoured, TextReply.Rejected);
    }

    private static TextReply Ask(TextQuestions questions, string penalty, int value, int at) =>
        questions.Complete(Asked.Completion(Asked.Long, temperature: 1, Fidelity.Seed + at).And(penalty, (JsonNode)value));

    private static int Repeats(ImmutableArray<int> tokens, int first) => first - tokens.Take(first).Distinct().Count();
}
