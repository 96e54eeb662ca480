using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class PerplexityTests
{
    private static readonly Speaker Exact = Speaker.Exact;

    [Fact]
    public void Exact_answers_pass_and_both_perplexities_are_reported()
    {
        var finding = Exact.Judge(Clauses.Perplexity);

        Judged.Passes(finding);
        Assert.Equal(0, Judged.Milli(finding, "ln of the perplexity ratio"));
        Assert.Equal(Judged.Milli(finding, "perplexity of the reference"), Judged.Milli(finding, "perplexity"));
        Assert.Equal(3_950_000, Judged.Milli(finding, "positions")); // the last token of a document is followed by none
    }

    [Fact]
    public void A_perplexity_is_that_of_its_definition()
    {
        var even = Exact.Meaning((_, logits) => [.. logits.Select((_, at) => at % Speaker.Vocabulary < 32 ? 0f : -200f)]); // 32 equal tokens
        var known = even.Planning(text => text with
        {
            Documents = [.. text.Documents.Select((document, i) => document with { Tokens = [i % 32, .. document.Tokens.Select(id => id % 32).Skip(1)] })],
        });

        Assert.Equal(32_000, Judged.Milli(known.Judge(Clauses.Perplexity), "perplexity"));
    }

    [Theory]
    [InlineData(PrecisionClass.Bits16, 0.0019, "pass")]
    [InlineData(PrecisionClass.Bits16, 0.0021, "fail")]
    [InlineData(PrecisionClass.Bits16, -0.0019, "pass")]
    [InlineData(PrecisionClass.Bits16, -0.0021, "fail")]
    [InlineData(PrecisionClass.Fp32, 0.0021, "fail")]
    [InlineData(PrecisionClass.Bits8, 0.0098, "pass")]
    [InlineData(PrecisionClass.Bits8, 0.0102, "fail")]
    [InlineData(PrecisionClass.Bits4, 0.049, "pass")]
    [InlineData(PrecisionClass.Bits4, 0.051, "fail")]
    public void Both_sides_of_each_class(PrecisionClass precision, double loss, string word)
    {
        var finding = Losing((_, _) => loss).Planning(text => text with { Precision = precision }).Judge(Clauses.Perplexity);

        Assert.Equal(word, finding.Verdict.Word);
        Assert.InRange(Judged.Milli(finding, "ln of the perplexity ratio"), (loss * 1e9) - 200, (loss * 1e9) + 200);
    }

    [Fact]
    public void A_ratio_that_documents_disagree_on_decides_nothing_and_says_what_would()
    {
        var reason = Judged.Reason(Losing((document, _) => document % 2 == 0 ? 0.02 : -0.018).Judge(Clauses.Perplexity));

        Assert.Matches("between -0.00[0-9]+ and 0.00[0-9]+; limit 0.002 either way; about [0-9]+ documents", reason);
    }

    [Fact]
    public void Noise_of_either_sign_that_evens_out_passes_where_logits_alone_would_not()
    {
        var answered = Losing((_, position) => position % 2 == 0 ? 0.5 : -0.5);

        Judged.Passes(answered.Judge(Clauses.Perplexity with { Limits = Clauses.Perplexity.Limits.SetItem("ln_ratio_16bit_ppm", 20_000) }));
        Judged.Measured(answered.Judge(Clauses.LogitAgreement)); // why COR-09 never stands alone
    }

    [Fact]
    public void Constant_logits_fail_once_the_model_knows_anything()
    {
        // A reference that finds each true next token likely.
        var knowing = Exact.Meaning((i, logits) => Raised(Exact, i, logits, by: 6));

        Judged.Measured(knowing.Answering((_, logits) => new float[logits.Length]).Judge(Clauses.Perplexity));
    }

    // Each true next token made less likely by just so much: q = p exp(-loss).
    private static Speaker Losing(Func<int, int, double> loss) => Exact.Answering((i, logits) =>
    {
        var (rows, tokens) = (logits.Chunk(Speaker.Vocabulary).ToArray(), Exact.Plan.Text!.Documents[i].Tokens);
        for (var t = 0; t + 1 < tokens.Length; t++)
        {
            var p = Math.Exp(rows[t][tokens[t + 1]]) / rows[t].Sum(logit => Math.Exp(logit));
            var q = Math.Min(0.999, p * Math.Exp(-loss(i, t)));
            rows[t][tokens[t + 1]] += (float)Math.Log(q * (1 - p) / (p * (1 - q)));
        }

        return [.. rows.SelectMany(row => row)];
    });

    private static float[] Raised(Speaker speaker, int document, float[] logits, float by)
    {
        var (raised, tokens) = (logits.ToArray(), speaker.Plan.Text!.Documents[document].Tokens);
        for (var t = 0; t + 1 < tokens.Length; t++)
            raised[(t * Speaker.Vocabulary) + tokens[t + 1]] += by;
        return raised;
    }
}
