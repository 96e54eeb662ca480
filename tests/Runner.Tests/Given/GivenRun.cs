using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;

namespace Adaptation.Runner.Tests;

/// <summary>A small product root with a standard, a profile and a model of two golden lines, and a fake engine whose server answers them.</summary>
internal sealed class GivenRun : IDisposable
{
    public const string Output = "y";
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, byte[]> _answers = new(StringComparer.Ordinal);

    public GivenRun(string suite = "short", Func<GivenRun, FakeContainer, byte[], byte[]?>? answer = null, string profile = Profile)
    {
        WriteRoot(profile);
        Engine = new FakeEngine((container, request) => (answer ?? Right)(this, container, request));
        Keys = DevelopmentKeys.OpenOrCreate(_folder.At("keys"), TimeProvider.System);
        Request = new RunRequest(_folder.Path, "p", "m", "t", suite);
        Prepared = Prepare();
    }

    public FakeEngine Engine { get; }

    public DevelopmentKeys Keys { get; }

    public RunRequest Request { get; }

    public Prepared Prepared { get; set; }

    public string Root => _folder.Path;

    public string Runs => _folder.At("runs");

    public List<RunEvent> Told { get; } = [];

    /// <summary>A conductor that reads the stack of another machine.</summary>
    public Conductor Conductor(TimeProvider? time = null) => new(Keys, time ?? TimeProvider.System, "test", what =>
    {
        lock (Told)
            Told.Add(what);
    })
    { Operators = Operators };

    public OperatorSource? Operators { get; init; }

    public RunDirectory Only() => new(Directory.GetDirectories(Runs).Single());

    public static byte[] Right(GivenRun run, FakeContainer container, byte[] request)
    {
        var body = Tensor(request);
        return container.IsEcho
            ? GivenWire.Binary($$"""{"model_name":"echo","outputs":[{"name":"y","datatype":"FP32","shape":[{{body.Length / 4}}],"parameters":{"binary_data_size":{{body.Length}} } }]}""", body)
            : Answer(run._answers[Convert.ToHexString(body)]);
    }

    public static byte[] Answer(byte[] expected) =>
        GivenWire.Binary($$"""{"model_name":"m","outputs":[{"name":"{{Output}}","datatype":"FP32","shape":[1,2,4],"parameters":{"binary_data_size":{{expected.Length}} } }]}""", expected);

    /// <summary>Verifies what a run issued, with its evidence, as a stranger would.</summary>
    public EvidenceVerification Verify(RunDirectory directory)
    {
        var standards = ImmutableDictionary<string, string>.Empty.Add(Prepared.Inputs.Standard.Sha256, "t");
        var accepted = Assert.IsType<Verification.Accepted>(CertificateVerifier.Verify(
            File.ReadAllBytes(directory.Certificate), Keys.Trust, TimeProvider.System.GetUtcNow(), standards, acceptWaivers: null));
        return EvidenceVerifier.Verify(accepted.Certificate, directory.Evidence, Prepared.Inputs.Standard);
    }

    public void Dispose()
    {
        Keys.Dispose();
        _folder.Dispose();
    }

    private static byte[] Tensor(byte[] request)
    {
        var end = request.AsSpan().IndexOf("\r\n\r\n"u8);
        var head = Encoding.ASCII.GetString(request.AsSpan(0, end)).Split("\r\n");
        var json = int.Parse(head.Single(line => line.StartsWith("Inference-Header-Content-Length: ", StringComparison.Ordinal))[33..], System.Globalization.CultureInfo.InvariantCulture);
        return request[(end + 4 + json)..];
    }

    private Prepared Prepare()
    {
        var inputs = RunInputs.Read(Request);
        var engine = new EnginePack("lib", "1.0.0", "MIT", new PackageSource("lib", "1.0.0", ""), [new PinnedFile("lib.so", "lib.so", 3, Sha256("lib"u8))]);
        var golden = GoldenInputs.Load(inputs.Model, _folder.At("reference-models/m"));
        foreach (var (input, line) in golden.Inputs.Zip(golden.Pack.Lines))
            _answers[Convert.ToHexString(input.Tensors[0].Data.Span)] = MemoryMarshal.AsBytes<float>(Expected(line.Text)).ToArray();
        var image = new ContainerImage("x", $"sha256:{new string('a', 64)}", $"sha256:{new string('b', 64)}");
        return new Prepared(
            Engine, image, image with { Name = "echo" }, Path.GetDirectoryName(_folder.Write("engine/lib.so", "lib"))!,
            Path.GetDirectoryName(_folder.Write("kept/model.bin", "the model"))!, golden, inputs with { Engine = engine }, _folder.Write("host", "host"));
    }

