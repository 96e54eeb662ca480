using System.Collections.Immutable;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>Contents of reports to start from.</summary>
internal static class GivenReport
{
    private const string Digest = "acb67c27f8e2a80f92700f1d010f9de6f151a968bcaf14d68d8680bd1b9c2f50";

    public static Standard Standard { get; } = new(
        "Adaptation draft standard", "0.1", "ece61169871a777ba6a20323efe7beb5e31e4b72d34aa415d364f83ef5d95b87",
        [
            Clause("OPS-01", Requirement.Must, Level.L1, new("Clean deployment and removal", "部署与清除")),
            Clause("OPS-02", Requirement.Must, Level.L1, new("Versions captured", "版本信息采集")),
            Clause("COR-18", Requirement.Must, Level.L2, new("Tensor-model output agreement", "张量模型输出一致性"), "fp32: rtol 1e-3, atol 1e-7 (atol widened per model, recorded)"),
            Clause("COR-12", Requirement.Must, Level.L2, new("Run-to-run determinism", "重复运行确定性"), "1 if the profile claims determinism; otherwise report"),
            Clause("PERF-01", Requirement.Should, Level.L3, new("Start-up and load time", "启动与模型加载时间"), "<= applicant-declared x1.1"),
            Clause("PERF-04", Requirement.Must, Level.L3, new("End-to-end latency", "端到端时延"), "report (tensor: <= declared)"),
            Clause("PERF-05", Requirement.Must, Level.L3, new("Offline throughput", "离线吞吐量"), "one-sided 95 % lower bound >=0.95 x declared"),
            Clause("PERF-09", Requirement.Should, Level.L3, new("Scaling efficiency", "多卡与多机扩展效率")),
            Clause("MET-01", Requirement.Must, Level.L3, new("Client error", "测量客户端误差")),
            Clause("SEC-01", Requirement.Must, Level.L4, new("Container hardening", "容器加固")),
            Clause("SEC-02", Requirement.Must, Level.L4, new("No network egress", "无对外网络访问")),
            Clause("STAB-01", Requirement.Must, Level.L4, new("Error rate under load", "负载下错误率")),
            Clause("STAB-05", Requirement.Must, Level.L5, new("24-hour soak", "24 小时长稳")),
            Clause("ENG-01", Requirement.Should, Level.L5, new("Energy per sample", "单位样本能耗")),
            Clause("PERF-02", Requirement.Must, Level.L3, new("TTFT", "首词元时延（TTFT）")) with { AppliesTo = ["llm"] },
        ],
        [
            new("quick", new("Quick", "快速"), Level.L1,
                ["OPS-01", "OPS-02", "COR-18", "PERF-01", "PERF-04", "PERF-05", "PERF-09", "SEC-01", "SEC-02"],
                ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, long>>.Empty),
        ]);

