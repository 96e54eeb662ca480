using System.Text.RegularExpressions;
using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>Whole runs on machines with a vendor's accelerator, simulated from the outside: what is real is the command line, the container engine, the engine, the judge.</summary>
public sealed partial class AcceleratorTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>One profile of each family whose device nodes are known by number.</summary>
    public static TheoryData<string> Families =>
    [
        "ascend/910b3-vllm-ascend", "cambricon/mlu370-vllm-mlu", "enflame/s60-vllm-gcu", "iluvatar/bi-v150-vllm-corex", "kunlunxin/p800-vllm-kunlun", "mthreads/s4000-vllm-musa", "thead/zw810e-vllm",
    ];

    /// <summary>Those of which no source says which nodes a device has.</summary>
    public static TheoryData<string> Uncounted => ["hygon/k100-ai-vllm-dtk", "metax/c550-vllm-metax", "tsingmicro/tx8110-vllm"];

    [Theory, MemberData(nameof(Families))]
    public async Task A_run_has_the_devices_that_were_asked_for_and_no_others(string shipped)
    {
        using var machine = new OtherMachine(bench.Place, shipped, 0, 1);

        var ended = await RunAsync(machine, "1");

        Assert.All(new[] { "SEC-05", "SEC-01", "SEC-03", "COR-18", "OPS-01" }, check => Assert.True(ended.Verdict(check) == "pass", $"{ended}"));
        // what no source says where to read is named, and what the vendor's own image would hold; nothing else is missing
        var unread = ended.Verdict("OPS-02") == "pass" ? [] : Unread().Matches(ended.Reason("OPS-02")).Select(match => (Field: match.Groups["field"].Value, Why: match.Groups["why"].Value)).ToArray();
        Assert.All(unread, one => Assert.True(one.Why.StartsWith($"facts.probe.{one.Field} is unknown", StringComparison.Ordinal) || one.Why.StartsWith("the image has no file", StringComparison.Ordinal), ended.Reason("OPS-02")));
        Assert.Equal(unread.Length, ended.Verdict("OPS-02") == "pass" ? 0 : 22 - int.Parse(ended.Reason("OPS-02").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
        var run = new RunDirectory(ended.Directory!);
        Assert.Contains("\"devices\":\"1\"", File.ReadAllText(run.InEvidence("combination.lock")).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Uncounted))]
    public async Task Where_nobody_says_which_nodes_a_device_has_nothing_is_started(string shipped)
    {
        using var machine = new OtherMachine(bench.Place, shipped, 0, 1);

        var ended = await RunAsync(machine, "1");

        Assert.True(ended.ExitCode == 3, $"{ended}");
        Assert.Contains("facts.devices.each", ended.Errors, StringComparison.Ordinal);
        Assert.Null(ended.Directory);
    }

    [Fact] // the node is there, and is another device's
    public async Task An_accelerator_that_is_no_device_node_is_not_started_with()
    {
        using var machine = new OtherMachine(bench.Place, "ascend/910b3-vllm-ascend", 0, 1);
        machine.Simulated.Remove("/dev/davinci1").File("/dev/davinci1", "");

        var ended = await RunAsync(machine, "1");

        Assert.True(ended.ExitCode == 4, $"{ended}");
        Assert.Contains("/dev/davinci1 is no device, expected a character device", ended.Errors, StringComparison.Ordinal);
    }

    [Theory] // the same profile where the kernel says that it is such a processor, and here, where it is none
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_processor_passes_for_what_the_kernel_says_that_it_is(bool isHygon)
    {
        using var machine = new OtherMachine(bench.Place, "hygon-cpu/c86-onnxruntime");
        if (!isHygon)
            machine.Simulated.Remove("/proc/cpuinfo");

        var ended = await bench.OnAsync(
            machine, ["certify", "--json", "--runs", bench.Place.Runs, "--suite", "chip", "--profile", "hygon-cpu/c86-onnxruntime", "--model", "tiny-poet-logits"], Token);

        Assert.True(ended.ExitCode == (isHygon ? 0 : 1), $"{ended}");
        Assert.Equal(isHygon ? "pass" : "fail", ended.Verdict("OPS-02"));
    }

    [GeneratedRegex(@"(?<field>[a-z]+)\.version \((?<why>[^,;]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unread();

    private async Task<Ended> RunAsync(OtherMachine machine, string devices) => await bench.OnAsync(
        machine, ["certify", "--json", "--runs", bench.Place.Runs, "--suite", "chip", "--profile", bench.Profile(machine.ToYaml()), "--model", "tiny-poet-logits", "--form", "plain", "--devices", devices], Token);
}
