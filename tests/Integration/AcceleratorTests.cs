using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>Whole runs on machines with a vendor's accelerator, simulated from the outside: what is real is the command line, the container engine, the engine, the judge.</summary>
public sealed class AcceleratorTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>One profile of each family whose device nodes are known by number.</summary>
    public static TheoryData<string> Families =>
    [
        "ascend/910b3-vllm-ascend", "cambricon/mlu370-vllm-mlu", "enflame/s60-vllm-gcu", "iluvatar/bi-v150-vllm-corex", "kunlunxin/p800-vllm-kunlun", "thead/zw810e-vllm",
    ];

    [Theory, MemberData(nameof(Families))]
    public async Task A_run_has_the_devices_that_were_asked_for_and_no_others(string shipped)
    {
        using var machine = new OtherMachine(bench.Place, shipped, 0, 1);

        var ended = await RunAsync(machine, "1");

        Assert.All(new[] { "SEC-05", "SEC-01", "SEC-03", "COR-18", "OPS-01" }, check => Assert.True(ended.Verdict(check) == "pass", $"{ended}"));
        var run = new RunDirectory(ended.Directory!);
        Assert.Contains("\"devices\":\"1\"", File.ReadAllText(run.InEvidence("combination.lock")).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private async Task<Ended> RunAsync(OtherMachine machine, string devices) => await bench.OnAsync(
        machine, ["certify", "--json", "--runs", bench.Place.Runs, "--suite", "chip", "--profile", bench.Profile(machine.ToYaml()), "--model", "tiny-poet-logits", "--form", "plain", "--devices", devices], Token);
}
