using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Cases of where an answer ends and what belongs to it: stop strings, greatest lengths, the prompt's echo, several choices.</summary>
internal static class LimitCases
{
    private const int Few = 5;

    public static IEnumerable<FidelityCase> All(TextModelView model) =>
    [
        new("stop", questions => Stopped(questions.Complete(Asked.Completion(Asked.Long)), stop => questions.Complete(Asked.Completion(Asked.Long).And("stop", stop)))),
        new("stop-first-of-two", questions => Stopped(
            questions.Complete(Asked.Completion(Asked.Long)),
            stop => questions.Complete(Asked.Completion(Asked.Long).And("stop", new JsonArray("\u0001never\u0001", stop))))),
        new("stop-chat", questions => Stopped(questions.Converse(Asked.Chat(Asked.Long)), stop => questions.Converse(Asked.Chat(Asked.Long).And("stop", stop)))),
        new("max-tokens", questions => Limited(questions.Complete(Asked.Completion(Asked.Long)), questions.Complete(Asked.Completion(Few)), Few)),
        new("max-tokens-chat", questions => Limited(questions.Converse(Asked.Chat(Asked.Long)), questions.Converse(Asked.Chat(Few)), Few)),
        new("max-tokens-one", questions => Limited(questions.Complete(Asked.Completion(Asked.Long)), questions.Complete(Asked.Completion(1)), 1)),
        new("ids-spell-text", questions => FidelityOutcome.Beside(questions.Complete(Asked.Completion(Asked.Long)), whole => Spelled(model, whole.First))),
        new("echo", Echoed),
        new("choices", questions => Choices(questions.Complete(Asked.Completion(Few, temperature: 1, Fidelity.Seed).And("n", 2)))),
        new("choices-chat", questions => Choices(questions.Converse(Asked.Chat(Few, temperature: 1, Fidelity.Seed).And("n", 2)))),
    ];

    /// <summary>A stop string that the server's own answer holds must end it there, and must not be told.</summary>
    private static FidelityOutcome Stopped(TextReply basis, Func<string, TextReply> ask) => FidelityOutcome.Beside(basis, whole =>
    {
        var text = whole.First.Text;
        return StopOf(text) is { } stop
            ? new(ask(stop).Said(seen => seen.Ending), $"stop: {text[..text.IndexOf(stop, StringComparison.Ordinal)]}")
            : new($"an answer without two different characters: {text}", "an answer that can be stopped within");
    });

    /// <summary>A character about the middle of a text that is not the first one's like; null if there is none.</summary>
    internal static string? StopOf(string text)
    {
        var runes = text.EnumerateRunes().ToList();
        return runes.Skip(runes.Count / 2).Concat(runes).Where(rune => rune != runes[0] && rune != Rune.ReplacementChar).Select(rune => rune.ToString()).FirstOrDefault();
    }

    /// <summary>A shorter greedy answer is the beginning of a longer one, and says that its length ended it.</summary>
    private static FidelityOutcome Limited(TextReply longer, TextReply shorter, int most) => FidelityOutcome.Beside(longer, whole =>
    {
        var (ids, finish) = (whole.First.Ids, whole.First.Finish);
        if (ids.IsDefault)
            return Begun(whole.First, shorter);
        var expected = ids.Length > most ? $"length: {TextFacts.Ids(ids[..most])}" : $"{finish}: {TextFacts.Ids(ids)}";
        return new(shorter.Said(seen => $"{seen.First.Finish}: {TextFacts.Ids(seen.First.Ids)}"), expected);
    });

    /// <summary>The same by the text alone; a character cut in two stands as a replacement character at its end.</summary>
    private static FidelityOutcome Begun(TextChoice whole, TextReply shorter) => new(
        shorter.Said(seen => $"{seen.First.Finish}: {(IsBeginning(seen.First.Text, whole.Text) ? "the beginning" : seen.First.Text)}"),
        "length: the beginning", $"{whole.Finish}: the beginning");

    private static bool IsBeginning(string text, string whole) =>
        text.Length < whole.Length && whole.StartsWith(text.TrimEnd((char)Rune.ReplacementChar.Value), StringComparison.Ordinal);

    /// <summary>The token that ends an answer is among its ids, and not in its text. Ids that a server does not tell spell nothing wrong.</summary>
    private static FidelityOutcome Spelled(TextModelView model, TextChoice choice) => choice.Ids.IsDefault
        ? new(TextFacts.Ids(default), TextFacts.Ids(default))
        : choice.Ids is { IsEmpty: false } ids ? new(choice.Text, model.Spell(ids.AsSpan()), model.Spell(ids.AsSpan()[..^1])) : new("no token", "a token");

    private static FidelityOutcome Echoed(TextQuestions questions)
    {
        var echoed = questions.Complete(Asked.Completion(Few).And("echo", true));
        return FidelityOutcome.Beside(
            questions.Complete(Asked.Completion(Few)), plain => new(echoed.Said(seen => seen.First.Text), Asked.Beginning + plain.First.Text, TextReply.Rejected));
    }

    private static FidelityOutcome Choices(TextReply reply) => new(
        reply.Said(seen => string.Join(' ', seen.Choices.Select(choice => choice.Index).Order().Select(index => index.ToString(CultureInfo.InvariantCulture)))),
        "0 1", TextReply.Rejected);
}
