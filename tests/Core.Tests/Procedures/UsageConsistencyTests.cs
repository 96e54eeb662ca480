using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class UsageConsistencyTests
{
    private static readonly Measurement Sound = Given.Measurement(
        "MET-04",
        Given.Counts("prompt_tokens", 10, 20, 0),
        Given.Counts("completion_tokens", 5, 0, 7),
        Given.Counts("total_tokens", 15, 20, 7),
        Given.Counts("cached_tokens", 10, 4, 0),
        Given.Counts("reasoning_tokens", 5, 0, 0)) with
    { Facts = Given.Facts(("answers", "3")) };

    [Fact]
    public void Sums_and_parts_that_fit_pass() => Judged.Passes(Judged.By(Clauses.UsageConsistency, Sound));

    [Theory]
    [InlineData("total_tokens", 21, "total_tokens 21 is not 20 + 0")]
    [InlineData("total_tokens", 19, "total_tokens 19 is not 20 + 0")]
    [InlineData("prompt_tokens", long.MaxValue, "total_tokens")]
    [InlineData("cached_tokens", 21, "cached_tokens 21 of prompt_tokens 20")]
    [InlineData("reasoning_tokens", 1, "reasoning_tokens 1 of completion_tokens 0")]
    public void One_answer_that_contradicts_itself_fails(string series, long value, string words)
    {
        var measured = Judged.Measured(Judged.By(Clauses.UsageConsistency, Sound.WithSeries(Given.Counts(series, [.. Sound.Samples(series).SetItem(1, value)]))));

        Assert.Contains("1 of 3", measured, StringComparison.Ordinal);
        Assert.Contains(words, measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_no_long_can_sum_fail_and_do_not_break_the_judge() =>
        Judged.Measured(Judged.By(Clauses.UsageConsistency, Sound
            .WithSeries(Given.Counts("prompt_tokens", long.MaxValue, 20, 0)).WithSeries(Given.Counts("completion_tokens", long.MaxValue, 0, 7))));

    [Fact]
    public void Evidence_with_a_gap_decides_nothing() =>
        Assert.All(
            Sound.Series.Select(series => Sound.Without(series.Name))
                .Concat(Sound.Series.Select(series => Sound.WithSeries(series with { Samples = series.Samples[1..] })))
                .Append(Sound.WithoutFact("answers"))
                .Append(Sound.WithFact("answers", "4"))
                .Append(Given.Measurement("MET-04", [.. Sound.Series.Select(series => series with { Samples = [] })]) with { Facts = Given.Facts(("answers", "0")) }),
            measurement => Judged.Reason(Judged.By(Clauses.UsageConsistency, measurement)));
}
