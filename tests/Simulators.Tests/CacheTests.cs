using Adaptation.Core;

namespace Adaptation.Simulators.Tests;

/// <summary>The simulated chip with a cache of compiled nodes, through the product: started with it empty, warm and damaged (COR-19).</summary>
public sealed class CacheTests : IDisposable
{
    private readonly ChipStand _stand = new();

    /// <summary>Rejected by COR-19: fault, what it does, and what the reason must say.</summary>
    internal static IReadOnlyList<(string Fault, string Title, string Cause)> Faults { get; } =
    [
        ("cache-unchecked", "takes a damaged cache of compiled nodes for a sound one", "one bit flipped)"),
        ("cache-warm", "keeps its compiled nodes rounded, so that a second start differs", "once the cache is warm"),
    ];

    public void Dispose() => _stand.Dispose();

    [Fact]
    public async Task A_chip_that_verifies_its_cache_and_compiles_anew_keeps_its_answers()
    {
        var finding = (await CertifyAsync("", ChipCache.Kept)).Finding("COR-19");

        Assert.Equal(new Verdict.Pass(), finding.Verdict);
        Assert.Null(finding.Note);
        Assert.Equal((3_000, 40_000), (Figure(finding, "files in the cache after a cold start"), Figure(finding, "answers compared"))); // 3 computing nodes; 8 pictures, 5 starts
    }

    [Fact]
    public async Task A_chip_that_takes_its_cache_unchecked_is_rejected_and_the_damage_named()
    {
        var judgement = await CertifyAsync("cache-unchecked", ChipCache.Kept);

        Assert.Equal(new Verdict.Pass(), judgement.Finding("COR-12").Verdict); // nothing else sees it
        var fail = Assert.IsType<Verdict.Fail>(judgement.Finding("COR-19").Verdict);
        Assert.StartsWith("answers differ once the cache is damaged (file ", fail.Measured, StringComparison.Ordinal);
        Assert.Contains(".chip, one bit flipped)", fail.Measured, StringComparison.Ordinal);
        Assert.EndsWith("32 of 40 answers differ", fail.Measured, StringComparison.Ordinal); // all but those of the warm start
        Assert.Equal(Outcome.Rejected, judgement.Outcome);
    }

    [Fact]
    public async Task A_chip_that_keeps_its_compiled_nodes_rounded_is_rejected_once_they_are_read_again()
    {
        var fail = Assert.IsType<Verdict.Fail>((await CertifyAsync("cache-warm", ChipCache.Kept)).Finding("COR-19").Verdict);

        Assert.StartsWith("answers differ once the cache is warm: of line-0 the largest difference is", fail.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chip_that_dies_on_a_damaged_cache_says_nothing_wrong_and_the_screen_says_that_it_dies()
    {
        var judgement = await CertifyAsync("cache-crash", ChipCache.Kept);
        var finding = judgement.Finding("COR-19");

        Assert.Equal(new Verdict.Pass(), finding.Verdict);
        Assert.Contains("one bit flipped, cut to half, given another file's content, emptied", finding.Note!.En, StringComparison.Ordinal);
        Assert.Equal(new Verdict.Pass(), judgement.Finding("OPS-01").Verdict); // what died was removed like any other
    }

    [Fact]
    public async Task A_declared_cache_that_stays_empty_is_told_and_does_not_pass() =>
        Assert.Contains(
            "wrote nothing into the cache that the profile declares (/var/cache/chip)",
            Assert.IsType<Verdict.Inconclusive>((await CertifyAsync("", ChipCache.DeclaredOnly)).Finding("COR-19").Verdict).Reason, StringComparison.Ordinal);

    [Fact]
    public async Task Without_a_declared_cache_there_is_nothing_to_ask() =>
        Assert.Contains(
            "declares no compile cache",
            Assert.IsType<Verdict.NotApplicable>((await CertifyAsync("", ChipCache.None)).Finding("COR-19").Verdict).Reason, StringComparison.Ordinal);

    private Task<Judgement> CertifyAsync(string fault, ChipCache cache) => _stand.CertifyAsync("caches", fault, ChipStand.Seed, cache, TestContext.Current.CancellationToken);

    private static long Figure(Finding finding, string name) => finding.Figures.Single(figure => figure.Name == name).ValueMilli;
}
