using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class StreamUsageTests
{
    private const int Streams = 10;

    private static readonly Measurement Sound = Given.Measurement(
        "MET-03",
        Given.Counts("on.usage_chunks", [.. Streams.Times(1)]),
        Given.Counts("on.events_after", [.. Streams.Times(0)]),
        Given.Counts("on.choices", [.. Streams.Times(0)]),
        Given.Counts("on.total_tokens", [.. Streams.Times(42)]),
        Given.Counts("plain.total_tokens", [.. Streams.Times(42)]),
        Given.Counts("off.usage_chunks", [.. Streams.Times(0)]));

    [Fact]
    public void One_usage_chunk_with_empty_choices_right_before_the_end_passes() => Judged.Passes(Judged.By(Clauses.StreamUsage, Sound));

    [Theory]
    [InlineData("on.total_tokens", 43, "tokens differ")]
    [InlineData("on.total_tokens", 41, "tokens differ")]
    [InlineData("on.total_tokens", long.MaxValue, "tokens differ")]
    [InlineData("on.usage_chunks", 2, "exactly 1 usage chunk")]
    [InlineData("on.usage_chunks", 0, "exactly 1 usage chunk")]
    [InlineData("on.events_after", 1, "between usage and [DONE]")]
    [InlineData("on.choices", 1, "with choices")]
    [InlineData("off.usage_chunks", 1, "nobody asked for")]
    public void One_stream_in_ten_that_does_otherwise_fails(string series, long value, string words)
    {
        var samples = Sound.Samples(series).SetItem(4, value);

        Assert.Contains(words, Judged.Measured(Judged.By(Clauses.StreamUsage, Sound.WithSeries(Given.Counts(series, [.. samples])))), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_answers_that_both_report_nothing_do_not_agree()
    {
        var nothing = Given.Counts("on.total_tokens", [.. Streams.Times(long.MaxValue)]);

        Judged.Measured(Judged.By(Clauses.StreamUsage, Sound.WithSeries(nothing).WithSeries(nothing with { Name = "plain.total_tokens" })));
    }

    [Fact]
    public void Evidence_with_a_gap_decides_nothing() =>
        Assert.All(
            Sound.Series.Select(series => Sound.Without(series.Name))
                .Concat(Sound.Series.Select(series => Sound.WithSeries(series with { Samples = series.Samples[1..] })))
                .Append(Sound.WithSeries(new Series("on.choices", "ns", [.. Streams.Times(0)]))),
            measurement => Judged.Reason(Judged.By(Clauses.StreamUsage, measurement)));
}
