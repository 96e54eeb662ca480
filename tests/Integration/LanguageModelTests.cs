using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>tiny-poet through llama.cpp in a container: certified in 16 bits; its logits in four bits held to the limits of four.</summary>
public sealed class LanguageModelTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tiny_poet_is_certified_and_its_evidence_gives_the_same_verdicts_again()
    {
        var ended = await CertifyAsync("f16");

        Assert.True(ended.ExitCode == 0, $"{ended}");
        var verdicts = Verdicts(ended);
        Assert.Equal(19, verdicts.Count);
        Assert.Equal(["COR-08"], verdicts.Where(verdict => verdict.Value != "pass").Select(verdict => verdict.Key));
        var run = new RunDirectory(ended.Directory!);
        Bench.AssertJournalIsWhole(run);
        var verified = await bench.RunAsync("verify tiny-poet", ["verify", run.Certificate, "--json", "--evidence", run.Evidence], Token);
        Assert.True(verified.ExitCode == 0, $"{verified}");
    }

    [Fact]
    public async Task Four_bits_are_accepted_by_the_limits_of_four_bits_and_draw_and_count_as_they_should()
    {
        var ended = await CertifyAsync("q4_0");

        var verdicts = Verdicts(ended);
        Assert.Equal("not_applicable", verdicts["COR-06"]);
        Assert.Equal("not_applicable", verdicts["COR-07"]);
        Assert.All(["COR-08", "COR-09", "COR-12", "COR-13", "COR-14", "COR-15"], check => Assert.Equal("pass", verdicts[check]));
        Assert.All(verdicts.Where(verdict => verdict.Key[..3] is "MET" or "SEC" or "OPS"), verdict => Assert.Equal("pass", verdict.Value));
    }

    private Task<Ended> CertifyAsync(string precision) => bench.RunAsync(
        $"tiny-poet {precision}",
        ["certify", "--json", "--runs", bench.Place.Runs, "--suite", "text", "--profile", "generic/x64-llamacpp", "--model", "tiny-poet", "--precision", precision], Token);

    private static Dictionary<string, string> Verdicts(Ended ended) => ended.Events("judged").ToDictionary(
        judged => judged.GetProperty("check").GetString()!, judged => judged.GetProperty("verdict").GetString()!, StringComparer.Ordinal);
}
