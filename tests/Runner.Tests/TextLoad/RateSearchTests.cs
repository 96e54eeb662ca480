using static Adaptation.Runner.Tests.GivenLoad;

namespace Adaptation.Runner.Tests;

public sealed class RateSearchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<SloAnswer> Step(long rate, long limit) => Task.FromResult(rate <= limit ? SloAnswer.Holds : SloAnswer.Fails);

    [Theory]
    [InlineData(1_000, 37_000)]
    [InlineData(500_000, 37_000)]
    [InlineData(37_000, 37_000)]
    public async Task It_brackets_from_either_side_and_ends_within_the_precision(long start, long limit)
    {
        var found = await new RateSearch((rate, _, _) => Step(rate, limit), 459, 50_000, 40).RunAsync(start, Token);

        Assert.InRange(found.HighestMilli, limit * 95 / 100, limit);
        Assert.InRange(found.LowestFailedMilli!.Value, limit + 1, found.HighestMilli * 106 / 100);
    }

    [Fact]
    public async Task One_disturbed_probe_decides_nothing()
    {
        var isFirst = true;
        var found = await new RateSearch(
            (rate, _, _) =>
            {
                var disturbed = isFirst;
                isFirst = false;
                return disturbed ? Task.FromResult(SloAnswer.Fails) : Step(rate, 37_000);
            },
            459, 50_000, 40).RunAsync(20_000, Token);

        Assert.InRange(found.HighestMilli, 35_000, 37_000);
        Assert.Equal([SloAnswer.Fails, SloAnswer.Holds], found.Probes.Take(2).Select(probe => probe.Answer));
    }

    [Fact]
    public async Task An_open_probe_is_repeated_with_twice_the_requests_and_never_taken_to_hold()
    {
        var found = await new RateSearch((_, _, _) => Task.FromResult(SloAnswer.Open), 459, 50_000, 6).RunAsync(1_000, Token);

        Assert.Equal(0, found.HighestMilli);
        Assert.Equal([459, 918, 1836, 459, 918, 1836], found.Probes.Select(probe => probe.Requests));
    }

    [Fact]
    public async Task It_ends_after_the_most_probes() =>
        Assert.Equal(7, (await new RateSearch((_, _, _) => Task.FromResult(SloAnswer.Holds), 459, 50_000, 7).RunAsync(1_000, Token)).Probes.Length);

    [Fact] // 10 slots of 200 ms serve 50 requests/s; the limit is 500 ms to the first token, so that nearly all of it can be used
    public async Task It_finds_the_capacity_of_a_queue()
    {
        var result = await RunAsync(new SimulatedDriver(10, _ => Good), Request with { Scenario = "search", RateMilli = 5_000, Extent = new LoadExtent(2000, null) });

        Assert.Equal(LoadEnd.Valid, result.End);
        Assert.InRange(result.Found!.HighestMilli, 38_000, 50_000);
        Assert.Equal(result.Found.Probes.Length, result.Points.Length);
    }

    [Fact] // the first token alone takes longer than the limit
    public async Task A_server_that_never_keeps_the_limits_has_no_rate()
    {
        var result = await RunAsync(new SimulatedDriver(1000, _ => Good with { First = 600 * Ms }), Request with { Scenario = "search", Extent = new LoadExtent(662, null) });

        Assert.Equal((LoadEnd.LimitsMissed, 0L), (result.End, result.Found!.HighestMilli));
    }
}
