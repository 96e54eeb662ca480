namespace Adaptation.Integration;

/// <summary>Known-bad controls of PERF-01, 04, 05 and 12.</summary>
public sealed class WrongSpeedTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_slower_than_declared_is_rejected()
    {
        var ended = await bench.CertifyAsync(Stand.Good with { LatencyP99 = "{1: 20ms, 4: 20ms}" }, "answers", Token);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict("PERF-04"));
        Assert.Contains("later than 20.00 ms", ended.Reason("PERF-04"), StringComparison.Ordinal);
        Assert.Equal("pass", ended.Verdict("COR-18"));
    }

    [Fact]
    public async Task A_throughput_declared_a_fifth_too_high_is_not_certified()
    {
        var ended = await bench.CertifyAsync(Stand.Good with { Throughput = "48/s" }, "load", Token); // two streams at 50 ms are 40/s

        Assert.InRange(ended.ExitCode, 1, 2);
        Assert.Matches("^(fail|inconclusive)$", ended.Verdict("PERF-05"));
        Assert.Contains("45.6 samples/s", ended.Reason("PERF-05"), StringComparison.Ordinal);
        Assert.Null(ended.Certificate);
    }

    [Fact]
    public async Task A_late_start_is_shown_and_does_not_withhold_the_certificate()
    {
        var ended = await bench.CertifiedAsync(Stand.With("--start-delay-ms", "2000") with { ColdStart = "1500ms" }, "start", Token);

        Assert.Equal("fail", ended.Verdict("PERF-01"));
        Assert.Contains("the cold start declared", ended.Reason("PERF-01"), StringComparison.Ordinal);
        Assert.NotNull(ended.Certificate);
    }

    [Fact]
    public async Task A_chip_that_throttles_in_one_of_three_runs_is_not_repeatable()
    {
        var ended = await bench.ThrottledAsync("load", Token);

        Assert.InRange(ended.ExitCode, 1, 2);
        Assert.Matches("^(fail|inconclusive)$", ended.Verdict("PERF-12")); // a busy machine blurs it, and never into a pass
        Assert.Contains("limit 5 %", ended.Reason("PERF-12"), StringComparison.Ordinal);
        Assert.Null(ended.Certificate);
        await bench.NothingIsLeftAsync(Token);
    }
}
