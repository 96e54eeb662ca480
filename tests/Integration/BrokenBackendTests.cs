using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>Servers that break off. That is evidence: the run ends with a verdict, a reason of its own, and nothing left behind.</summary>
public sealed class BrokenBackendTests(Bench bench)
{
    private static readonly TimeSpan LongestFlood = TimeSpan.FromSeconds(90);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ended with exit code 18", "serve", "--die-after", "40")]
    [InlineData("ended with exit code 17", "start-up", "--die-at-start")]
    [InlineData("did not give a whole answer within 2 s", "serve", "--hang-after", "30")]
    [InlineData("did not give a good answer within 12 s", "start-up", "--never-ready")]
    [InlineData("answered golden input", "serve", "--garbage", "--from", "5")]
    [InlineData("it answered, and wrongly", "start-up", "--wrong-shape")]
    [InlineData("answered golden input", "serve", "--truncate", "--from", "5")]
    [InlineData("killed for memory (limit 512 MiB", "start-up", "--memory-flood")]
    public async Task A_server_that_breaks_off_is_rejected_with_the_reason(string reason, string step, params string[] faults)
    {
        var stand = Stand.With(faults) with { ReadyWithin = "12s", AnswerWithin = "2s", Container = "memory: 512MiB, tmp: 64MiB" };

        var ended = await bench.CertifyAsync(stand, "quick", Token, string.Join(' ', faults));

        Bench.AssertRejected(ended);
        var broke = Assert.Single(ended.Events("backend-broke"));
        Assert.Equal(step, broke.GetProperty("step").GetString());
        Assert.Contains(reason, broke.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("fail", ended.Verdict("OPS-01"));
        Assert.Contains(reason, ended.Reason("OPS-01"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_log_ends_the_run_and_fills_no_disk()
    {
        var ended = await bench.CertifyAsync(Stand.With("--log-flood", "1073741824") with { ReadyWithin = "60s" }, "start", Token);

        Bench.AssertRejected(ended);
        Assert.Contains("more than 64 MiB of log", ended.Reason("OPS-01"), StringComparison.Ordinal);
        Assert.InRange(ended.Took, TimeSpan.Zero, LongestFlood);
        var evidence = new RunDirectory(ended.Directory!).Evidence;
        Assert.All(Directory.GetFiles(Path.Combine(evidence, "run", "log")), log => Assert.InRange(new FileInfo(log).Length, 0, 256 << 10));
    }

    [Fact]
    public async Task What_a_server_leaves_behind_is_removed_with_it()
    {
        var ended = await bench.CertifiedAsync(Stand.With("--leave-behind", "--ignore-sigterm"), "start", Token);

        Assert.Equal("pass", ended.Verdict("OPS-01"));
    }
}
