using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class PromptTokensTests
{
    private static readonly long[] Counted = [.. Enumerable.Range(0, 1_000).Select(i => 10L + i % 37)];

    private static readonly Measurement Sound = Given.Measurement("MET-01", Given.Counts("reported", Counted), Given.Counts("counted", Counted));

    [Fact]
    public void A_server_that_counts_the_ids_of_the_rendered_template_passes()
    {
        var finding = Judged.By(Clauses.PromptTokens, Sound);

        Judged.Passes(finding);
        Assert.Equal(1_000_000, Judged.Milli(finding, "answers compared"));
    }

    [Fact]
    public void One_token_more_for_every_prompt_with_an_emoji_fails() =>
        Assert.Contains("100 of 1000", Judged.Measured(With([.. Counted.Select((tokens, i) => i % 10 == 3 ? tokens + 1 : tokens)])), StringComparison.Ordinal);

    [Fact]
    public void One_wrong_answer_in_a_thousand_fails() =>
        Assert.Contains("the first is number 501: 30 reported, 29 counted", Judged.Measured(With([.. Counted.Select((tokens, i) => i == 500 ? tokens + 1 : tokens)])), StringComparison.Ordinal);

    [Fact]
    public void Characters_divided_by_four_fail() => Judged.Measured(With([.. Counted.Select(tokens => tokens * 3 / 4)]));

    [Fact]
    public void An_answer_without_usage_fails() =>
        Assert.Contains("1 of them none", Judged.Measured(With([.. Counted.Select((tokens, i) => i == 0 ? long.MaxValue : tokens)])), StringComparison.Ordinal);

    [Fact]
    public void Evidence_with_a_gap_decides_nothing() =>
        Assert.All(
            new[]
            {
                Sound.Without("reported"),
                Sound.Without("counted"),
                Sound.WithSeries(Given.Counts("reported", Counted[1..])),
                Given.Measurement("MET-01", Given.Counts("reported", Counted[1..]), Given.Counts("counted", Counted[1..])),
                Sound.WithSeries(new Series("counted", "ns", [.. Counted])),
                Sound.WithSeries(Given.Counts("counted", [.. Counted[1..], -1])),
            },
            measurement => Judged.Reason(Judged.By(Clauses.PromptTokens, measurement)));

    private static Finding With(long[] reported) => Judged.By(Clauses.PromptTokens, Sound.WithSeries(Given.Counts("reported", reported)));
}
