using System.Globalization;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Every generated case over the real wire to ONNX Runtime on the CPU, kept and judged by the shipped clauses: the known-good control of COR-01 to COR-05.</summary>
public sealed class GeneratedCasesTests
{
    [Fact]
    public async Task Onnx_Runtime_on_the_CPU_passes_what_is_generated()
    {
        await using var server = await HostServer.StartAsync();
        using var wire = new OperatorWire(server.Transport, TimeProvider.System, TimeSpan.FromSeconds(60));
        using var packs = new OperatorPacks(20261122);

        foreach (var one in OperatorCases.Generate(new OperatorSet { Seed = 20261122 }))
            packs.Add(GeneratedRun.Ask(one, GivenCases.Onnx, wire, TestContext.Current.CancellationToken));

        var files = InMemoryFiles.Empty;
        var tensors = packs.Finish((path, bytes) => files = files.With(path, bytes.ToArray()));
        var standard = StandardReader.TryRead(Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml"), "catalogue.yaml", [])!;
        var said = OperatorStep.All.Select(check =>
        {
            var measurement = new Measurement { Check = check, Tensors = tensors, Facts = Given.Facts(("cpu_fallback", "cpu")) };
            var finding = Judge.Run(Given.Standard(standard.Clause(check)), new Evidence(Given.Plan, [measurement], files)).Finding(check);
            return finding.Verdict is Verdict.Pass ? "" : string.Create(CultureInfo.InvariantCulture, $"{check} {finding.Verdict}: {string.Join(", ", finding.Figures.Select(figure => $"{figure.Name} {figure.ValueMilli / 1000.0}"))}");
        });
        Assert.Equal("", string.Join('\n', said.Where(text => text.Length > 0)));
    }
}
