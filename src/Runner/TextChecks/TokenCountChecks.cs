using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Holds what a server says that it counted against what the runner counts (MET-01, MET-02).</summary>
internal static class TokenCountChecks
{
    private const int PoemTokens = 96; // room for most poems to end by themselves, so that the token that ends a text is counted too
    private const int MostTokens = 24;

    /// <exception cref="WireException">The server is dead.</exception>
    public static Measurement PromptTokens(TextQuestions questions, TextModelView model, long count)
    {
        var maker = new PromptMaker(model, Fidelity.Seed, room: 1);
        var (reported, counted) = (ImmutableArray.CreateBuilder<long>(), ImmutableArray.CreateBuilder<long>());
        for (var number = 0; number < count; number++)
        {
            var prompt = maker.Make(number);
            var reply = TryAsk(questions, prompt.Route, prompt.Body.And("max_tokens", 1));
            reported.Add(Reported(reply, "prompt_tokens"));
            counted.Add(prompt.Tokens);
        }

        return Measured("MET-01", reported.ToImmutable(), counted.ToImmutable());
    }

    /// <exception cref="WireException">The server is dead.</exception>
    public static Measurement CompletionTokens(TextQuestions questions, TextModelView model, long count)
    {
        var maker = new PromptMaker(model, Fidelity.Seed + 1, room: MostTokens);
        var (reported, counted) = (ImmutableArray.CreateBuilder<long>(), ImmutableArray.CreateBuilder<long>());
        var byText = false;
        for (var number = 0; number < count; number++)
        {
            var (route, body) = number % 3 == 0
                ? (TextQuestions.ChatRoute, Asked.Chat(PoemTokens))
                : maker.Make(number) is var made ? (made.Route, made.Body.And("max_tokens", 1 + (number * 7 % MostTokens))) : default;
            body.And("temperature", 1).And("seed", Fidelity.Seed + number).And("n", number % 5 == 0 ? 2 : 1).And("return_token_ids", true);
            var reply = TryAsk(questions, route, body);
            reported.Add(Reported(reply, "completion_tokens"));
            byText |= reply is not null && reply.Choices.Any(choice => choice.Ids.IsDefault);
            counted.Add(reply?.Choices.Sum(choice => choice.Ids.IsDefault ? model.Tokenizer.Encode(choice.Text, parseSpecial: false).Length : choice.Ids.Length) ?? 0);
        }

        var measured = Measured("MET-02", reported.ToImmutable(), counted.ToImmutable());
        return measured with { Facts = measured.Facts.Add("counted_by", byText ? "text" : "ids") };
    }

    /// <returns>Null if the answer is none of this protocol.</returns>
    internal static TextReply? TryAsk(TextQuestions questions, string route, System.Text.Json.Nodes.JsonObject body)
    {
        try
        {
            return questions.Ask(route, body);
        }
        catch (WireException wrong) when (TextQuestions.IsAnswer(wrong))
        {
            return null;
        }
    }

    /// <summary>A count of an answer's usage; <see cref="long.MaxValue"/> where there is none.</summary>
    internal static long Reported(TextReply? reply, string name) => reply?.Usage is { } usage ? UsageTally.Number(usage, name) : long.MaxValue;

    private static Measurement Measured(string check, ImmutableArray<long> reported, ImmutableArray<long> counted) => new()
    {
        Check = check,
        Series = [new("reported", "count", reported), new("counted", "count", counted)],
        Facts = ImmutableSortedDictionary<string, string>.Empty.Add("seed", TextFacts.Number(Fidelity.Seed)),
    };
}
