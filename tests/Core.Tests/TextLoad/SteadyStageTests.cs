using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

public sealed class SteadyStageTests
{
    [Fact] // 4 streams of 1 s each: full from 0 on, the fifth request leaves at 1 s, and the last four end together
    public void It_goes_from_the_first_request_after_full_concurrency_to_the_last_moment_at_it()
    {
        var load = Closed(4, 40, _ => new Answer(Second, 0, 30));

        Assert.Equal(new SteadyStage(Second, 10 * Second), SteadyStage.TryFind(load));
    }

    [Fact] // tokens at 1 s belong to the ramp; 9 rounds of 4 requests of 30 tokens arrive in the 9 s after it
    public void Its_rate_counts_tokens_that_arrived_inside_it()
    {
        var load = Closed(4, 40, _ => new Answer(Second, 0, 30, PerChunk: 30));

        Assert.Equal(120_000, SteadyStage.TryFind(load)!.Value.OutputRateMilli(load));
    }

    [Fact]
    public void The_drain_is_cut()
    {
        var load = Closed(2, 21, i => new Answer(i == 20 ? 50 * Second : Second, 0, 1));

        Assert.Equal(10 * Second, SteadyStage.TryFind(load)!.Value.To);
    }

    [Fact]
    public void A_load_that_never_reached_its_concurrency_has_none() =>
        Assert.Null(SteadyStage.TryFind(Closed(4, 3, _ => Good)));

    [Fact]
    public void A_server_load_is_cut_at_the_last_due_time()
    {
        var load = Server(5_000, 100, _ => Good);

        Assert.Equal(new SteadyStage(load.Requests[0].Due, load.Requests[^1].Due), SteadyStage.TryFind(load));
        Assert.Equal(100, SteadyStage.TryFind(load)!.Value.Of(load).Length);
    }

    [Theory] // AISBench: below a third of the duration
    [InlineData(2999, true)]
    [InlineData(3000, false)]
    public void A_point_is_trusted_only_if_its_longest_request_took_less_than_a_third(int longestMillis, bool isTrusted)
    {
        var load = Server(10_000, 200, i => new Answer(i == 50 ? longestMillis * Ms : Ms, 0, 1));

        Assert.Equal(isTrusted, new SteadyStage(0, 9 * Second).IsTrustworthy(load, 333_333));
    }

    [Fact]
    public void Goodput_divides_by_all_that_were_due()
    {
        var load = Server(10_000, 100, i => i < 5 ? Good with { Status = 1 } : i < 10 ? Good with { First = 3 * Second } : i < 15 ? Good with { Tokens = 10 } : Good);

        var goodput = Goodput.Of(load, SteadyStage.TryFind(load)!.Value, new TextLimits(2 * Second, 100 * Ms));

        Assert.Equal((85, 100, 850_000), (goodput.Good, goodput.Requests, goodput.SharePpm));
        Assert.InRange(goodput.TokensMilli - (30 * goodput.RequestsMilli), 0, 29);
    }

    [Fact]
    public void A_client_that_falls_behind_shows_as_skew()
    {
        var load = Server(10_000, 101, _ => Good);
        var first = load.Requests[0].Due;
        var slow = load with { Requests = [.. load.Requests.Select(request => request with { Sent = request.Due + ((request.Due - first) / 10), Ended = request.Ended + (10 * Second) })] };

        Assert.Equal(0, OfferedRate.TryMeasure(load)!.SkewPpm);
        Assert.InRange(OfferedRate.TryMeasure(slow)!.SkewPpm, 90_000, 91_000);
    }
}
