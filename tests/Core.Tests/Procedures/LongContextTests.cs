using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class LongContextTests
{
    private const int Window = Speaker.Tokens;
    private const int Quarter = Window / 4;
    private static readonly Speaker Exact = Filling(Speaker.Of(50, seed: 1));

    [Fact]
    public void Exact_answers_pass_in_every_quarter()
    {
        var finding = Exact.Judge(Clauses.LongContext);

        Judged.Passes(finding);
        Assert.Equal(4, finding.Figures.Count(figure => figure.Name.StartsWith("mean KLD", StringComparison.Ordinal)));
        Assert.Equal(100_000, Judged.Milli(finding, "retrieved, 75 to 100 % of the window"));
        Assert.Equal(1_000_000, finding.Figures.First(figure => figure.Name.StartsWith("mean KLD", StringComparison.Ordinal)).LimitMilli!.Value / 1000); // twice 5e-4 nat
    }

    [Fact]
    public void A_fault_in_the_last_quarter_alone_fails_there_although_the_average_is_small()
    {
        var finding = Late(0.06, from: 3 * Quarter).Judge(Clauses.LongContext);

        Assert.Contains("at 75 to 100 % of the window", Judged.Measured(finding), StringComparison.Ordinal);
        Assert.Equal(0, Judged.Milli(finding, "mean KLD, 50 to 75 % of the window"));
    }

    [Theory] // twice the limit of the class; the divergence is about half the square of the deviation
    [InlineData(0.02, "pass", "pass", "pass")]
    [InlineData(0.06, "fail", "pass", "pass")]
    [InlineData(0.3, "fail", "fail", "pass")]
    [InlineData(0.9, "fail", "fail", "fail")]
    public void Each_class_has_its_own_limit(double deviation, string bits16, string bits8, string bits4)
    {
        var off = Late(deviation, from: Quarter).Planning(text => text with { Long = text.Long! with { Sequences = [.. text.Long.Sequences.Select(one => one with { Retrieved = [] })] } });

        Assert.Equal(bits16, off.Judge(Clauses.LongContext).Verdict.Word);
        Assert.Equal(bits8, off.Planning(text => text with { Precision = PrecisionClass.Bits8 }).Judge(Clauses.LongContext).Verdict.Word);
        Assert.Equal(bits4, off.Planning(text => text with { Precision = PrecisionClass.Bits4 }).Judge(Clauses.LongContext).Verdict.Word);
    }

    [Fact]
    public void Limits_follow_the_noise_that_the_golden_pack_states() =>
        Judged.Measured(Late(0.02, from: 0).Planning(text => text with { Noise = new(1_000, 1_000) }).Judge(Clauses.LongContext));

    [Theory] // 500 tokens of a quarter that the reference retrieves
    [InlineData(0, "pass")]
    [InlineData(5, "inconclusive")]
    [InlineData(25, "fail")]
    public void What_the_reference_retrieves_must_not_get_lost(int lost, string word)
    {
        var left = lost;
        // the top falls behind the second by a hair: a token lost, hardly any divergence
        var answered = Exact.Meaning((_, logits) => Rows(logits, (row, _) => row[Second(row)] = row[Top(row)] - 1e-6f)) is var even
            ? Filling(even).Answering((_, logits) => Rows(logits, (row, at) =>
            {
                if (at >= Quarter && at < 2 * Quarter && at % 2 == 0 && left-- > 0)
                    (row[Top(row)], row[Second(row)]) = (row[Second(row)], row[Top(row)]);
            }))
            : throw new InvalidOperationException();
        var finding = answered.Judge(Clauses.LongContext);

        Assert.Equal(word, finding.Verdict.Word);
        Assert.True(word != "fail" || Judged.Measured(finding).Contains("25 of 500 tokens that the reference retrieves at 25 to 50 %", StringComparison.Ordinal));
    }

    [Fact]
    public void A_reference_that_retrieves_nothing_decides_by_its_logits_alone()
    {
        var poor = Exact.Planning(text => text with
        {
            Long = text.Long! with { Sequences = [.. text.Long.Sequences.Select(one => one with { Document = one.Document with { Tokens = [.. one.Document.Tokens.Select(id => (id + 1) % Speaker.Vocabulary)] } })] },
        });

        var finding = poor.Judge(Clauses.LongContext);
        Judged.Passes(finding);
        Assert.Equal(0, Judged.Milli(finding, "retrieved by the reference, 0 to 25 % of the window"));
    }

    [Fact]
    public void A_plan_or_evidence_that_is_not_whole_decides_nothing()
    {
        Assert.All(
            new[]
            {
                Exact.Planning(text => text with { Long = null }),
                Exact.Planning(text => text with { Long = text.Long! with { Sequences = [] } }),
                Exact.Planning(text => text with { Long = text.Long! with { Window = Window + 1 } }),
                Exact.Planning(text => text with { Long = text.Long! with { Sequences = text.Long.Sequences.SetItem(0, text.Long.Sequences[0] with { Retrieved = [Window - 1] }) } }),
                Exact.Tensors(tensors => tensors.RemoveAt(3)),
                Filling(Speaker.Of(7, seed: 1)),
            },
            speaker => Judged.Reason(speaker.Judge(Clauses.LongContext)));
    }

    /// <summary>The speaker's documents as the window; every other position is one to retrieve, and there the exact likeliest token follows.</summary>
    private static Speaker Filling(Speaker speaker) => speaker.Planning(text => text with
    {
        Long = new(Window, [.. text.Documents.Select((document, i) => new LongSequence(document with { Tokens = Foretold(document.Tokens, speaker.Reference[i]) }, Even))]),
    });

    private static ImmutableArray<int> Even => [.. Enumerable.Range(0, (Window / 2) - 1).Select(at => 2 * at)];

    private static ImmutableArray<int> Foretold(ImmutableArray<int> tokens, float[] logits) =>
        [.. tokens.Select((token, at) => at % 2 == 1 ? Top(Row(logits, at - 1)) : token)];

    private static Speaker Late(double deviation, int from)
    {
        var off = Exact.Off(deviation);
        return Exact.Answering((i, logits) => [.. logits.Select((logit, at) => at / Speaker.Vocabulary >= from ? off.Candidate[i][at] : logit)]);
    }

    private static float[] Rows(float[] logits, Action<float[], int> change) =>
    [
        .. Enumerable.Range(0, Window).SelectMany(at =>
        {
            var row = Row(logits, at);
            change(row, at);
            return row;
        }),
    ];

    private static float[] Row(float[] logits, int at) => logits[(at * Speaker.Vocabulary)..((at + 1) * Speaker.Vocabulary)];

    private static int Top(float[] row) => Array.IndexOf(row, row.Max());

    private static int Second(float[] row) => row.Select((logit, id) => (logit, id)).OrderByDescending(pair => pair.logit).ElementAt(1).id;
}
