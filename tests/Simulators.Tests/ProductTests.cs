using System.Collections.Concurrent;
using System.Text;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Simulators.Tests;

/// <summary>Every fault of the simulated chip through the product itself: a certification of the chip, and what the shipped clauses say of it.</summary>
/// <remarks>docs/operators.md shows the table; <see cref="FaultTests"/> asks the chip with a comparison of the tests' own, which also names causes.</remarks>
public sealed class ProductTests(ProductTests.Certified certified) : IClassFixture<ProductTests.Certified>
{
    private const string Sound = "";

    private static readonly string[] Clauses = ["OPS-02", "COR-01", "COR-02", "COR-03", "COR-04", "COR-05", "COR-12", "PERF-05"];

    public static TheoryData<string> Faults => [.. ChipFault.All.Select(fault => fault.Name)];

    [Fact]
    public void A_sound_chip_is_rejected_by_no_clause() => Assert.All(certified.Of(Sound), finding => Assert.IsNotType<Verdict.Fail>(finding.Value.Verdict));

    [Theory, MemberData(nameof(Faults))]
    public void A_fault_is_rejected_by_a_clause_that_must_hold(string fault) =>
        Assert.Contains(certified.Of(fault), finding => finding.Value.Verdict is Verdict.Fail && finding.Key is not "COR-03"); // a should

    [Fact]
    public void The_documentation_shows_the_table()
    {
        var text = new StringBuilder($"| fault | {string.Join(" | ", Clauses)} |\n|---|{string.Concat(Clauses.Select(_ => "---|"))}\n");
        foreach (var (name, title) in ChipFault.All.Select(fault => (fault.Name, fault.Title)).Prepend((Sound, "none")))
            text.Append($"| {title} | {string.Join(" | ", Clauses.Select(clause => Word(certified.Of(name).GetValueOrDefault(clause)?.Verdict)))} |\n");

        Golden.Match("product.md", text.ToString());
        var documentation = File.ReadAllText(Path.Combine(Golden.Root, "docs/operators.md"));
        Assert.Contains(text.ToString(), documentation, StringComparison.Ordinal);
    }

    /// <summary>The cause that a reason must name, by the product's clause; the tests' own words stand in <see cref="ChipFault"/>.</summary>
    public static TheoryData<string, string, string> Causes => new()
    {
        { "scaled-1-percent", "COR-01", "every element is 1.01 times what it should be" },
        { "scaled-1-permille", "COR-01", "every element is 1.001 times what it should be" },
        { "bf16", "COR-01", "no result has more than 8 significant bits" },
        { "fp8", "COR-01", "no result has more than 4 significant bits" },
        { "flush-to-zero", "COR-04", "flushed to zero" },
        { "truncate", "COR-01", "every error lies towards zero" },
        { "nan-to-zero", "COR-04", "is 0, and NaN" },
        { "fp16-sums", "COR-01", "no result has more than 11 significant bits" },
        { "wrong-tile", "COR-01", "only the elements [" },
        { "padding-off-by-one", "COR-01", "the image is shifted by one place" },
        { "batch", "COR-01", "every item but the first is wrong" },
        { "long", "COR-01", "only the elements [0..1,1024..2048] are wrong" },
        { "second-run", "COR-01", "asked a second time" },
        { "second-run", "COR-12", "2 different answers" },
        { "bit-flip", "COR-01", "of 48 to the same inputs" },
        { "stale-under-load", "PERF-05", "wrong under load" },
        { "cpu-fallback", "COR-05", "CPU" },
        { "wrong-device", "OPS-02", "Renowned Accelerators" },
    };

    [Theory, MemberData(nameof(Causes))]
    public void The_reason_names_the_cause(string fault, string clause, string cause) => Assert.Contains(cause, Reason(fault, clause), StringComparison.Ordinal);

    private string Reason(string fault, string clause) => Assert.IsType<Verdict.Fail>(certified.Of(fault)[clause].Verdict).Measured;

    private static string Word(Verdict? verdict) => verdict switch { null => "", Verdict.Fail => "**fail**", _ => verdict.Word };

    /// <summary>Certifies the chip once per fault; two at a time, for half of it is starting servers.</summary>
    public sealed class Certified : IAsyncLifetime
    {
        private readonly ConcurrentDictionary<string, Dictionary<string, Finding>> _findings = new(StringComparer.Ordinal);

        public async ValueTask InitializeAsync()
        {
            using var stand = new ChipStand();
            await Parallel.ForEachAsync(ChipFault.All.Select(fault => fault.Name).Prepend(Sound), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (fault, token) =>
            {
                var findings = await stand.CertifyAsync("operators", fault, ChipStand.Seed, token);
                _findings[fault] = findings.Findings.ToDictionary(finding => finding.Check);
                if (fault is not (Sound or "stale-under-load"))
                    return;
                var loaded = await stand.CertifyAsync("loaded", fault, ChipStand.Seed, token);
                _findings[fault]["PERF-05"] = loaded.Finding("PERF-05");
            });
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        internal Dictionary<string, Finding> Of(string fault) => _findings[fault];
    }
}
