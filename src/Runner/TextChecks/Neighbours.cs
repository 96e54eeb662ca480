using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks for greedy answers alone, then beside prompts of other lengths: as one batch, and as requests at the same time (COR-13).</summary>
/// <param name="open">Opens a connection of its own.</param>
/// <param name="documents">Token ids; targets and neighbours are their beginnings.</param>
internal sealed class Neighbours(Func<TextQuestions> open, ImmutableArray<ImmutableArray<int>> documents, int targets, int tokens)
{
    /// <summary>Requests at a time, at most: a server of more streams is tried with these.</summary>
    public const int Most = 64;

    private const int Shortest = 5;
    private const int Spread = 7; // tokens from one target's length to the next

    /// <param name="sizes">Prompts computed together, each 2 or more.</param>
    /// <exception cref="WireException">The server is dead.</exception>
    public async Task<Measurement> MeasureAsync(ImmutableArray<int> sizes)
    {
        var sheet = new AnswerSheet();
        sheet.Fact("sizes", string.Join(' ', sizes.Select(size => TextFacts.Number(size))));
        using (var questions = open())
        {
            for (var target = 0; target < targets; target++)
                sheet.Ask(questions, $"alone.{Name(target)}", TextQuestions.CompletionRoute, Body(Prompt(target)));
        }

        foreach (var size in sizes)
        {
            for (var first = 0; first < targets; first += size)
            {
                // the targets from this one on, then as many neighbours as it takes
                ImmutableArray<int> all = [.. Enumerable.Range(first, Math.Min(size, targets - first)), .. Enumerable.Range(targets + first, Math.Max(0, size - (targets - first)))];
                Batch(sheet, all);
                await TogetherAsync(sheet, all);
            }
        }

        return sheet.Measured("COR-13");
    }

    private void Batch(AnswerSheet sheet, ImmutableArray<int> all)
    {
        using var questions = open();
        var way = $"batch-{TextFacts.Number(all.Length)}";
        var reply = AnswerSheet.TryAsk(questions, TextQuestions.CompletionRoute, Body(new([.. all.Select(Prompt)])), out var why);
        if (why == TextReply.Rejected)
        {
            sheet.Fact($"refused.{way}", why);
            return;
        }

        foreach (var (number, at) in all.Select((number, at) => (number, at)).Where(pair => pair.number < targets))
        {
            if (reply?.Choices.FirstOrDefault(choice => choice.Index == at) is { } choice)
                sheet.Keep($"{way}.{Name(number)}", choice);
            else
                sheet.Failed($"{way}.{Name(number)}", reply is null ? why : $"no choice of index {TextFacts.Number(at)}");
        }
    }

    private async Task TogetherAsync(AnswerSheet sheet, ImmutableArray<int> all)
    {
        using var ready = new Barrier(all.Length);
        await Task.WhenAll(all.Select(number => Task.Factory.StartNew(
            () =>
            {
                using var questions = open();
                ready.SignalAndWait();
                var name = number < targets ? Name(number) : null;
                if (name is null)
                    AnswerSheet.TryAsk(questions, TextQuestions.CompletionRoute, Body(Prompt(number)), out _);
                else
                    sheet.Ask(questions, $"together-{TextFacts.Number(all.Length)}.{name}", TextQuestions.CompletionRoute, Body(Prompt(number)));
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    /// <summary>A beginning of a document; no two of the first documents are of one length.</summary>
    private JsonArray Prompt(int number)
    {
        var document = documents[number % documents.Length];
        var length = Math.Min(document.Length, Shortest + (number % targets * Spread) + (number / targets % Spread));
        return new([.. document.Take(length).Select(id => (JsonNode)id)]);
    }

    private JsonObject Body(JsonArray prompt) => new()
    {
        ["prompt"] = prompt,
        ["max_tokens"] = tokens,
        ["temperature"] = 0,
        ["seed"] = Fidelity.Seed,
        ["return_token_ids"] = true,
    };

    private static string Name(int target) => $"t{TextFacts.Number(target + 1)}";
}
