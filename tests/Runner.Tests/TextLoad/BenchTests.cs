using Adaptation.Core;
using static Adaptation.Runner.Tests.GivenLoad;

namespace Adaptation.Runner.Tests;

/// <summary>Scenarios against servers in virtual time.</summary>
public sealed class BenchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_load_is_due_on_the_schedule_of_its_seed()
    {
        var outcome = await Bench(new SimulatedDriver(1000, _ => Good)).RunAsync(new TextScenario.Server(20_000), new LoadExtent(300, null), Token);

        Assert.Equal(PoissonSchedule.Make(3, 20_000, 300), outcome.Load.Requests.Select(request => request.Due));
        Assert.All(outcome.Load.Requests, request => Assert.Equal((100 * Ms) + 10_000, outcome.Load.FirstToken(request)));
    }

    [Fact] // one slot of 200 ms and arrivals far faster: request i waits for i services
    public async Task Queueing_at_the_server_shows_in_an_open_loop()
    {
        var outcome = await Bench(new SimulatedDriver(1, _ => Good)).RunAsync(new TextScenario.Server(1_000_000_000), new LoadExtent(10, null), Token);

        var last = outcome.Load.Requests[^1];
        Assert.InRange(outcome.Load.FirstToken(last), ((9 * 200) + 100 - 1) * Ms, ((9 * 200) + 100 + 1) * Ms);
    }

    [Fact]
    public async Task A_duration_bounds_the_due_times_of_every_loop()
    {
        var bench = Bench(new SimulatedDriver(1000, _ => Good));
        await bench.WarmUpAsync(2, 4, Token);

        var open = await bench.RunAsync(new TextScenario.Server(50_000), new LoadExtent(null, TimeSpan.FromSeconds(10)), Token);
        var closed = await bench.RunAsync(new TextScenario.FixedConcurrency(5), new LoadExtent(null, TimeSpan.FromSeconds(10)), Token);

        Assert.InRange(open.Load.Requests.Max(request => request.Due), 9_000 * Ms, 10_000 * Ms);
        Assert.InRange(closed.Load.Requests.Max(request => request.Due), 9_700 * Ms, 10_000 * Ms); // it had requests enough to the end
        Assert.Equal((0, 0), (open.Load.Terms.Dropped, closed.Load.Terms.Dropped));
    }

    [Fact]
    public async Task A_single_stream_has_one_request_at_a_time()
    {
        var outcome = await Bench(new SimulatedDriver(8, _ => Good)).RunAsync(new TextScenario.SingleStream(), new LoadExtent(50, null), Token);

        Assert.All(outcome.Load.Requests.Zip(outcome.Load.Requests.Skip(1)), pair => Assert.True(pair.First.Ended <= pair.Second.Sent));
    }

    [Fact]
    public async Task A_query_of_a_multi_stream_load_leaves_when_the_one_before_has_ended()
    {
        var outcome = await Bench(new SimulatedDriver(4, _ => Good)).RunAsync(new TextScenario.MultiStream(8), new LoadExtent(24, null), Token);

        var queries = outcome.Load.Requests.Chunk(8).ToArray();
        Assert.Equal(3, queries.Length);
        Assert.All(queries, query => Assert.Single(query.Select(request => request.Due).Distinct()));
        Assert.All(queries.Zip(queries.Skip(1)), pair => Assert.True(pair.First.Max(request => request.Ended) <= pair.Second[0].Due));
        Assert.Equal(0, outcome.Load.Terms.Dropped);
    }

    [Fact] // 10 slots, 11 tokens in 200 ms: 550 tokens/s
    public async Task An_offline_load_is_all_at_once_and_its_rate_is_the_servers()
    {
        var outcome = await Bench(new SimulatedDriver(10, _ => Good)).RunAsync(new TextScenario.Offline(), new LoadExtent(200, null), Token);

        Assert.All(outcome.Load.Requests, request => Assert.Equal(0, request.Due));
        Assert.InRange(SteadyStage.TryFind(outcome.Load)!.Value.OutputRateMilli(outcome.Load), 549_000, 550_000);
    }

    [Fact]
    public async Task What_was_measured_reads_back_from_evidence_as_it_was()
    {
        var outcome = await Bench(new SimulatedDriver(4, i => i % 9 == 4 ? Good with { Failure = TextFailure.Timeout, Status = 0 } : Good))
            .RunAsync(new TextScenario.FixedConcurrency(4), new LoadExtent(60, null), Token);

        var read = TextLoadSeries.TryRead(new Measurement { Check = "PERF-02" }.With("c4.", outcome.Load), "c4.", out var problem);

        Assert.Equal("", problem);
        Assert.Equal(outcome.Load.Requests, read!.Requests.AsEnumerable());
        Assert.Contains(read.Requests, request => request.Status == 1 + (int)TextFailure.Timeout);
    }

    [Fact]
    public async Task A_sample_that_is_missing_is_a_dropped_request()
    {
        var driver = new SimulatedDriver(4, _ => Good);
        var prompts = new TextWorkload(Workload, null).Take(20);
        var result = await driver.RunAsync(
            new TextLoadSpec { Transport = SimulatedDriver.Server, Requests = [.. prompts.Select(prompt => prompt.Request)], Arrivals = new Arrivals.Concurrent(2, null, TimeSpan.Zero), RequestLimit = TimeSpan.FromMinutes(1) },
            null, Token);

        long Dropped(TextScenario scenario, params int[] lost) => TextSamples.ToLoad(
            result with { Samples = [.. result.Samples.Where(sample => !lost.Contains(sample.Request))] }, prompts, scenario, Workload, null).Terms.Dropped;

        Assert.Equal([0, 1, 0, 1], [Dropped(new TextScenario.Offline()), Dropped(new TextScenario.Offline(), 19), Dropped(new TextScenario.FixedConcurrency(2), 19), Dropped(new TextScenario.FixedConcurrency(2), 5)]);
    }

    [Fact]
    public async Task No_two_prompts_of_a_bench_begin_alike()
    {
        var driver = new SimulatedDriver(4, _ => Good);
        var bench = Bench(driver);
        await bench.WarmUpAsync(2, 50, Token);
        await bench.RunAsync(new TextScenario.Server(10_000), new LoadExtent(500, null), Token);
        await bench.RunAsync(new TextScenario.FixedConcurrency(4), new LoadExtent(500, null), Token);

        var heads = driver.Bodies.Select(body => body[body.IndexOf("\"prompt\"", StringComparison.Ordinal)..][..24]).ToArray();
        Assert.Equal(1050, heads.Distinct().Count());
    }

    [Fact]
    public void The_same_seed_makes_the_same_prompts_and_another_one_others()
    {
        string[] Bodies(long seed) => [.. new TextWorkload(Workload with { Seed = seed }, null).Take(5).Select(prompt => System.Text.Encoding.UTF8.GetString(prompt.Request.Body.Span))];

        Assert.Equal(Bodies(3), Bodies(3));
        Assert.Empty(Bodies(3).Intersect(Bodies(4)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(1000)]
    public void With_a_tokenizer_a_prompt_has_the_wanted_length_to_the_token(int tokens) =>
        Assert.All(new TextWorkload(Workload with { PromptTokens = tokens }, new ByteTokenizer()).Take(3), prompt => Assert.Equal(tokens, prompt.Tokens));

    [Theory]
    [InlineData(false, "/v1/completions", "prompt")]
    [InlineData(true, "/v1/chat/completions", "messages")]
    public async Task A_request_says_what_it_asks_for(bool chat, string path, string field)
    {
        var driver = new SimulatedDriver(4, _ => Good);
        await Bench(driver, Workload with { Chat = chat }).RunAsync(new TextScenario.SingleStream(), new LoadExtent(1, null), Token);

        Assert.Equal(path, driver.Specs[0].Requests[0].Path);
        Assert.All([$"\"{field}\"", "\"max_tokens\":11", "\"stream\":true", "\"include_usage\":true", "\"ignore_eos\":true"], part => Assert.Contains(part, driver.Bodies[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_plain_request_has_no_field_of_an_engine()
    {
        var driver = new SimulatedDriver(4, _ => Good);
        var outcome = await Bench(driver, Workload with { IgnoreEos = false, AskTokenIds = false }).RunAsync(new TextScenario.SingleStream(), new LoadExtent(1, null), Token);

        Assert.DoesNotContain("ignore_eos", driver.Bodies[0], StringComparison.Ordinal);
        Assert.DoesNotContain("return_token_ids", driver.Bodies[0], StringComparison.Ordinal);
        Assert.Equal(0, outcome.Load.Terms.LeastOutputTokens);
    }
}