    public static ReportContent Certified { get; } = new()
    {
        Standard = Standard,
        Plan = new()
        {
            RunId = "run-20260301-7f3a",
            Suite = "quick",
            ProfileId = "ascend-910b3-cann8",
            ModelId = "pp-ocrv4-rec",
            ModelKind = "tensor",
            Caps = ["development key: at most L1"],
            Declared = new(12_000, 4_000, ImmutableSortedDictionary<int, long>.Empty.Add(1, 9_000).Add(10, 40_000), 950_000),
            Golden = new(1_000_000, 100, null, []),
            HardeningExceptions = ImmutableSortedDictionary<string, string>.Empty.Add("root_user", "the vendor's driver library opens /dev/davinci0 as root only"),
        },
        Judgement = new(Outcome.Certified, Level.L1, ["suite quick: at most L1", "development key: at most L1"],
        [
            new("OPS-01", new Verdict.Pass(), [new("residue after removal", "count", 0, null, null, 0)]),
            new("OPS-02", new Verdict.Pass(), [new("version fields filled", "count", 7_000, null, null, 7_000)]),
            new("COR-18", new Verdict.Pass(), [new("elements outside tolerance", "count", 0, null, null, 0), new("largest deviation, share of tolerance", "ppm", 412_337_000, null, null, 1_000_000_000)]),
            new("PERF-01", new Verdict.Pass(), [new("cold start, slowest", "ns", 11_402_118_233_000, null, null, 13_200_000_000_000), new("warm start, slowest", "ns", 3_613_090_412_000, null, null, 4_400_000_000_000)]),
            new("PERF-04", new Verdict.Pass(), [new("latency p99, 1 stream", "ns", 8_604_211_000, 8_511_900_000, 8_871_345_000, 9_000_000_000), new("latency p99, 10 streams", "ns", 37_404_211_000, 36_900_412_000, 38_871_345_000, 40_000_000_000)]),
            new("PERF-05", new Verdict.Pass(), [new("throughput", "samples/s", 962_418, 958_002, null, 902_500)]),
            new("PERF-09", new Verdict.NotApplicable("the combination has one device"), []),
            new("SEC-01", new Verdict.Pass(), [new("rules broken without an exception", "count", 0, null, null, 0)]),
            new("SEC-02", new Verdict.Pass(), [new("packets out", "count", 0, null, null, 0)]),
        ]),
        Measurements =
        [
            new() { Check = "PERF-01", Series = [new("cold", "ns", [10_944_000_000, 11_402_118_233, 11_010_000_000]), new("warm", "ns", [3_513_000_000, 3_613_090_412, 3_590_000_000])] },
            new() { Check = "PERF-04", Series = [Latency("latency.1", 4_000, 7_200_000, seed: 1), Latency("latency.10", 4_000, 31_000_000, seed: 2)] },
            new() { Check = "PERF-05", Series = [Instants(20_000)], Facts = ImmutableSortedDictionary<string, string>.Empty.Add("duration_ns", "20800000000") },
        ],
        Combination =
        [
            ("accelerator.vendor", "Huawei"), ("accelerator.model", "Ascend 910B3"), ("accelerator.count", "1"), ("driver.version", "25.2.0"), ("firmware.version", "7.7.0.6.236"),
            ("toolkit.name", "CANN"), ("toolkit.version", "8.2.RC1"), ("framework.name", "onnxruntime"), ("framework.version", "1.20.1"),
            ("container.image.name", "adaptation/onnxruntime-cann"), ("container.image.sha256", Digest), ("container.image.base", "cann:8.2.rc1"), ("container.image.baseSha256", Digest),
            ("container.engine", "Docker"), ("container.engineVersion", "27.3.1"), ("model.name", "pp-ocrv4-rec"), ("os.id", "openEuler"), ("os.kernel", "6.6.0"),
            ("precision", "fp32"), ("isolation", "container"),
        ],
        StartedUtc = "2026-03-01T08:15:02Z",
        FinishedUtc = "2026-03-01T08:31:47Z",
        Certificate = new("HWC-2026-000042", "HWC-2026-000042.dsse.json", "test", Digest, "2026-03-01T08:31:47Z", "2026-05-30T08:31:47Z"),
        Notes = [new("The page cache could not be dropped before start 2; it was started again.", "第 2 次启动前未能清空页缓存，已重新启动。")],
        PlanSha256 = "7077388499d04b26c184bdd852e5eaa1e4fd4e11188e6fd0d4ddf9432eb76981",
        ModelSha256 = "c805c18c8364d2f628ff6b57da8c9cdf5a52e48616034c7839bcaa3dd57c683c",
        ToolVersion = "0.1.0+661c7c2",
    };

