using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Cases of streams: they say what the same request says in one piece.</summary>
internal static class StreamCases
{
    public static IEnumerable<FidelityCase> All() =>
    [
        new("stream", questions => Same(questions, TextQuestions.CompletionRoute, Asked.Completion(Asked.Long))),
        new("stream-chat", questions => Same(questions, TextQuestions.ChatRoute, Asked.Chat(Asked.Long))),
        new("stream-seeded", questions => Same(questions, TextQuestions.CompletionRoute, Asked.Completion(Asked.Long, temperature: 1, Fidelity.Seed))),
        new("stream-stop", Stopped),
    ];

    private static FidelityOutcome Same(TextQuestions questions, string route, JsonObject body) => FidelityOutcome.Beside(
        questions.Ask(route, body), whole => new(Said(questions.Stream(route, body, includeUsage: null)), whole.Ending));

    private static FidelityOutcome Stopped(TextQuestions questions)
    {
        var basis = questions.Complete(Asked.Completion(Asked.Long));
        var body = Asked.Completion(Asked.Long).And("stop", basis.Status == 200 ? LimitCases.StopOf(basis.First.Text) : null);
        return Same(questions, TextQuestions.CompletionRoute, body);
    }

    private static string Said(StreamReply reply) => reply.Status == 200 ? reply.Ending : $"status {TextFacts.Number(reply.Status)}";
}
