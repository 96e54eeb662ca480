using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>Known-bad controls of a server of text that lies, each caught by the check and for the cause that tests/Simulators/cheats.json states.</summary>
/// <remarks>Lies that no check confuses are told in one run. One at a time, against every check, stand in docs/detection.md.</remarks>
public sealed class CheatingServerTests(Bench bench)
{
    private static readonly Dictionary<string, Ended> Runs = new(StringComparer.Ordinal);

    public static TheoryData<string> Cheats => [.. Liar.Table.Select(row => row.Cheat)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Cheats))]
    public async Task A_server_that_cheats_is_rejected_for_the_right_cause(string cheat)
    {
        var row = Liar.Table.Single(row => row.Cheat == cheat);

        var ended = await RunAsync(row.Run, row.Suite, [.. Liar.Table.Where(other => other.Run == row.Run).SelectMany(other => other.Options)]);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict(row.Clause));
        Assert.Contains(row.Cause, ended.Reason(row.Clause), StringComparison.Ordinal);
    }

    /// <summary>The audited one at a pace that leaves room for what else the machine does.</summary>
    [Theory]
    [InlineData("words", "0")]
    [InlineData("audit", "6")]
    public async Task An_honest_server_behind_the_same_proxy_is_not_rejected(string suite, string pace)
    {
        var ended = await HonestAsync(suite, pace);

        Assert.All(ended.Events("judged"), judged => Assert.False(judged.GetProperty("verdict").GetString() == "fail", $"{judged}"));
        Assert.Equal("pass", ended.Verdict("OPS-01"));
    }

    [Fact]
    public async Task The_seed_of_an_audit_is_drawn_after_the_server_started_and_stands_in_the_journal()
    {
        var ended = await HonestAsync("audit", "6");

        var lines = File.ReadAllLines(new RunDirectory(ended.Directory!).Journal);
        var drawn = Array.FindIndex(lines, line => line.Contains("\"kind\":\"audit-drawn\"", StringComparison.Ordinal));
        var deployed = Array.FindLastIndex(lines, Math.Max(0, drawn), line => line.Contains("\"kind\":\"deployed\"", StringComparison.Ordinal));
        Assert.InRange(drawn, 1, lines.Length);
        Assert.InRange(deployed, 0, drawn - 1);
        Assert.Contains("\"seed\":", lines[drawn], StringComparison.Ordinal);
    }

    private Task<Ended> HonestAsync(string suite, string pace) => RunAsync($"honest {suite}", suite, ["--text", "--token-ms", pace]);

    private async Task<Ended> RunAsync(string what, string suite, string[] simulator)
    {
        if (!Runs.TryGetValue(what, out var ended))
            Runs[what] = ended = await bench.RunAsync($"lies: {what}", Liar.Certify(bench, suite, simulator), Token);
        return ended;
    }
}
