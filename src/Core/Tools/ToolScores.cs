using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>All answers of a run beside the pack that they answer.</summary>
internal sealed record ToolScores(ToolPack Pack, ImmutableArray<ToolScore> Items)
{
    private const string Answer = "answer.", Failed = "failed.";

    /// <returns>Null, with what makes the evidence unusable.</returns>
    public static ToolScores? TryRead(Plan plan, Measurement m, IBlobs files, out string problem)
    {
        problem = "the plan names no pack of tool prompts";
        if (plan.Text?.Tools is not { } path)
            return null;
        problem = $"the evidence lacks the pack {path}";
        if (files.TryRead(path) is not { } bytes)
            return null;
        var problems = new List<Problem>();
        if (ToolPack.TryRead(bytes, path, problems) is not { } pack)
        {
            problem = $"the pack cannot be used: {problems[0]}";
            return null;
        }

        var (answers, failures) = (m.FactsUnder(Answer), m.FactsUnder(Failed));
        var scores = ImmutableArray.CreateBuilder<ToolScore>(pack.Items.Length);
        foreach (var item in pack.Items)
        {
            if (answers.ContainsKey(item.Id) == failures.ContainsKey(item.Id))
                problem = $"item {item.Id} {(answers.ContainsKey(item.Id) ? "has an answer and none" : "was not asked, or its answer was lost")}";
            else if (failures.TryGetValue(item.Id, out var why))
                scores.Add(ToolScore.Unanswered(item, why));
            else if (ToolAnswer.TryRead(answers[item.Id]) is { } answer)
                scores.Add(ToolScore.Of(item, answer));
            else
                problem = $"the answer to item {item.Id} is not written as answers are";
        }

        if (scores.Count < pack.Items.Length)
            return null;
        problem = answers.Count + failures.Count == pack.Items.Length ? "" : "there are answers to items that the pack does not have";
        return problem.Length == 0 ? new(pack, scores.MoveToImmutable()) : null;
    }
}
