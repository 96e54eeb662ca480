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

    private static readonly string[] Clauses = ["COR-01", "COR-02", "COR-03", "COR-04", "COR-05", "COR-12", "PERF-05"];

    /// <summary>Faults that no clause rejects which must hold, and why; docs/operators.md says the same.</summary>
    private static readonly Dictionary<string, string> Unseen = new(StringComparer.Ordinal)
    {
        ["long"] = "no case is both longer than 1,024 and large enough for COR-01, whose absolute tolerance hides what is lost of a softmax of 100,003; COR-03 shows it, and is a should",
        ["bit-flip"] = "to find one bit of a million elements in 95 of 100 runs takes three million elements, and the cases have fewer",
        ["wrong-device"] = "nothing reads what the server calls its device: a certificate takes the device from the kernel",
    };

    public static TheoryData<string> Faults => [.. ChipFault.All.Select(fault => fault.Name)];

    [Fact]
    public void A_sound_chip_is_rejected_by_no_clause() => Assert.All(certified.Of(Sound), finding => Assert.IsNotType<Verdict.Fail>(finding.Value.Verdict));

    [Theory, MemberData(nameof(Faults))]
    public void A_fault_is_rejected_by_a_clause_that_must_hold_or_stands_among_the_unseen(string fault)
    {
        var rejected = certified.Of(fault).Where(finding => finding.Value.Verdict is Verdict.Fail && finding.Key != "COR-03").Select(finding => finding.Key); // a should

        Assert.Equal(Unseen.ContainsKey(fault), !rejected.Any());
    }

    [Fact]
    public void The_documentation_shows_the_table()
    {
        var text = new StringBuilder($"| fault | {string.Join(" | ", Clauses)} |\n|---|{string.Concat(Clauses.Select(_ => "---|"))}\n");
        foreach (var (name, title) in ChipFault.All.Select(fault => (fault.Name, fault.Title)).Prepend((Sound, "none")))
            text.Append($"| {title} | {string.Join(" | ", Clauses.Select(clause => Word(certified.Of(name).GetValueOrDefault(clause)?.Verdict)))} |\n");

        Golden.Match("product.md", text.ToString());
        var documentation = File.ReadAllText(Path.Combine(Golden.Root, "docs/operators.md"));
        Assert.Contains(text.ToString(), documentation, StringComparison.Ordinal);
        Assert.All(ChipFault.All.Where(fault => Unseen.ContainsKey(fault.Name)), fault => Assert.Contains($"- {fault.Title}: {Unseen[fault.Name]}\n", documentation, StringComparison.Ordinal));
    }

    [Fact]
    public void Reasons_name_what_was_seen()
    {
        Assert.Contains("asked a second time", Reason("second-run", "COR-01"), StringComparison.Ordinal);
        Assert.Contains("2 different answers", Reason("second-run", "COR-12"), StringComparison.Ordinal);
        Assert.Contains("flushed to zero", Reason("flush-to-zero", "COR-04"), StringComparison.Ordinal);
        Assert.Contains("is 0, and NaN", Reason("nan-to-zero", "COR-04"), StringComparison.Ordinal);
        Assert.Contains("CPU", Reason("cpu-fallback", "COR-05"), StringComparison.Ordinal);
        Assert.Contains("wrong under load", Reason("stale-under-load", "PERF-05"), StringComparison.Ordinal);
    }

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
                var (mayFallBack, inEnvironment) = (fault == "cpu-fallback", fault == "wrong-device");
                var findings = await stand.CertifyAsync("operators", fault, mayFallBack, inEnvironment, token);
                _findings[fault] = findings.Findings.ToDictionary(finding => finding.Check);
                if (fault is not (Sound or "stale-under-load"))
                    return;
                var loaded = await stand.CertifyAsync("loaded", fault, mayFallBack, inEnvironment, token);
                _findings[fault]["PERF-05"] = loaded.Finding("PERF-05");
            });
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        internal Dictionary<string, Finding> Of(string fault) => _findings[fault];
    }
}
