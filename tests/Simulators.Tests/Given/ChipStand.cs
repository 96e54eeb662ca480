using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Runner;
using Adaptation.Testing;
using Adaptation.Testing.Onnx;

namespace Adaptation.Simulators.Tests;

/// <summary>A product root whose profile is the simulated chip, and the product itself on it: deployed as plain processes, asked, kept, judged.</summary>
/// <remarks>The clauses are the shipped ones, limits and all; the suites are the tests' own.</remarks>
internal sealed class ChipStand : IDisposable
{
    /// <summary>What the chip computes (tests/Simulators/Ep/kernels.cc); the type is FP32.</summary>
    private static readonly ImmutableArray<string> Operators =
    [
        "Add", "Sub", "Mul", "Div", "Neg", "Relu", "Sigmoid", "Tanh", "Exp", "Sqrt", "MatMul", "Gemm", "Softmax", "ReduceSum", "ReduceMean", "Conv", "MaxPool",
        "AveragePool", "GlobalAveragePool", "Concat", "Transpose", "Reshape", "Identity", "Pad",
    ];

    private const string Suites = """
        suites:
          operators:
            title: {en: Operators and repetition, zh: 算子与重复性}
            cap: L5
            checks: [OPS-02, COR-01, COR-02, COR-03, COR-04, COR-05, COR-12, OPS-01]
            overrides:
              OPS-02: {captured_share_ppm: 800000} # an engine that comes in no pack has no name and version that a probe reads
          caches:
            title: {en: Caches, zh: 缓存}
            cap: L5
            checks: [COR-12, COR-19, OPS-01]
          loaded:
            title: {en: Answers under load, zh: 负载下的应答}
            cap: L5
            checks: [PERF-05, OPS-01]
            overrides:
              PERF-05: {min_seconds: 3, windows: 6}
        """;

    /// <summary>A table of verdicts must come out the same every time.</summary>
    public const ulong Seed = 20261122;

    private readonly string _folder = Directory.CreateTempSubdirectory("chip").FullName; // short: sockets lie below it

    public ChipStand()
    {
        var shipped = File.ReadAllText(Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml"));
        Write("standard/0.1/catalogue.yaml", Encoding.UTF8.GetBytes(shipped[..(shipped.IndexOf("\nsuites:\n", StringComparison.Ordinal) + 1)] + Suites + "\n"));
        Write("containers/chip/Dockerfile", "FROM scratch"u8.ToArray());
        Write("containers/echo/Dockerfile", "FROM scratch"u8.ToArray());
        SmallModel.Write((path, bytes) => Write($"reference-models/small/{path}", bytes));
    }

    /// <summary>Certifies the chip with one fault, or none.</summary>
    /// <param name="fault">As the provider spells it.</param>
    /// <param name="seed">Of the operators' inputs; a run of the product draws its own.</param>
    public Task<Judgement> CertifyAsync(string suite, string fault, ulong seed, CancellationToken cancellationToken) =>
        CertifyAsync(suite, fault, seed, ChipCache.None, cancellationToken);

    /// <inheritdoc cref="CertifyAsync(string, string, ulong, CancellationToken)"/>
    public async Task<Judgement> CertifyAsync(string suite, string fault, ulong seed, ChipCache cache, CancellationToken cancellationToken)
    {
        // told by the environment where it is the name itself that lies: the provider is asked its name before it has options
        var (mayFallBack, inEnvironment) = (fault == "cpu-fallback", fault == "wrong-device");
        var own = Directory.CreateDirectory(Path.Combine(_folder, $"{suite}-{(fault.Length == 0 ? "sound" : fault)}-{cache}-{seed}")).FullName;
        var profile = Path.Combine(own, "profile.yaml");
        await File.WriteAllTextAsync(profile, Profile(fault, mayFallBack, inEnvironment, cache), cancellationToken);
        using var keys = DevelopmentKeys.OpenOrCreate(Path.Combine(own, "keys"), TimeProvider.System);
        await using var engine = new LocalProcessEngine(Path.Combine(own, "processes"), TimeProvider.System);
        var preparation = new Preparation(new NpmPackages(Path.Combine(own, "packages"), _ => { }), engine, SimulatedChip.Host, (name, _, _) => Task.FromResult(name), _ => { });
        var prepared = await preparation.PrepareAsync(RunInputs.Read(new(_folder, profile, "small", "0.1", suite)), cancellationToken);
        var conductor = new Conductor(keys, TimeProvider.System, "test", _ => { }) { Operators = selection => Ask(seed) };
        return await conductor.StartAsync(prepared, Path.Combine(own, "runs"), cancellationToken);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IEnumerable<OperatorCase> Ask(ulong seed) => OperatorCases.Generate(new() { Seed = seed, Operators = Operators, DataTypes = ["FP32"] });

    private void Write(string path, byte[] bytes)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }

    private static string Profile(string fault, bool mayFallBack, bool inEnvironment, ChipCache cache) => $$"""
        schema: adaptation.profile/v1
        id: simulated/chip
        name: {en: Simulated chip, zh: 模拟芯片}
        chip: {vendor: simulated, model: Chip, kind: cpu}
        versions: {engine.device: SimulatedChipEP of Simulated Vendor}
        image: {folder: containers/chip, base: scratch}
        container: {memory: 4GiB, cpus: 1, pids: 256}
        serve:
          protocol: open-inference
          listen: unix
          ready_within: 60s
          answer_within: 30s
          streams: 4{{(cache == ChipCache.None ? "" : "\n  cache: /var/cache/chip")}}
          environment: {ORT_DISABLE_TELEMETRY: "1"{{(inEnvironment ? $", ADAPTATION_EP_FAULT: {fault}" : "")}}{{(cache == ChipCache.Kept ? ", ADAPTATION_EP_CACHE: /var/cache/chip" : "")}}}
          adapter:
            name: onnxruntime
            library: {{Engine.Library}}
            provider: SimulatedChipEP
            provider_library: {{SimulatedChip.ProviderLibrary}}
            cpu_fallback: {{(mayFallBack ? "true" : "false")}}
            threads: 1
            options: {fault: {{(inEnvironment || fault.Length == 0 ? "none" : fault)}}}
        declared: {cold_start: 60s, warm_start: 60s, latency_p99: {1: 10s, 4: 10s}, throughput: 1/s, deterministic: true}
        """;
}

/// <summary>What the profile says of the chip's cache, and what the chip does.</summary>
internal enum ChipCache
{
    None,

