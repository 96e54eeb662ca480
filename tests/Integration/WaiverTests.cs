using System.Text.Json;
using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>A run on the real path that failed PERF-12, waived by two people with the real command line, certified and verified.</summary>
public sealed class WaiverTests(Bench bench)
{
    private const int Attempts = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_throttled_chip_is_certified_with_a_waiver_by_two_people_and_only_for_whoever_accepts_it()
    {
        var run = new RunDirectory((await FailedAsync()).Directory!);
        Assert.False(File.Exists(run.Certificate));
        var (tester, reviewer) = (await KeyAsync("tester", "u-17"), await KeyAsync("reviewer", "u-09"));
        string[] trust = ["--trust", Trust(tester), "--trust", Trust(reviewer)];

        var file = await WaiverAsync(run, "PERF-12", tester);
        var alone = await AdaptAsync(["issue", run.Path, "--waiver", file, .. trust]);
        Assert.True(alone.ExitCode == 1, $"{alone}");
        Assert.True(alone.Output[0].EndsWith("WAIVER_SIG", StringComparison.Ordinal), $"{alone}");
        Assert.Equal(3, (await AdaptAsync(["waiver", "sign", file, "--key", tester, .. Words])).ExitCode);
        Assert.Equal(0, (await AdaptAsync(["waiver", "sign", file, "--key", reviewer, .. Words])).ExitCode);
        var issued = await AdaptAsync(["issue", run.Path, "--waiver", file, .. trust]);
        Assert.True(issued.ExitCode == 0, $"{issued}");

        string[] verify = ["verify", run.Certificate, "--json", "--evidence", run.Evidence, "--trust", Path.Combine(bench.Place.Data, "adaptation/keys/issuer/trust.json"), .. trust];
        Assert.Equal((1, "RESULT_WARNED"), Code(await AdaptAsync(verify)));
        Assert.Equal((1, "WAIVER_SIG"), Code(await AdaptAsync([.. verify[..^2], "--accept-waivers"])));
        var accepted = await AdaptAsync([.. verify, "--accept-waivers"]);
        Assert.True(accepted.ExitCode == 0, $"{accepted}");
        var said = JsonDocument.Parse(Assert.Single(accepted.Output)).RootElement;
        Assert.Equal(("WARNED", "L1"), (said.GetProperty("result").GetString(), said.GetProperty("level").GetString()));
        var waiver = Assert.Single(said.GetProperty("waivers").EnumerateArray());
        Assert.Equal(["u-17", "u-09"], waiver.GetProperty("signers").EnumerateArray().Select(signer => signer.GetProperty("person").GetString()));
        Assert.Contains("coefficient of variation", waiver.GetProperty("measured").GetString(), StringComparison.Ordinal);
        Assert.Contains("带 1 项豁免通过", await File.ReadAllTextAsync(run.Report, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_correct_cannot_be_waived_nor_what_passed()
    {
        var ended = await bench.CertifyAsync(Stand.With("--garbage", "--from", "5"), "answers", Token, "garbage, to be waived");
        var run = new RunDirectory(ended.Directory!);
        var tester = await KeyAsync("tester", "u-18");

        foreach (var (check, words) in new[] { ("COR-18", "does not let COR-18 be waived"), ("OPS-01", "broke off"), ("OPS-02", "is pass") })
        {
            var refused = await AdaptAsync(["waiver", "new", "--run", run.Path, "--check", check, .. Why, "--key", tester, .. Words]);
            Assert.True(refused.ExitCode == 3, $"{check}: {refused}");
            Assert.Contains(words, refused.Errors, StringComparison.Ordinal);
        }
    }

    private static string[] Words => ["--passphrase-fd", "3"];

    private static string[] Why => ["--reason", "厂商缺陷 4711", "--defect", "https://bugs.example.cn/4711", "--expires", $"{TimeProvider.System.GetUtcNow().AddDays(60):yyyy-MM-dd}"];

    /// <summary>A busy machine blurs how steady a rate is into an inconclusive, which nobody can waive: then once more.</summary>
    private async Task<Ended> FailedAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var ended = await bench.ThrottledAsync("waived", Token);
            var notPassed = ended.Events("judged").Where(judged => judged.GetProperty("verdict").GetString() != "pass").Select(judged => judged.GetProperty("check").GetString());
            if (ended.Verdict("PERF-12") == "fail" && notPassed.SequenceEqual(["PERF-12"]))
                return ended;
            Assert.True(attempt < Attempts, $"PERF-12 never failed on its own in {Attempts} runs: {ended}");
        }
    }

    private async Task<string> WaiverAsync(RunDirectory run, string check, string key)
    {
        var drafted = await AdaptAsync(["waiver", "new", "--run", run.Path, "--check", check, .. Why, "--key", key, .. Words]);
        Assert.True(drafted.ExitCode == 0, $"{drafted}");
        return bench.Place.Write($"{run.Id}/waiver.json", Assert.Single(drafted.Output));
    }

    private async Task<string> KeyAsync(string duty, string person)
    {
        var key = bench.Place.Write($"{person}/note.txt", "") + ".key";
        var made = await AdaptAsync(["keys", "new", key, "--role", "issuer", "--duty", duty, "--person", person, .. Words]);
        Assert.True(made.ExitCode == 0, $"{made}");
        return key;
    }

    private static string Trust(string key) => Path.ChangeExtension(key, ".trust.json");

    private static (int, string?) Code(Ended ended) =>
        (ended.ExitCode, JsonDocument.Parse(Assert.Single(ended.Output)).RootElement.GetProperty("code").GetString());

    /// <summary>With a passphrase on a file descriptor, for the commands that ask for one.</summary>
    private Task<Ended> AdaptAsync(string[] arguments) => bench.RunAsync(
        string.Join(' ', arguments.Take(2)), ["sh", "-c", $"exec \"$0\" \"$@\" 3<{bench.Place.Write("words/passphrase", "correct horse battery\n")}"], arguments, Token);
}
