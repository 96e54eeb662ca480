using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

public sealed class TextMetricsTests
{
    [Fact]
    public void Times_of_a_request_follow_from_its_chunks()
    {
        var load = Server(1000, 1, _ => new Answer(200 * Ms, 20 * Ms, 30), delay: 5 * Ms);
        var request = load.Requests[0];

        Assert.Equal(205 * Ms, load.FirstToken(request));
        Assert.Equal(200 * Ms, load.WireFirstToken(request));
        Assert.Equal((205 + (29 * 20)) * Ms, load.EndToEnd(request));
        Assert.Equal(20 * Ms, load.PerOutputToken(request));
        Assert.Equal(((205 + (29 * 20)) * Ms / 30) + 1, load.NormalisedPerOutputToken(request)); // 785 ms are no whole multiple of 30 ns
        Assert.Equal(5 * Ms, TextMetrics.StartDelay(request));
    }

    [Fact]
    public void A_closed_loop_counts_from_sending_and_an_open_one_from_the_due_time()
    {
        var open = Server(1000, 1, _ => Good, delay: 7);
        var closed = open with { Terms = open.Terms with { Scenario = TextScenarios.Concurrency, Streams = 1 } };

        Assert.Equal((7 + (200 * Ms), 200 * Ms), (open.FirstToken(open.Requests[0]), closed.FirstToken(closed.Requests[0])));
    }

    [Fact]
    public void A_quotient_is_rounded_up_so_that_it_keeps_a_limit_exactly_if_the_times_do() =>
        Prop.ForAll<NonNegativeInt, PositiveInt, NonNegativeInt>((span, more, limit) =>
        {
            var load = Server(1000, 1, _ => new Answer(10, span.Get, more.Get % 50 + 2));
            var request = load.Requests[0];
            var (time, gaps) = (load.Arrivals[^1] - load.Arrivals[0], request.OutputTokens - 1);

            return (load.PerOutputToken(request) <= limit.Get) == (time <= (long)limit.Get * gaps);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Gaps_between_chunks_are_not_gaps_between_tokens()
    {
        var load = Server(1000, 1, _ => new Answer(100 * Ms, 10 * Ms, 8, PerChunk: 4));

        Assert.Equal([40 * Ms], load.ChunkGaps(load.Requests[0]));
        Assert.Equal([0, 0, 0, 40 * Ms, 0, 0, 0], load.TokenGaps(load.Requests[0]));
    }

    [Fact]
    public void An_answer_of_one_token_has_no_time_per_token_and_one_of_one_chunk_streamed_nothing()
    {
        var one = Server(1000, 1, _ => new Answer(Ms, Ms, 1));
        var lump = Server(1000, 1, _ => new Answer(Ms, Ms, 30, PerChunk: 30));

        Assert.Null(one.PerOutputToken(one.Requests[0]));
        Assert.Equal(long.MaxValue, lump.PerOutputToken(lump.Requests[0]));
    }

    [Fact]
    public void A_failed_request_is_slower_than_all_others_and_in_no_percentile()
    {
        var load = Server(1000, 100, i => Good with { Status = i < 10 ? 2 : 0 });

        var times = TextPopulation.Of(load.Requests.Select(load.FirstToken));

        Assert.Equal((90, 10, 100), (times.Sorted.Length, times.Failed, times.Count));
        Assert.Equal(10, times.Later(200 * Ms));
        Assert.Equal(200 * Ms, times.Percentile(900, 990_000));
    }

    [Theory] // t = 0 of the table: fewer samples than that say nothing of the percentile
    [InlineData(500, 7)]
    [InlineData(900, 44)]
    [InlineData(950, 90)]
    [InlineData(990, 459)]
    [InlineData(999, 4603)]
    public void A_percentile_is_refused_below_the_count_that_it_needs(int perMille, int needed)
    {
        Assert.NotNull(TextPopulation.Of(Enumerable.Range(1, needed).Select(i => (long)i)).Percentile(perMille, 990_000));
        Assert.Null(TextPopulation.Of(Enumerable.Range(1, needed - 1).Select(i => (long)i)).Percentile(perMille, 990_000));
    }

    [Fact]
    public void A_percentile_is_the_sample_of_rank_p_times_n_rounded_up() =>
        Assert.Equal(99 * 7, TextPopulation.Of(Enumerable.Range(1, 700).Select(i => (long)i)).Percentile(990, 990_000));

    [Fact]
    public void Tokens_arrive_with_their_chunks() =>
        Assert.Equal(
            [100 * Ms, 100 * Ms, 100 * Ms, 100 * Ms, 140 * Ms, 140 * Ms],
            Closed(1, 1, _ => new Answer(100 * Ms, 10 * Ms, 6, PerChunk: 4)).TokenArrivals());

    [Fact]
    public void What_is_written_reads_back()
    {
        var load = Server(3000, 50, i => new Answer((100 + i) * Ms, 10 * Ms, i % 7 == 0 ? 0 : 30, PerChunk: 1 + (i % 3), Status: i % 7 == 0 ? 3 : 0));

        var read = TextLoadSeries.TryRead(Measured("PERF-02", load, "c8."), "c8.", out var problem);

        Assert.Equal("", problem);
        Assert.Equal(load.Terms, read!.Terms);
        Assert.Equal(load.Requests, read.Requests.AsEnumerable());
        Assert.Equal(load.Arrivals, read.Arrivals.AsEnumerable());
        Assert.Equal(load.ChunkTokens, read.ChunkTokens.AsEnumerable());
    }

    [Fact]
    public void Evidence_that_contradicts_itself_is_refused()
    {
        var good = Measured("PERF-02", Closed(2, 20, _ => Good));
        ImmutableArray<long> Changed(string series, int index, long value) => good.Samples(series).SetItem(index, value);
        Measurement[] bad =
        [
            good.Without("arrivals"),
            good.WithSeries(new("due", "count", good.Samples("due"))),
            good.WithSeries(new("due", "ns", Changed("due", 3, long.MaxValue))),
            good.WithSeries(new("ended", "ns", Changed("ended", 3, 0))),
            good.WithSeries(new("ended", "ns", good.Samples("ended").RemoveAt(3))),
            good.WithSeries(new("chunks", "count", Changed("chunks", 3, 29))),
            good.WithSeries(new("chunks", "count", Changed("chunks", 19, long.MaxValue))),
            good.WithSeries(new("output_tokens", "count", Changed("output_tokens", 3, 60))),
            good.WithSeries(new("chunk_tokens", "count", Changed("chunk_tokens", 3, long.MaxValue - 1))),
            good.WithSeries(new("arrivals", "ns", Changed("arrivals", 1, 0))),
            good.WithSeries(new("arrivals", "ns", good.Samples("arrivals").Add(5))),
            good.WithSeries(new("first_byte", "ns", Changed("first_byte", 0, long.MaxValue))),
            good.WithSeries(new("status", "count", Changed("status", 0, 1000))),
            good.WithFact("scenario", "guess"),
            good.WithFact("counted_by", "server"),
            good.WithFact("seed", "-1"),
            good.WithoutFact("dropped"),
            good.WithFact("streams", "99999999999"),
        ];

        Assert.All(bad, measurement =>
        {
            Assert.Null(TextLoadSeries.TryRead(measurement, "", out var problem));
            Assert.NotEmpty(problem);
        });
    }
}
