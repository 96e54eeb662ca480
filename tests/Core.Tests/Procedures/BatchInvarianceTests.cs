using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class BatchInvarianceTests
{
    private const int Tokens = 48;
    private static readonly Plan Claiming = Given.Plan with { ModelKind = "llm", Declared = Given.Plan.Declared with { BatchInvariant = true } };
    private static readonly Plan Silent = Given.Plan with { ModelKind = "llm" };
    private static readonly string[] Ways = ["batch-4", "together-4", "batch-8", "together-8"];

    [Fact]
    public void Answers_that_are_the_same_beside_any_neighbours_pass()
    {
        var finding = Judge(Answered((_, _) => null), Claiming);

        Judged.Passes(finding);
        Judged.Passes(Judge(Answered((_, _) => null), Silent));
        Assert.All(Ways, way => Assert.Equal(100_000, Judged.Milli(finding, $"identical answers, {way}")));
    }

    [Fact] // the catalogue's known bad: neighbours' padding gets in, so that an answer changes from its first tokens on
    public void Answers_that_depend_on_their_neighbours_fail_with_and_without_a_claim()
    {
        var bad = Answered((way, target) => way.StartsWith("batch", StringComparison.Ordinal) ? target % 3 : null);

        Assert.Equal("8 of 8 answers differ from those alone (batch-4: t3 at token 1)", Judged.Measured(Judge(bad, Claiming)));
        Assert.Contains("an answer depends on its neighbours", Judged.Measured(Judge(bad, Silent)), StringComparison.Ordinal);
    }

    [Theory] // 1,536 tokens with none that differs; k answers part at their last token
    [InlineData(8, "pass")]
    [InlineData(14, "inconclusive")]
    [InlineData(32, "fail")]
    public void A_share_of_the_same_likeliest_token_decides_where_nothing_is_claimed(int parted, string word)
    {
        var at = 0;
        var finding = Judge(Answered((_, _) => at++ < parted ? (word == "fail" ? 2 : Tokens - 1) : null), Silent);

        Assert.Equal(word, finding.Verdict.Word);
        Assert.True(word != "inconclusive" || Judged.Reason(finding).Contains("positions would show it", StringComparison.Ordinal));
    }

    [Fact]
    public void Three_sound_ways_do_not_hide_the_one_that_is_not() =>
        Assert.StartsWith("together-8: the same likeliest token", Judged.Measured(Judge(Answered((way, target) => way == "together-8" && target < 7 ? 1 : null), Silent)), StringComparison.Ordinal);

    [Fact]
    public void An_answer_that_ends_early_parts_where_it_ends()
    {
        var cut = Answered((_, _) => null).WithSeries(new("together-8.t2", "id", [.. Alone(2).Take(10)]));

        var finding = Judge(cut, Claiming);
        Judged.Measured(finding);
        Assert.Equal(11_000, Judged.Milli(finding, "first token that differs, together-8"));
    }

    [Fact]
    public void A_server_that_takes_no_batch_cannot_show_its_claim()
    {
        var m = Answered((_, _) => null);
        foreach (var target in Enumerable.Range(1, 8))
            m = m.Without($"batch-4.t{target}").Without($"batch-8.t{target}");
        m = m.WithFact("refused.batch-4", "rejected").WithFact("refused.batch-8", "rejected");

        Assert.Contains("batches cannot be shown", Judged.Reason(Judge(m, Claiming)), StringComparison.Ordinal);
        Judged.Passes(Judge(m, Silent));
        Judged.Reason(Judge(m.WithFact("refused.together-8", "rejected"), Silent)); // requests at a time are what every server takes
    }

    [Fact]
    public void A_request_without_an_answer_fails() =>
        Assert.Contains("batch-8.t3, status 500", Judged.Measured(
            Judge(Answered((_, _) => null).Without("batch-8.t3").WithFact("failed.batch-8.t3", "status 500"), Silent)), StringComparison.Ordinal);

    [Fact]
    public void Texts_without_ids_show_a_claim_and_nothing_else()
    {
        var m = Answered((_, _) => null);
        var texts = m with { Series = [.. m.Series.Select(series => series with { Unit = "utf8" })] };

        Judged.Passes(Judge(texts, Claiming));
        Assert.Contains("no token ids", Judged.Reason(Judge(texts, Silent)), StringComparison.Ordinal);
    }

    [Fact]
    public void Evidence_that_is_not_whole_decides_nothing()
    {
        var good = Answered((_, _) => null);
        Assert.All(
            new[]
            {
                good.Without("alone.t1"), good.Without("batch-8.t5"), good.WithFact("sizes", "4"), good.WithoutFact("sizes"),
                good.WithSeries(new("batch-2.t1", "id", [1])), Given.Measurement("COR-13"),
            },
            measurement => Judged.Reason(Judge(measurement, Silent)));
    }

    private static Finding Judge(Measurement measurement, Plan plan) => Judged.By(Clauses.BatchInvariance, measurement, plan);

    private static long[] Alone(int target) => [.. Enumerable.Range(0, Tokens).Select(at => (long)((target * 100) + at))];

    /// <param name="partsAt">Way and target to the place, from 0, from which the answer is another one; null for the same.</param>
    private static Measurement Answered(Func<string, int, int?> partsAt)
    {
        var m = Given.Measurement("COR-13").WithFact("sizes", "4 8");
        foreach (var target in Enumerable.Range(1, 8))
        {
            m = m.WithSeries(new($"alone.t{target}", "id", [.. Alone(target)]));
            foreach (var way in Ways)
            {
                var from = partsAt(way, target) ?? Tokens;
                m = m.WithSeries(new($"{way}.t{target}", "id", [.. Alone(target).Select((id, at) => at >= from ? id + 1_000_000 : id)]));
            }
        }

        return m;
    }
}
