namespace Adaptation.Core.Tests;

public sealed class EarlyStoppingTests
{
    [Theory] // the tables of the basis, 2.2, and of MLPerf's rule at 99 %
    [InlineData(900, new[] { 0, 1, 2, 3, 5, 10 }, new[] { 44, 64, 81, 97, 127, 197 })]
    [InlineData(950, new[] { 0, 1, 2, 3, 5, 10 }, new[] { 90, 130, 165, 198, 259, 398 })]
    [InlineData(970, new[] { 0, 1, 2, 5, 10 }, new[] { 152, 219, 277, 433, 667 })]
    [InlineData(990, new[] { 0, 1, 2, 3, 5, 10 }, new[] { 459, 662, 838, 1001, 1307, 2010 })]
    [InlineData(999, new[] { 0, 1, 2, 3, 5, 10 }, new[] { 4603, 6636, 8403, 10042, 13105, 20140 })]
    public void So_many_misses_need_so_many_requests(int perMille, int[] misses, int[] needed) =>
        Assert.Equal(needed, misses.Select(t => EarlyStopping.Needed(t, perMille, 990_000)));

    [Fact]
    public void At_95_percent_confidence_the_99th_needs_fewer() =>
        Assert.Equal([299, 473, 628], new[] { 0, 1, 2 }.Select(t => EarlyStopping.Needed(t, 990, 950_000)));

    [Theory] // a single-stream load of 64 scores its largest latency, one of 81 the second largest
    [InlineData(63, null)]
    [InlineData(64, 64L)]
    [InlineData(80, 80L)]
    [InlineData(81, 80L)]
    [InlineData(97, 95L)]
    [InlineData(127, 123L)]
    public void The_score_is_the_largest_latency_after_those_that_may_miss(int requests, long? score) =>
        Assert.Equal(score, EarlyStopping.Estimate([.. Enumerable.Range(1, requests).Select(i => (long)i)], 900, 990_000));
}
