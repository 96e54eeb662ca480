using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class CompletionTokensTests
{
    private static readonly long[] Counted = [.. Enumerable.Range(0, 100).Select(i => 1L + i % 16)];

    private static readonly Measurement Sound = Given.Measurement("MET-02", Given.Counts("reported", Counted), Given.Counts("counted", Counted)) with
    {
        Facts = Given.Facts(("counted_by", "ids")),
    };

    [Fact]
    public void As_many_as_ids_were_returned_passes() => Judged.Passes(Judged.By(Clauses.CompletionTokens, Sound));

    [Fact]
    public void The_end_token_counted_twice_fails() => Judged.Measured(With([.. Counted.Select(tokens => tokens + 1)]));

    [Fact]
    public void Rejected_draft_tokens_billed_as_output_fail() =>
        Assert.Contains("7 reported, 4 counted", Judged.Measured(With([.. Counted.Select((tokens, i) => i == 3 ? tokens + 3 : tokens)])), StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_count_of_text_is_reported_and_decides_nothing(int more)
    {
        var finding = Judged.By(Clauses.CompletionTokens, Sound.WithFact("counted_by", "text").WithSeries(Given.Counts("reported", [.. Counted.Select(tokens => tokens + more)])));

        Assert.Contains("estimate", Judged.Reason(finding), StringComparison.Ordinal);
        Assert.Equal(more * 100_000, Judged.Milli(finding, "answers with another count"));
    }

    [Fact]
    public void Evidence_with_a_gap_decides_nothing() =>
        Assert.All(
            new[]
            {
                Sound.WithoutFact("counted_by"),
                Sound.WithFact("counted_by", "guess"),
                Sound.Without("reported"),
                Sound.WithSeries(Given.Counts("counted", Counted[1..])),
                Sound.WithSeries(Given.Counts("counted", Counted[1..])).WithSeries(Given.Counts("reported", Counted[1..])),
            },
            measurement => Judged.Reason(Judged.By(Clauses.CompletionTokens, measurement)));

    private static Finding With(long[] reported) => Judged.By(Clauses.CompletionTokens, Sound.WithSeries(Given.Counts("reported", reported)));
}