    /// <summary>Declared, and the chip is told where it is.</summary>
    Kept,

    /// <summary>Declared, and the chip knows nothing of it.</summary>
    DeclaredOnly,
}

/// <summary>The least network that the tensor checks take: eight pictures of 2 x 2, of each the sigmoid of its mean colour and the square of that, read as text.</summary>
internal static class SmallModel
{
    private const int Lines = 8, Pixels = 4, Channels = 3;

    /// <param name="write">Takes a path below the model's folder.</param>
    public static void Write(Action<string, byte[]> write)
    {
        var model = Network();
        var random = new Random(5);
        write("model.onnx", model);
        write("chars.txt", "a\nb\n"u8.ToArray());
        var pack = Encoding.UTF8.GetBytes($$"""
            {"schema": "adaptation.golden/v1", "model": "small", "tolerance": {"rtolPpb": 1000000, "atolPpb": 500},
             "cases": [{{string.Join(",\n", Enumerable.Range(0, Lines).Select(line => Line($"line-{line}", random, (path, bytes) => write($"golden/{path}", bytes))))}}]}
            """);
        write("golden/golden.json", pack);
        write("model.yaml", Encoding.UTF8.GetBytes($$"""
            schema: adaptation.model/v1
            id: small
            name: {en: Small, zh: 小模型}
            kind: tensor
            licence: MIT
            precision: fp32
            files: [{path: model.onnx, bytes: {{model.Length}}, sha256: {{Sha256(model)}}}]
            runner_files: [{path: chars.txt, bytes: 4, sha256: {{Sha256("a\nb\n"u8)}}}]
            signature:
              inputs: [{name: x, datatype: FP32, shape: [-1, 3, 2, -1]}]
              outputs: [{name: y, datatype: FP32, shape: [-1, -1, 4]}]
            input: {kind: text-line, height: 2, channels: bgr, mean: 0.5, std: 0.5}
            output: {kind: ctc-greedy, charset: chars.txt}
            golden: {file: golden/golden.json, sha256: {{Sha256(pack)}}}
            """));
    }

    private static byte[] Network() => OnnxGraph.Model(
        [new("x", 1, [1, Channels, 2, 2])], [new("y", 1, [1, 2, 4])],
        [
            new("ReduceMean", ["x"], "mean", ("axes", new long[] { 1 }), ("keepdims", 0L)), new("Sigmoid", ["mean"], "s"), new("Mul", ["s", "s"], "q"),
            new("Concat", ["s", "q"], "y", ("axis", 2L)),
        ],
        []);

    private static string Line(string id, Random random, Action<string, byte[]> write)
    {
        var rgb = new byte[Pixels * Channels];
        random.NextBytes(rgb);
        var picture = PixelFile.Encode(2, 2, rgb);
        float[] expected = [.. rgb.Chunk(Channels).Select(pixel => 1 / (1 + Math.Exp(-pixel.Average(value => (value / 255.0) - 0.5) / 0.5))).Chunk(2).SelectMany(row => (float[])[.. row.Select(s => (float)s), .. row.Select(s => (float)(s * s))])];
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(MemoryMarshal.AsBytes<float>(expected));
        write($"{id}.png", picture);
        write($"{id}.f32.gz", packed.ToArray());
        return $$"""
            {"id": "{{id}}", "text": "{{Text(expected)}}", "image": {"path": "{{id}}.png", "sha256": "{{Sha256(picture)}}"},
             "expected": {"path": "{{id}}.f32.gz", "sha256": "{{Sha256(packed.ToArray())}}", "shape": [1, 2, 4]} }
            """;
    }

    /// <summary>Best class of each of two steps (a square is never the best); class 0 is no letter, and two alike in a row are one.</summary>
    private static string Text(float[] expected) => expected[1] > expected[0] || expected[5] > expected[4] ? "a" : "";

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
