using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class DeterminismTests
{
    private static readonly Plan Claiming = Given.Plan with { ModelKind = "llm", Declared = Given.Plan.Declared with { Deterministic = true } };
    private static readonly Plan Silent = Given.Plan with { ModelKind = "llm" };

    [Fact]
    public void One_answer_to_every_request_keeps_the_claim()
    {
        var finding = Judge(Answered((_, _) => [5, 6, 7]), Claiming);

        Judged.Passes(finding);
        Assert.Null(finding.Note);
        Assert.Equal(1_000, Judged.Milli(finding, "different answers, text"));
        Assert.Equal(100_000, Judged.Milli(finding, "the same answer again, run to run"));
        Assert.Equal(100_000, Judged.Milli(finding, "the same answer again, after a restart"));
    }

    [Fact] // the catalogue's known bad: one token in every fifth answer
    public void One_other_token_in_every_fifth_answer_breaks_the_claim_and_is_reported_without_one()
    {
        var bad = Answered((_, number) => number % 5 == 0 ? [5, 9, 7] : [5, 6, 7]);

        Assert.Equal(
            "2 different answers to the request text, asked 20 times over 2 starts; they part after 1 of 3 tokens", Judged.Measured(Judge(bad, Claiming)));
        var reported = Judge(bad, Silent);
        Judged.Passes(reported);
        Assert.Equal(new LocalText("reported only: the profile claims no determinism", "仅报告：profile 未声明确定性"), reported.Note);
        Assert.Equal(77_778, Judged.Milli(reported, "the same answer again, run to run"));
    }

    [Fact]
    public void Another_answer_after_a_restart_breaks_the_claim()
    {
        var finding = Judge(Answered((start, _) => [5, start]), Claiming);

        Judged.Measured(finding);
        Assert.Equal(100_000, Judged.Milli(finding, "the same answer again, run to run"));
        Assert.Equal(0, Judged.Milli(finding, "the same answer again, after a restart"));
    }

    [Fact]
    public void A_longer_answer_is_another_one() =>
        Assert.Contains("they part after 2 of 3 tokens", Judged.Measured(Judge(Answered((_, number) => number == 4 ? [5, 6, 7] : [5, 6]), Claiming)), StringComparison.Ordinal);

    [Fact]
    public void Tensors_are_compared_byte_by_byte_and_their_largest_difference_is_told()
    {
        var good = Tensors((_, _) => [1f, 2f]);
        Judged.Passes(good.Judge());

        var off = Tensors((start, number) => start == 2 && number == 3 ? [1f, 2.5f] : [1f, 2f]).Judge();
        Assert.Contains("the largest difference is 5e-1", Judged.Measured(off), StringComparison.Ordinal);
        Assert.Equal(500_000_000_000, Judged.Milli(off, "largest difference, line"));

        Judged.Measured(Tensors((_, number) => number == 3 ? [1f, -0f] : [1f, 0f]).Judge()); // other bits, equal numbers
        Judged.Measured(Tensors((_, number) => number == 3 ? [1f, float.NaN] : [1f, 0f]).Judge());
        Judged.Passes(Tensors((_, _) => [1f, float.NaN]).Judge());
    }

    [Fact]
    public void A_request_without_an_answer_fails_whatever_is_claimed()
    {
        var gone = Answered((_, _) => [5]).Without("start-2.text.7").WithFact("failed.start-2.text.7", "status 500");

        Assert.Equal("1 of 20 equal requests got no answer (the first: status 500)", Judged.Measured(Judge(gone, Silent)));
    }

    [Fact]
    public void Evidence_that_is_not_whole_decides_nothing()
    {
        var good = Answered((_, _) => [5]);
        Assert.All(
            new[]
            {
                good.Without("start-1.text.3"),
                good.WithSeries(new("start-1.text.11", "id", [5])),
                good.WithSeries(new("start-3.text.1", "id", [5])),
                good.WithFact("container.start-2", "c1"),
                good.WithoutFact("container.start-1"),
                Given.Measurement("COR-12"),
            },
            measurement => Judged.Reason(Judge(measurement, Claiming)));
    }

    private static Finding Judge(Measurement measurement, Plan plan) => Judged.By(Clauses.Determinism, measurement, plan);

    private static Measurement Answered(Func<int, int, long[]> tokens) => Restarted(Given.Measurement("COR-12",
        [.. Numbers().Select(at => new Series($"start-{at.Start}.text.{at.Number}", "id", [.. tokens(at.Start, at.Number)]))]));

    private static Tensor Tensors(Func<int, int, float[]> values)
    {
        var (files, tensors) = (InMemoryFiles.Empty, ImmutableArray.CreateBuilder<TensorFile>());
        foreach (var (start, number) in Numbers())
        {
            files = files.With($"a/{start}-{number}", Reader.Bytes(values(start, number)));
            tensors.Add(new($"start-{start}.line.{number}", $"a/{start}-{number}", "FP32", [2]));
        }

        return new(Restarted(Given.Measurement("COR-12") with { Tensors = tensors.ToImmutable() }), files);
    }

    private static Measurement Restarted(Measurement m) => m.WithFact("container.start-1", "c1").WithFact("container.start-2", "c2");

    private static IEnumerable<(int Start, int Number)> Numbers() => Enumerable.Range(0, 20).Select(at => (1 + (at / 10), 1 + (at % 10)));

    private sealed record Tensor(Measurement Measurement, InMemoryFiles Files)
    {
        public Finding Judge() => Judged.By(Clauses.Determinism, Measurement, Claiming with { ModelKind = "tensor" }, Files);
    }
}
