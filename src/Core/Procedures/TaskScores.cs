using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>One item: what the exact reference and the backend made of it.</summary>
internal readonly record struct TaskScore(bool ReferenceRight, bool CandidateRight, bool Same);

/// <summary>Answers to the items of <see cref="TaskItems"/> beside the exact reference's own, which are the likeliest tokens of its logits.</summary>
internal sealed record TaskScores(ImmutableArray<TaskScore> Items)
{
    public static TaskScores? TryRead(Plan plan, ImmutableArray<long> answers, IBlobs files, out string problem)
    {
        if (plan.Text is not { } text || LogitPair.Unfit(text) is not null)
        {
            problem = plan.Text is null ? "the plan has no golden documents" : LogitPair.Unfit(plan.Text)!;
            return null;
        }

        var items = TaskItems.Of(text);
        problem = answers.Length > items.Length ? $"{answers.Length} answers to {items.Length} items" : "";
        var likeliest = new int[text.Documents.Length][];
        foreach (var number in items.Take(answers.Length).Select(item => item.Document).Distinct())
        {
            if (problem.Length > 0 || (likeliest[number] = TryLikeliest(text.Documents[number], text.VocabularySize, files, out problem)!) is null)
                return null;
        }

        return problem.Length > 0 ? null : new([.. answers.Select((answer, at) => Score(text, items[at], likeliest[items[at].Document], answer))]);
    }

    public Paired Of(int items)
    {
        var first = Items.AsSpan()[..items];
        var (right, candidate, losses, gains, other) = (0, 0, 0, 0, 0);
        foreach (var item in first)
        {
            right += item.ReferenceRight ? 1 : 0;
            candidate += item.CandidateRight ? 1 : 0;
            losses += item is { ReferenceRight: true, CandidateRight: false } ? 1 : 0;
            gains += item is { ReferenceRight: false, CandidateRight: true } ? 1 : 0;
            other += item.Same ? 0 : 1;
        }

        return new(items, right, candidate, losses, gains, other);
    }

    private static TaskScore Score(TextGolden text, TaskItem item, int[] likeliest, long answer)
    {
        var (truth, reference) = (text.Documents[item.Document].Tokens[item.Prompt], likeliest[item.Prompt - 1]);
        return new(reference == truth, answer == truth, answer == reference);
    }

    private static int[]? TryLikeliest(GoldenDocument document, int vocabulary, IBlobs files, out string problem)
    {
        var bytes = GoldenTensor.Bytes([document.Tokens.Length, vocabulary]);
        if (bytes > Array.MaxLength)
        {
            problem = $"the logits of {document.Id} are too large";
            return null;
        }

        problem = GoldenTensor.TryRead(new GoldenLine(document.Id, document.Logits, [], ""), (int)bytes, files, out var logits) ?? "";
        if (problem.Length > 0)
            return null;
        var likeliest = new int[document.Tokens.Length];
        for (var at = 0; at < likeliest.Length; at++)
        {
            var row = logits.Span.Slice(at * vocabulary * sizeof(float), vocabulary * sizeof(float));
            for (var id = 1; id < vocabulary; id++)
            {
                if (BinaryPrimitives.ReadSingleLittleEndian(row[(id * sizeof(float))..]) > BinaryPrimitives.ReadSingleLittleEndian(row[(likeliest[at] * sizeof(float))..]))
                    likeliest[at] = id;
            }
        }

        return likeliest;
    }
}

/// <param name="Right">Items that the reference gets right.</param>
/// <param name="Candidate">Items that the backend gets right.</param>
/// <param name="Losses">Of those that the reference gets right, wrong.</param>
/// <param name="Gains">Of those that the reference gets wrong, right.</param>
/// <param name="Other">Answers that are not the reference's, right or wrong.</param>
internal sealed record Paired(int Items, int Right, int Candidate, int Losses, int Gains, int Other);
