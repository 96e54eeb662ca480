using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Every generated case over the real wire to ONNX Runtime on the CPU, kept and judged by the shipped clauses: the known-good control of COR-01 to COR-05.</summary>
public sealed class GeneratedCasesTests
{
    private const ulong Seed = 20261122;
    private const string Pinned = "tests/Runner.Tests/Operators/known-generated-failures.txt";

    private static readonly Standard Shipped = StandardReader.TryRead(Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml"), "catalogue.yaml", [])!;

    [Fact]
    public async Task Onnx_Runtime_on_the_CPU_passes_what_is_generated()
    {
        using var packs = new OperatorPacks(Seed);
        foreach (var one in await AskAsync(OperatorCases.Generate(new OperatorSet { Seed = Seed })))
            packs.Add(one);

        var files = InMemoryFiles.Empty;
        var tensors = packs.Finish((path, bytes) => files = files.With(path, bytes.ToArray()));
        var findings = OperatorStep.All.Select(check =>
        {
            var measurement = new Measurement { Check = check, Tensors = tensors, Facts = Given.Facts(("cpu_fallback", "cpu")) };
            return Judge.Run(Given.Standard(Shipped.Clause(check)), new Evidence(Given.Plan, [measurement], files)).Finding(check);
        }).ToDictionary(finding => finding.Check);
        Assert.Equal("", string.Join('\n', findings.Values.Where(finding => finding.Check != "COR-03" && finding.Verdict is not Verdict.Pass).Select(Said)));
        // docs/operators.md says why: a logistic function that is good to an absolute error. ReduceMean joins it in some processes and not in others, at the same inputs
        Assert.Matches(@"^(1 of \d+ operators and types: |2 of \d+ operators and types: ReduceMean FP32 .*)Sigmoid FP32 ", Assert.IsType<Verdict.Fail>(findings["COR-03"].Verdict).Measured);
    }

    [Fact]
    public async Task Of_the_contested_cases_those_that_are_pinned_do_not_pass()
    {
        var asked = OperatorCases.Generate(new OperatorSet { Seed = Seed }).Select(one => one.Id).ToHashSet(StringComparer.Ordinal);

        var answers = await AskAsync(OperatorCases.Generate(new OperatorSet { Seed = Seed, Contested = true }).Where(one => !asked.Contains(one.Id)));

        var results = answers.Select(one => OperatorSession.Judge(Shipped.Clause("COR-01"), one)).ToArray();
        var known = KnownFailure.Read(Path.Combine(Golden.Root, Pinned)).ToDictionary(one => one.Test, one => one.Word);
        Assert.Equal(known.Keys.Order(StringComparer.Ordinal), results.Select(result => result.Id).Order(StringComparer.Ordinal));
        Assert.All(results.Where(result => known[result.Id] != "unsteady"), result => Assert.Equal($"{result.Id} {known[result.Id]}", $"{result.Id} {result.Word}"));
    }

    [Fact]
    public void The_documentation_shows_the_pinned_cases()
    {
        var known = KnownFailure.Read(Path.Combine(Golden.Root, Pinned));

        Assert.Contains(string.Concat(known.Select(one => $"| `{one.Test}` | {one.Word} | {one.Cause} | {one.Why} |\n")), File.ReadAllText(Path.Combine(Golden.Root, "docs/operators.md")), StringComparison.Ordinal);
        Assert.All(known, one => Assert.True(one.Why.Length > 20, $"{one.Test} is not explained"));
    }

    private static async Task<ImmutableArray<OperatorAnswers>> AskAsync(IEnumerable<OperatorCase> cases)
    {
        await using var server = await HostServer.StartAsync();
        using var wire = new OperatorWire(server.Transport, TimeProvider.System, TimeSpan.FromSeconds(60));
        return [.. cases.Select(one => GeneratedRun.Ask(one, GivenCases.Onnx, wire, TestContext.Current.CancellationToken))];
    }

    private static string Said(Finding finding) => string.Create(
        CultureInfo.InvariantCulture, $"{finding.Check} {finding.Verdict}: {string.Join(", ", finding.Figures.Select(figure => $"{figure.Name} {figure.ValueMilli / 1000.0}"))}");
}
