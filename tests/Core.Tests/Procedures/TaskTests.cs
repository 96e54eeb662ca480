using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>COR-10 and COR-11 on a reference that is right at three items of four.</summary>
public sealed class TaskTests
{
    private static readonly Speaker Exact = Scholar();
    private static readonly ImmutableArray<TaskItem> Items = TaskItems.Of(Exact.Plan.Text!);
    private static readonly ImmutableArray<long> Reference = [.. Items.Select(Likeliest)];

    [Fact]
    public void Items_are_every_place_of_every_document_once_and_in_no_documents_order()
    {
        Assert.Equal(50 * (Speaker.Tokens - 4), Items.Length);
        Assert.Equal(Items.Length, Items.Distinct().Count());
        Assert.True(Items.Take(200).Select(item => item.Document).Distinct().Count() > 40);
        Assert.Equal([1000, 2000], TaskItems.Looks(Clauses.TaskAccuracy, Items.Length));
        Assert.Empty(TaskItems.Looks(Clauses.TaskAccuracy, 999));
    }

    [Fact]
    public void The_references_own_answers_pass_at_the_first_look()
    {
        var finding = Accuracy(Reference[..1000]);

        Judged.Passes(finding);
        Judged.Passes(Flips(Reference[..1000]));
        Assert.Equal(1_000_000, Judged.Milli(finding, "items"));
        Assert.Equal(Judged.Milli(finding, "score of the reference"), Judged.Milli(finding, "score"));
        Assert.InRange(Judged.Milli(finding, "score"), 70_000, 80_000);
        Assert.Equal(100_000, Judged.Milli(finding, "output tokens, of the reference's"));
    }

    [Fact] // the catalogue's known bad
    public void Every_twentieth_answer_wrong_fails()
    {
        var bad = Reference.Select((answer, at) => at % 20 == 19 ? (answer + 2) % Speaker.Vocabulary : answer).Take(1000).ToImmutableArray();

        Assert.Contains("of 1000 items right", Judged.Measured(Accuracy(bad)), StringComparison.Ordinal);
    }

    [Fact] // the catalogue's known bad
    public void Answers_cut_to_four_fifths_fail() =>
        Assert.Contains("80 % of the reference's tokens", Judged.Measured(Accuracy(Reference[..1000], length: 0.8)), StringComparison.Ordinal);

    [Fact] // the catalogue's known bad: one in twenty of the right ones wrong, and as many the other way round
    public void Flips_that_leave_the_score_alone_fail_by_their_number()
    {
        var (bad, lost, gained) = (Reference[..2000].ToArray(), 0, 0);
        for (var at = 0; at < bad.Length; at++)
        {
            var truth = Truth(Items[at]);
            if (bad[at] == truth && lost < 75)
                (bad[at], lost) = ((truth + 1) % Speaker.Vocabulary, lost + 1);
            else if (bad[at] != truth && gained < 75)
                (bad[at], gained) = (truth, gained + 1);
        }

        var flips = Flips([.. bad]);
        Assert.Contains("150 of 2000 items changed between right and wrong (75 lost, 75 gained)", Judged.Measured(flips), StringComparison.Ordinal);
        Assert.NotEqual("pass", Accuracy([.. bad]).Verdict.Word);
        Assert.IsNotType<Verdict.Fail>(Accuracy([.. bad]).Verdict);
    }

    [Fact]
    public void A_few_differences_both_ways_leave_it_open_and_say_how_many_items_would_do()
    {
        var bad = Reference[..1000].ToArray();
        foreach (var at in Enumerable.Range(0, 1000).Where(at => bad[at] == Truth(Items[at])).Take(5))
            bad[at] = long.MaxValue; // an item without an answer is a wrong one

        Assert.Matches("5 of 1000 items lost and 0 gained: .* [0-9]+ items more would show it with a power of 90 %", Judged.Reason(Accuracy([.. bad])));
        Assert.False(TaskItems.AreEnough(Clauses.TaskAccuracy, Exact.Plan, [.. bad], Exact.Files));
        Assert.True(TaskItems.AreEnough(Clauses.TaskAccuracy, Exact.Plan, Reference[..1000], Exact.Files));
    }

    [Fact]
    public void What_comes_after_the_look_that_decided_changes_nothing()
    {
        var late = Reference.Take(1000).Concat(Enumerable.Repeat(long.MaxValue, 1000)).ToImmutableArray();

        Judged.Passes(Accuracy(late));
        Judged.Measured(Flips(late));
    }

    [Fact]
    public void Evidence_that_is_not_whole_decides_nothing()
    {
        Judged.Reason(Accuracy(Reference[..999]));
        Judged.Reason(Flips(Reference[..999]));
        Judged.Reason(Accuracy(Reference.Add(1)));
        Judged.Reason(Judged.By(Clauses.TaskAccuracy, Given.Measurement("COR-10"), Exact.Plan, Exact.Files));
        Judged.Reason(Judged.By(Clauses.TaskAccuracy, Answered("COR-10", Reference[..1000]).Without("length.doc-3"), Exact.Plan, Exact.Files));
        Judged.Reason(Judged.By(Clauses.TaskAccuracy, Answered("COR-10", Reference[..1000]), Exact.Plan, Exact.Files.Without("golden/doc-2.gz")));
        var noAnswers = Exact.Plan with { Text = Exact.Plan.Text! with { Answers = [] } };
        Judged.Reason(Judged.By(Clauses.TaskAccuracy, Answered("COR-10", Reference[..1000]), noAnswers, Exact.Files));
    }

    private static Finding Accuracy(ImmutableArray<long> answers, double length = 1) =>
        Judged.By(Clauses.TaskAccuracy, Answered("COR-10", answers, length), Exact.Plan, Exact.Files);

    private static Finding Flips(ImmutableArray<long> answers) => Judged.By(Clauses.AnswerFlips, Answered("COR-11", answers), Exact.Plan, Exact.Files);

    private static Measurement Answered(string check, ImmutableArray<long> answers, double length = 1) => Given.Measurement(check,
    [
        new("answers", "id", answers),
        .. check == "COR-11" ? [] : Exact.Plan.Text!.Answers.Select(answer => new Series($"length.{answer.Id}", "id", [.. answer.Tokens.Take((int)(answer.Tokens.Length * length)).Select(id => (long)id)])),
    ]);

    private static long Truth(TaskItem item) => Exact.Plan.Text!.Documents[item.Document].Tokens[item.Prompt];

    private static long Likeliest(TaskItem item) => Top(Exact.Reference[item.Document], item.Prompt - 1);

    private static int Top(float[] logits, int position)
    {
        var row = logits.AsSpan(position * Speaker.Vocabulary, Speaker.Vocabulary);
        var top = 0;
        for (var id = 1; id < row.Length; id++)
            top = row[id] > row[top] ? id : top;
        return top;
    }

    /// <summary>A speaker whose documents follow its own likeliest token at three places of four, and no other.</summary>
    private static Speaker Scholar()
    {
        var speaker = Speaker.Of(50, seed: 3);
        return speaker.Planning(text => text with
        {
            Documents =
            [
                .. text.Documents.Select((document, i) => document with
                {
                    Tokens = [.. document.Tokens.Select((token, at) => at == 0 ? token : (Top(speaker.Reference[i], at - 1) + (at % 4 == 0 ? 1 : 0)) % Speaker.Vocabulary)],
                }),
            ],
            Answers = [.. text.Documents.Take(20).Select(document => new GoldenAnswer(document.Id, document.Tokens[..8], 40, document.Tokens[8..48]))],
        });
    }
}
