using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class LogitAgreementTests
{
    private static readonly Speaker Exact = Speaker.Exact;

    [Fact]
    public void Exact_answers_pass_and_what_was_seen_is_reported()
    {
        var finding = Exact.Judge(Clauses.LogitAgreement);

        Judged.Passes(finding);
        Assert.Equal(4_000_000, Judged.Milli(finding, "positions"));
        Assert.Equal(50_000, Judged.Milli(finding, "documents"));
        Assert.Equal(0, Judged.Milli(finding, "mean KLD"));
        Assert.Equal(100_000, Judged.Milli(finding, "same likeliest token"));
        Assert.InRange(finding.Figures.Single(figure => figure.Name == "same likeliest token").LowerMilli!.Value, 99_900, 99_930); // 1 - 3/4000
    }

    public static TheoryData<double, string, string, string> Classes => new()
    {
        // error of a logit; 16-bit, 8-bit, 4-bit
        { 0.003, "pass", "pass", "pass" },
        { 0.05, "fail", "pass", "pass" },
        { 0.2, "fail", "fail", "pass" },
        { 0.6, "fail", "fail", "fail" },
    };

    [Theory, MemberData(nameof(Classes))]
    public void Each_class_lets_through_its_own_error_and_no_coarser_one(double deviation, string bits16, string bits8, string bits4)
    {
        var answered = Exact.Off(deviation);

        Assert.Equal(bits16, answered.Judge(Clauses.LogitAgreement).Verdict.Word);
        Assert.Equal(bits16, As(answered, PrecisionClass.Fp32).Judge(Clauses.LogitAgreement).Verdict.Word);
        Assert.Equal(bits8, As(answered, PrecisionClass.Bits8).Judge(Clauses.QuantisedLogitAgreement).Verdict.Word);
        Assert.Equal(bits4, As(answered, PrecisionClass.Bits4).Judge(Clauses.QuantisedLogitAgreement).Verdict.Word);
    }

    [Fact]
    public void A_class_is_judged_by_its_own_clause()
    {
        Assert.IsType<Verdict.NotApplicable>(Exact.Judge(Clauses.QuantisedLogitAgreement).Verdict);
        Assert.IsType<Verdict.NotApplicable>(As(Exact, PrecisionClass.Bits8).Judge(Clauses.LogitAgreement).Verdict);
        Assert.IsType<Verdict.NotApplicable>(As(Exact, PrecisionClass.Bits4).Judge(Clauses.LogitAgreement).Verdict);
    }

    [Fact]
    public void Logits_shifted_as_a_whole_mean_the_same() =>
        Judged.Passes(Exact.Answering((_, logits) => [.. logits.Select(logit => logit + 8)]).Judge(Clauses.LogitAgreement));

    [Fact]
    public void Constant_logits_fail() =>
        Assert.Contains("mean KLD", Judged.Measured(Exact.Answering((_, logits) => new float[logits.Length]).Judge(Clauses.LogitAgreement)), StringComparison.Ordinal);

    [Fact]
    public void Positions_shifted_by_one_fail() =>
        Judged.Measured(Exact.Answering((_, logits) => [.. logits[Speaker.Vocabulary..], .. logits[..Speaker.Vocabulary]]).Judge(Clauses.LogitAgreement));

    [Fact]
    public void Answers_to_the_next_document_fail() =>
        Judged.Measured(Exact.Answering((i, _) => Exact.Reference[(i + 1) % 50]).Judge(Clauses.LogitAgreement));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void One_logit_that_is_no_number_fails(float value)
    {
        var answered = Exact.Answering((i, logits) => i == 7 ? [.. logits.Select((logit, at) => at == (3 * Speaker.Vocabulary) + 5 ? value : logit)] : logits);

        Assert.Contains("at position 3, token 5", Judged.Measured(answered.Judge(Clauses.LogitAgreement)), StringComparison.Ordinal);
    }

    [Theory] // the 3,996th of 4,000 decides
    [InlineData(4, "pass")]
    [InlineData(5, "fail")]
    public void Both_sides_of_the_tail(int positions, string word)
    {
        // A token of probability one half, its logit off by 1: a divergence of 0.12, in so few positions that the mean keeps its limit.
        var known = Exact.Meaning((_, logits) => At(logits, 10, row =>
        {
            Array.Clear(row);
            row[0] = MathF.Log(Speaker.Vocabulary - 1);
        }));
        var answered = known.Answering((i, logits) => i >= positions ? logits : At(logits, 10, row => row[Top(row)] -= 1));
        var finding = answered.Judge(Clauses.LogitAgreement);

        Assert.Equal(word, finding.Verdict.Word);
        Assert.True(word == "pass" || Judged.Measured(finding).Contains("99.9th percentile", StringComparison.Ordinal));
    }

    [Theory] // twenty positions of 4,000 differ: all in one document, or each in another
    [InlineData(true, "inconclusive")]
    [InlineData(false, "pass")]
    public void Tokens_that_differ_in_one_document_tell_less_than_as_many_in_many(bool together, string word)
    {
        bool Differs(int document, int position) => together ? document == 0 && position < 20 : document < 20 && position == 3;
        var even = Exact.Meaning((i, logits) => Each(logits, i, Differs, row => row[Second(row)] = row[Top(row)] - 1e-5f));

        var swapped = even.Answering((i, logits) => Each(logits, i, Differs, row =>
        {
            var (top, second) = (Top(row), Second(row));
            (row[top], row[second]) = (row[second], row[top]);
        }));

        Assert.Equal(word, swapped.Judge(Clauses.LogitAgreement).Verdict.Word);
        Assert.Equal(99_500, Judged.Milli(swapped.Judge(Clauses.LogitAgreement), "same likeliest token"));
    }

    [Fact]
    public void A_share_that_straddles_the_limit_says_how_many_documents_would_do()
    {
        var even = Exact.Meaning((_, logits) => At(logits, 0, row => row[Second(row)] = row[Top(row)] - 1e-5f));
        var swapped = even.Answering((i, logits) => i < 35 ? At(logits, 0, row => (row[Top(row)], row[Second(row)]) = (row[Second(row)], row[Top(row)])) : logits);

        Assert.Matches("between .* and .*; limit 99 %; about [0-9]+ documents like these would do", Judged.Reason(swapped.Judge(Clauses.LogitAgreement)));
    }

    [Theory] // the divergence is 1.1e-5 or so: ten times the noise on both sides of it
    [InlineData(500, 100_000, "fail")]
    [InlineData(2_000, 100_000, "pass")]
    [InlineData(2_000, 1, "fail")]
    [InlineData(0, 100_000, "inconclusive")]
    [InlineData(2_000, -1, "inconclusive")]
    public void Limits_follow_the_noise_that_the_golden_pack_states(long mean, long p999, string word) =>
        Assert.Equal(word, Exact.Off(0.005).Planning(text => text with { Noise = new(mean, p999) }).Judge(Clauses.LogitAgreement).Verdict.Word);

    [Fact]
    public void A_reference_too_flat_to_tell_anything_decides_nothing()
    {
        var flat = Exact.Meaning((_, logits) => [.. logits.Select(logit => logit / 1000)]);

        Assert.Contains("so flat", Judged.Reason(flat.Judge(Clauses.LogitAgreement)), StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_positions_or_documents_than_asked_for_decide_nothing()
    {
        Assert.Equal("3920 positions in 49 documents; 4000 in 50 are asked for", Judged.Reason(Speaker.Of(49, 1).Judge(Clauses.LogitAgreement)));
        var clause = Clauses.LogitAgreement;
        Judged.Reason(Exact.Judge(clause with { Limits = clause.Limits.SetItem("positions_min", 4_001) }));
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "INT8", "is INT8, not FP32" },
        { "short", "has the shape [1,79,64], expected [1,80,64]" },
        { "swapped", "has the shape [64,80]" },
        { "flat", "has the shape [5120]" },
        { "empty", "has 0 bytes" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void An_answer_of_the_wrong_form_fails(string what, string said)
    {
        var answer = Exact.Measurement.Tensors[3];
        var changed = what switch
        {
            "INT8" => Exact.Tensors(all => all.SetItem(3, answer with { DataType = "INT8" })),
            "short" => Exact.Tensors(all => all.SetItem(3, answer with { Shape = [1, 79, 64] })),
            "swapped" => Exact.Tensors(all => all.SetItem(3, answer with { Shape = [64, 80] })),
            "flat" => Exact.Tensors(all => all.SetItem(3, answer with { Shape = [5120] })),
            _ => Exact with { Files = Exact.Files.With("answers/doc-3", ReadOnlyMemory<byte>.Empty) },
        };

        foreach (var clause in new[] { Clauses.LogitAgreement, Clauses.Perplexity })
            Assert.Contains(said, Judged.Measured(changed.Judge(clause)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_of_one_may_be_left_out_of_the_shape() =>
        Judged.Passes(Exact.Tensors(all => [.. all.Select(tensor => tensor with { Shape = [80, 64] })]).Judge(Clauses.LogitAgreement));

    public static TheoryData<string, string> Invalid => new()
    {
        { "no text", "no golden documents" },
        { "no documents", "no golden document" },
        { "document twice", "doc-2 twice" },
        { "text twice", "doc-0 and doc-2 are the same text" },
        { "strange token", "doc-2 has a token that is not in the vocabulary" },
        { "one token", "doc-2 has fewer than 2 tokens" },
        { "no vocabulary", "a vocabulary of 0 tokens" },
        { "answer missing", "no answer to the golden document doc-2" },
        { "stranger", "doc-99 is no golden document" },
        { "answer twice", "tensor doc-2 is there twice" },
        { "answer lost", "lacks answers/doc-2" },
        { "reference lost", "lacks golden/doc-2.gz" },
        { "reference damaged", "is no gzip file" },
        { "reference short", "fewer bytes" },
        { "reference unreal", "the reference of doc-2 holds NaN" },
    };

    [Theory, MemberData(nameof(Invalid))]
    public void Evidence_that_is_not_whole_decides_nothing(string what, string said)
    {
        var changed = what switch
        {
            "no text" => Exact with { Plan = Exact.Plan with { Text = null } },
            "no documents" => Exact.Planning(text => text with { Documents = default }),
            "document twice" => Documents(all => all.SetItem(0, all[2])),
            "text twice" => Documents(all => all.SetItem(0, all[0] with { Tokens = all[2].Tokens })),
            "strange token" => Documents(all => all.SetItem(2, all[2] with { Tokens = all[2].Tokens.SetItem(1, 64) })),
            "one token" => Documents(all => all.SetItem(2, all[2] with { Tokens = [1] })),
            "no vocabulary" => Exact.Planning(text => text with { VocabularySize = 0 }),
            "answer missing" => Exact.Tensors(all => all.RemoveAt(2)),
            "stranger" => Exact.Tensors(all => all.Add(all[2] with { Name = "doc-99" })),
            "answer twice" => Exact.Tensors(all => all.Add(all[2])),
            "answer lost" => Exact with { Files = Exact.Files.Without("answers/doc-2") },
            "reference lost" => Exact with { Files = Exact.Files.Without("golden/doc-2.gz") },
            "reference damaged" => Exact with { Files = Exact.Files.With("golden/doc-2.gz", new byte[] { 1, 2, 3 }) },
            "reference short" => Exact with { Files = Exact.Files.With("golden/doc-2.gz", Reader.Packed(new float[64])) },
            _ => Exact with { Files = Exact.Files.With("golden/doc-2.gz", Reader.Packed([.. Exact.Reference[2][1..], float.NaN])) },
        };

        foreach (var clause in new[] { Clauses.LogitAgreement, Clauses.Perplexity })
            Assert.Contains(said, Judged.Reason(changed.Judge(clause)), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_clauses_are_asked_of_language_models_alone() =>
        Assert.IsType<Verdict.NotApplicable>((Exact with { Plan = Exact.Plan with { ModelKind = "tensor" } }).Judge(Clauses.LogitAgreement).Verdict);

    private static Speaker As(Speaker speaker, PrecisionClass precision) => speaker.Planning(text => text with { Precision = precision });

    private static Speaker Documents(Func<ImmutableArray<GoldenDocument>, ImmutableArray<GoldenDocument>> change) =>
        Exact.Planning(text => text with { Documents = change(text.Documents) });

    private static float[] At(float[] logits, int position, Action<float[]> change) => Each(logits, 0, (_, at) => at == position, change);

    private static float[] Each(float[] logits, int document, Func<int, int, bool> where, Action<float[]> change)
    {
        var rows = logits.Chunk(Speaker.Vocabulary).ToArray();
        for (var position = 0; position < rows.Length; position++)
        {
            if (where(document, position))
                change(rows[position]);
        }

        return [.. rows.SelectMany(row => row)];
    }

    private static int Top(float[] row) => Array.IndexOf(row, row.Max());

    private static int Second(float[] row) => Array.IndexOf(row, row.OrderDescending().ElementAt(1));
}
