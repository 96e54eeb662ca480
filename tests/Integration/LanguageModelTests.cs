using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>tiny-poet through llama.cpp in a container: certified as it is, and refused where the weights are coarser than the profile's limits allow.</summary>
public sealed class LanguageModelTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tiny_poet_is_certified_and_its_evidence_gives_the_same_verdicts_again()
    {
        var ended = await CertifyAsync("f16");

        Assert.True(ended.ExitCode == 0, $"{ended}");
        var verdicts = Verdicts(ended);
        Assert.Equal(15, verdicts.Count);
        Assert.Equal(["COR-08"], verdicts.Where(verdict => verdict.Value != "pass").Select(verdict => verdict.Key));
        var run = new RunDirectory(ended.Directory!);
        Bench.AssertJournalIsWhole(run);
        var verified = await bench.RunAsync("verify tiny-poet", ["verify", run.Certificate, "--json", "--evidence", run.Evidence], Token);
        Assert.True(verified.ExitCode == 0, $"{verified}");
    }

    [Fact]
    public async Task Four_bits_on_so_small_a_model_are_rejected_by_their_logits_and_by_nothing_else()
    {
        var ended = await CertifyAsync("q4_0");

        Bench.AssertRejected(ended);
        var verdicts = Verdicts(ended);
        Assert.Equal("fail", verdicts["COR-08"]);
        Assert.Equal("not_applicable", verdicts["COR-07"]);
        Assert.All(verdicts.Where(verdict => verdict.Key[..3] is "MET" or "SEC" or "OPS"), verdict => Assert.Equal("pass", verdict.Value));
    }

    private Task<Ended> CertifyAsync(string precision) => bench.RunAsync(
        $"tiny-poet {precision}",
        ["certify", "--json", "--runs", bench.Place.Runs, "--suite", "text", "--profile", "generic/x64-llamacpp", "--model", "tiny-poet", "--precision", precision], Token);

    private static Dictionary<string, string> Verdicts(Ended ended) => ended.Events("judged").ToDictionary(
        judged => judged.GetProperty("check").GetString()!, judged => judged.GetProperty("verdict").GetString()!, StringComparer.Ordinal);
}
