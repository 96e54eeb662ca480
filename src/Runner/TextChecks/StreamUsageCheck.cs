using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Looks at usage in streams, asked for and not, beside the same request answered in one piece (MET-03).</summary>
internal static class StreamUsageCheck
{
    private const int MostTokens = 32;

    /// <exception cref="WireException">The server is dead.</exception>
    public static Measurement Measure(TextQuestions questions, long count)
    {
        var (on, off, plain) = (new List<StreamReply?>(), new List<StreamReply?>(), new List<long>());
        for (var number = 0; number < count; number++)
        {
            var (route, body) = number % 2 == 0
                ? (TextQuestions.CompletionRoute, Asked.Completion(MostTokens - number % 8, temperature: 1, Fidelity.Seed + number))
                : (TextQuestions.ChatRoute, Asked.Chat(MostTokens - number % 8, temperature: 1, Fidelity.Seed + number));
            plain.Add(TokenCountChecks.Reported(TokenCountChecks.TryAsk(questions, route, body), "total_tokens"));
            on.Add(TryStream(questions, route, body, includeUsage: true));
            off.Add(TryStream(questions, route, body, includeUsage: number / 2 % 2 == 0 ? null : false));
        }

        return new Measurement
        {
            Check = "MET-03",
            Series =
            [
                Each("on.usage_chunks", on, reply => reply.UsageChunks), Each("on.events_after", on, reply => reply.EventsAfter),
                Each("on.choices", on, reply => reply.UsageChoices),
                Each("on.total_tokens", on, reply => reply.Usage is { } usage ? UsageTally.Number(usage, "total_tokens") : long.MaxValue),
                new("plain.total_tokens", "count", [.. plain]), Each("off.usage_chunks", off, reply => reply.UsageChunks),
            ],
            Facts = ImmutableSortedDictionary<string, string>.Empty.Add("seed", TextFacts.Number(Fidelity.Seed)),
        };
    }

    /// <summary>A stream that was refused, or is none, has no number of anything.</summary>
    private static Series Each(string name, List<StreamReply?> replies, Func<StreamReply, long> look) =>
        new(name, "count", [.. replies.Select(reply => reply is { Status: 200 } stream ? look(stream) : long.MaxValue)]);

    private static StreamReply? TryStream(TextQuestions questions, string route, JsonObject body, bool? includeUsage)
    {
        try
        {
            return questions.Stream(route, body, includeUsage);
        }
        catch (WireException wrong) when (TextQuestions.IsAnswer(wrong))
        {
            return null;
        }
    }
}