    private void WriteRoot(string profile)
    {
        _folder.Write("standard/t/catalogue.yaml", File.ReadAllText(Path.Combine(Testing.Golden.Root, "tests/Runner.Tests/Given/standard.yaml")));
        _folder.Write("hardware-profiles/p.yaml", profile);
        _folder.Write("containers/x/Dockerfile", "FROM scratch");
        _folder.Write("reference-models/m/chars.txt", "a\nb\n");
        _folder.Write("reference-models/m/model.bin", "the model");
        var lines = new[] { ("one", "ab"), ("two", "ba") }.Select((line, at) => Line(line.Item1, line.Item2, (byte)(at * 40)));
        var pack = _folder.Write("reference-models/m/golden/golden.json", $$"""
            {"schema": "adaptation.golden/v1", "model": "m", "tolerance": {"rtolPpb": 1000000, "atolPpb": 500}, "cases": [{{string.Join(',', lines)}}]}
            """);
        _folder.Write("reference-models/m/model.yaml", $$"""
            schema: adaptation.model/v1
            id: m
            name: {en: Model, zh: 模型}
            kind: tensor
            licence: MIT
            precision: fp32
            files: [{path: model.bin, bytes: 9, sha256: {{Sha256("the model"u8)}}}]
            runner_files: [{path: chars.txt, bytes: 4, sha256: {{Sha256("a\nb\n"u8)}}}]
            signature:
              inputs: [{name: x, datatype: FP32, shape: [-1, 3, 2, -1]}]
              outputs: [{name: {{Output}}, datatype: FP32, shape: [-1, -1, 4]}]
            input: {kind: text-line, height: 2, channels: bgr, mean: 0.5, std: 0.5}
            output: {kind: ctc-greedy, charset: chars.txt}
            golden: {file: golden/golden.json, sha256: {{Sha256(File.ReadAllBytes(pack))}}}
            """);
    }

    private string Line(string id, string text, byte shade)
    {
        var image = _folder.Write($"reference-models/m/golden/{id}.png", TinyPng.Encode(2, 2, [.. Enumerable.Range(0, 12).Select(at => (byte)(at + shade))], _ => 0));
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(MemoryMarshal.AsBytes<float>(Expected(text)));
        var expected = _folder.Write($"reference-models/m/golden/{id}.f32.gz", packed.ToArray());
        return $$"""
            {"id": "{{id}}", "text": "{{text}}", "image": {"path": "{{id}}.png", "sha256": "{{Sha256(File.ReadAllBytes(image))}}"},
             "expected": {"path": "{{id}}.f32.gz", "sha256": "{{Sha256(File.ReadAllBytes(expected))}}", "shape": [1, 2, 4]} }
            """;
    }

    /// <summary>Two steps over the classes blank, a, b and space.</summary>
    private static float[] Expected(string text) => [.. text.SelectMany(letter => Enumerable.Range(0, 4).Select(at => at == letter - 'a' + 1 ? 0.9f : 0.03f))];

    public static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public const string Profile = """
        schema: adaptation.profile/v1
        id: generic/test
        name: {en: Test, zh: 测试}
        chip: {vendor: generic, model: CPU, kind: cpu}
        versions: {framework.version: 1.0.0}
        image: {folder: containers/x, base: scratch}
        container: {memory: 1GiB, cpus: 1, pids: 64, log_limit: 256KiB}
        serve:
          protocol: open-inference
          listen: unix
          ready_within: 5s
          answer_within: 5s
          streams: 2
          command: [/serve, "{socket}", "{model}"]
        declared:
          cold_start: 1min
          warm_start: 1min
          latency_p99: {1: 1min, 2: 1min}
          deterministic: true
          throughput: 1/s
        """;
}
