namespace Adaptation.Integration;

/// <summary>Known-bad controls of COR-18: a port that computes something else, and says so nowhere.</summary>
public sealed class WrongAnswerTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("scaled by 1 %", "--scale", "1.01")]
    [InlineData("red and blue swapped", "--swap-red-blue")]
    [InlineData("weights rounded to 8 bits", "--weights-bits", "8")]
    public async Task A_server_that_computes_something_else_is_rejected(string what, params string[] faults)
    {
        var ended = await bench.CertifyAsync(Stand.With(faults), "answers", Token, what);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict("COR-18"));
        Assert.Contains("outside the tolerance", ended.Reason("COR-18"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shape_that_changes_after_the_first_answer_is_rejected()
    {
        var ended = await bench.CertifyAsync(Stand.With("--wrong-shape", "--from", "2"), "answers", Token);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict("COR-18"));
        Assert.Contains("has the shape", ended.Reason("COR-18"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_only_right_while_it_is_idle_is_rejected()
    {
        var ended = await bench.CertifyAsync(Stand.With("--zeros-under-load"), "quick", Token);

        Bench.AssertRejected(ended);
        Assert.Equal("pass", ended.Verdict("COR-18")); // it was idle when that was asked
        Assert.Equal("fail", ended.Verdict("PERF-05"));
        Assert.Contains("wrong under load", ended.Reason("PERF-05"), StringComparison.Ordinal);
    }
}
