using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Cases of requests that no server can carry out as they are written: each must be refused, and none answered as if it said something else.</summary>
internal static class RefusalCases
{
    private static readonly ImmutableArray<(string Name, string Parameter, string Value)> Wrong =
    [
        ("unknown-parameter", "adaptation_no_such_parameter", "1"),
        ("max-tokens-text", "max_tokens", "\"ten\""),
        ("max-tokens-negative", "max_tokens", "-5"),
        ("temperature-text", "temperature", "\"hot\""),
        ("temperature-negative", "temperature", "-1"),
        ("top-p-above-one", "top_p", "1.5"),
        ("stop-number", "stop", "7"),
        ("seed-text", "seed", "\"a\""),
        ("stream-text", "stream", "\"perhaps\""),
        ("other-model", "model", "\"adaptation-no-such-model\""),
    ];

    public static IEnumerable<FidelityCase> All() =>
    [
        .. Wrong.SelectMany(wrong => (FidelityCase[])
        [
            new(wrong.Name, questions => Refused(questions.Complete(Asked.Completion(1).And(wrong.Parameter, JsonNode.Parse(wrong.Value))))),
            new($"{wrong.Name}-chat", questions => Refused(questions.Converse(Asked.Chat(1).And(wrong.Parameter, JsonNode.Parse(wrong.Value))))),
        ]),
        new("prompt-object", questions => Refused(questions.Complete(Asked.Completion(1).And("prompt", new JsonObject())))),
        new("messages-text", questions => Refused(questions.Converse(Asked.Chat(1).And("messages", "a")))),
        new("messages-none", questions => Refused(questions.Converse(Asked.Chat(1).And("messages", new JsonArray())))),
    ];

    private static FidelityOutcome Refused(TextReply reply) => new(reply.Said(_ => "answered with status 200"), TextReply.Rejected);
}
