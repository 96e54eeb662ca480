using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Adaptation.Core;

/// <summary>One item of the task of continuing held-out text: which token comes next.</summary>
/// <param name="Document">Place among the plan's golden documents.</param>
/// <param name="Prompt">Tokens of the document that are given; the one after them is the right answer.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TaskItem(int Document, int Prompt);

/// <summary>The items of COR-10 and COR-11, in the order in which they are asked: drawn without looking, the same for everyone.</summary>
public static class TaskItems
{
    private const int Shortest = 4;
    private const ulong Seed = 20_261_122;

    /// <summary>Every place of every golden document but the one that COR-14 draws after, which is the beginning of another.</summary>
    public static ImmutableArray<TaskItem> Of(TextGolden text)
    {
        TaskItem[] items =
        [
            .. text.Documents.SelectMany((document, number) => document.Id == text.Sampling?.Document ? [] : Enumerable
                .Range(Shortest, Math.Max(0, document.Tokens.Length - Shortest)).Select(prompt => new TaskItem(number, prompt))),
        ];
        var state = Seed;
        for (var left = items.Length; left > 1; left--)
        {
            var drawn = SplitMix64.Below((uint)left, ref state);
            (items[drawn], items[left - 1]) = (items[left - 1], items[drawn]);
        }

        return [.. items];
    }

    /// <summary>Numbers of items at which COR-10 looks whether it can decide, ascending: each twice the one before.</summary>
    /// <param name="clause">Its first look and its number of looks.</param>
    /// <param name="items">There are no more.</param>
    public static ImmutableArray<int> Looks(Clause clause, int items) =>
        [.. Enumerable.Range(0, clause.Count("looks")).Select(look => (long)clause.Limit("items_first") << look).Where(look => look <= items).Select(look => (int)look)];

    /// <summary>Whether the answers so far decide COR-10, so that no more items need be asked.</summary>
    /// <param name="answers">The token answered to each item, in order; <see cref="long.MaxValue"/> where none was.</param>
    public static bool AreEnough(Clause clause, Plan plan, ImmutableArray<long> answers, IBlobs files) =>
        TaskScores.TryRead(plan, answers, files, out _) is not { } scores || TaskAccuracy.Decide(clause, scores) is not null;
}