    public static ReportContent Rejected { get; } = Without(Certified) with
    {
        Judgement = new(Outcome.Rejected, Level.None, Certified.Judgement.Caps,
        [
            .. Certified.Judgement.Findings.Where(finding => finding.Check is "OPS-01" or "OPS-02" or "PERF-09"),
            new("COR-18", new Verdict.Fail("1204 of 1658880 elements outside tolerance, the worst 38.2 times", "none"), [new("elements outside tolerance", "count", 1_204_000, null, null, 0)]),
            new("PERF-04", new Verdict.Inconclusive("p99 lies between 8.51 ms and 9.07 ms, limit 9 ms; 2,400 more requests would decide"), [new("latency p99, 1 stream", "ns", 8_904_211_000, 8_511_900_000, 9_071_345_000, 9_000_000_000)]),
            new("SEC-01", new Verdict.Fail("1 rule broken: privileged", "0"), [new("rules broken without an exception", "count", 1_000, null, null, 0)]),
        ]),
        Measurements =
        [
            new() { Check = "PERF-04", Series = [WithFailures(Latency("latency.1", 400, 7_200_000, seed: 3), 37), new("latency.10", "ns", [long.MaxValue, long.MaxValue])] },
            new() { Check = "SEC-01", BrokenOff = "exit code 137 after 3 requests: Killed\nout of memory" },
        ],
    };

    public static ReportContent Incomplete { get; } = Without(Certified) with
    {
        Judgement = new(Outcome.Incomplete, Level.None, [],
        [
            .. Certified.Judgement.Findings.Where(finding => finding.Check is not ("OPS-02" or "SEC-02")),
            new("OPS-02", new Verdict.Inconclusive("no probe reads the driver's version on this machine; run it where npu-smi is installed"), []),
        ]),
    };

    public static ReportContent Waived { get; } = Certified with
    {
        Judgement = Certified.Judgement with
        {
            Findings = [.. Certified.Judgement.Findings.Select(finding => finding.Check == "OPS-01"
                ? new("OPS-01", new Verdict.Fail("1 left behind after 4 removals: volume driver-cache", "0 left behind"), [new("residue after removal", "count", 1_000, null, null, 0)])
                : finding)],
            Waived = ["OPS-01"],
        },
        Waivers =
        [
            new(
                "W-run-20260301-7f3a-OPS-01-0a1b2c3d", "OPS-01", "measured 1 left behind after 4 removals: volume driver-cache; limit 0 left behind",
                "驱动缓存卷由 25.3 版起自动清除 (cleared from 25.3 on)", "https://bugs.example.cn/4711", "2026-03-01T09:00:00Z", "2026-05-30T08:31:47Z",
                [("u-17", KeyDuty.Tester), ("u-09", KeyDuty.Reviewer)]),
        ],
    };

    private static ReportContent Without(ReportContent content) => content with { Certificate = null };

    private static Clause Clause(string id, Requirement requirement, Level level, LocalText title, string threshold = "0") => new()
    {
        Id = id,
        Requirement = requirement,
        Level = level,
        Title = title,
        AppliesTo = ["llm", "tensor"],
        Method = "",
        Metric = "",
        Unit = "",
        Threshold = threshold,
        ThresholdBasis = "declared",
        Procedure = "",
        Limits = ImmutableSortedDictionary<string, long>.Empty,
    };

    /// <summary>A skewed distribution with a tail and a few stragglers, from integers alone.</summary>
    private static Series Latency(string name, int count, long typical, int seed)
    {
        var random = new Random(seed);
        long Sample() => typical
            + Enumerable.Range(0, 6).Sum(_ => random.NextInt64(typical / 20) - typical / 40)
            + (random.Next(20) == 0 ? random.NextInt64(typical / 6) : 0)
            + (random.Next(1_500) == 0 ? typical : 0);
        return new(name, "ns", [.. Enumerable.Range(0, count).Select(_ => Sample())]);
    }

    private static Series WithFailures(Series series, int count) => series with { Samples = [.. series.Samples, .. Enumerable.Repeat(long.MaxValue, count)] };

    private static Series Instants(int count)
    {
        var (random, now) = (new Random(7), 0L);
        return new("completed", "ns", [.. Enumerable.Range(0, count).Select(_ => now += 800_000 + random.NextInt64(478_000))]);
    }
}
