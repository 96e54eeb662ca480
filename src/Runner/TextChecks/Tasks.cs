using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks a language model to continue held-out text: single tokens, a look at a time until they decide (COR-10, COR-11), and whole answers.</summary>
/// <param name="open">Opens a connection of its own.</param>
/// <param name="tokens">The ids of a text, for servers that give none.</param>
/// <param name="streams">Requests at a time.</param>
internal sealed class Tasks(Func<TextQuestions> open, Func<string, ImmutableArray<int>> tokens, Plan plan, int streams)
{
    private readonly TextGolden _text = plan.Text!;

    /// <returns>One measurement each of COR-10 and COR-11, of the same answers.</returns>
    /// <exception cref="WireException">The server is dead.</exception>
    public async Task<ImmutableArray<Measurement>> MeasureAsync(Clause clause, IBlobs files)
    {
        var (items, answers) = (TaskItems.Of(_text), ImmutableArray<long>.Empty);
        foreach (var look in TaskItems.Looks(clause, items.Length))
        {
            answers = answers.AddRange(await AskAsync(items[answers.Length..look]));
            if (TaskItems.AreEnough(clause, plan, answers, files))
                break;
        }

        var asked = new Series("answers", "id", answers);
        return [new Measurement { Check = "COR-10", Series = [asked, .. Whole()] }, new Measurement { Check = "COR-11", Series = [asked] }];
    }

    private async Task<long[]> AskAsync(ImmutableArray<TaskItem> items)
    {
        var answered = new long[items.Length];
        await Task.WhenAll(Enumerable.Range(0, streams).Select(stream => Task.Factory.StartNew(
            () =>
            {
                using var questions = open();
                for (var at = stream; at < items.Length; at += streams)
                    answered[at] = Ask(questions, _text.Documents[items[at].Document].Tokens[..items[at].Prompt], 1) is [var id] ? id : long.MaxValue;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return answered;
    }

    private IEnumerable<Series> Whole()
    {
        using var questions = open();
        foreach (var answer in _text.Answers)
            yield return new($"length.{answer.Id}", "id", [.. Ask(questions, answer.Prompt, answer.Most).Select(id => (long)id)]);
    }

    /// <summary>The ids of the greedy answer; none if there is no answer.</summary>
    private ImmutableArray<int> Ask(TextQuestions questions, ImmutableArray<int> prompt, int most)
    {
        var body = new JsonObject
        {
            ["prompt"] = new JsonArray([.. prompt.Select(id => (JsonNode)id)]),
            ["max_tokens"] = most,
            ["temperature"] = 0,
            ["seed"] = Fidelity.Seed,
            ["return_token_ids"] = true,
        };
        if (AnswerSheet.TryAsk(questions, TextQuestions.CompletionRoute, body, out _) is not { } reply)
            return [];
        return reply.First.Ids.IsDefault ? tokens(reply.First.Text) : reply.First.Ids;
    }
}
