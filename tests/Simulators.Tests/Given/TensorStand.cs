using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;
using Adaptation.Testing;
using Adaptation.Testing.Onnx;
using Adaptation.Testing.Torch;

namespace Adaptation.Simulators.Tests;

/// <summary>The product itself on a real engine with a shipped tensor model whose file was exchanged: the manifest pins the other file, and everything else stays as shipped.</summary>
internal sealed partial class TensorStand : IDisposable
{
    private const string Suites = """
        suites:
          tensors:
            title: {en: Tensors, zh: 张量}
            cap: L5
            checks: [COR-18, PERF-04]
            overrides:
              PERF-04: {late_share_ppm: 500000} # a handful of requests: the time is nobody's question here
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("tensor").FullName; // short: sockets lie below it

    public TensorStand()
    {
        var shipped = File.ReadAllText(Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml"));
        Write("standard/0.1/catalogue.yaml", Encoding.UTF8.GetBytes(shipped[..(shipped.IndexOf("\nsuites:\n", StringComparison.Ordinal) + 1)] + Suites + "\n"));
        Write("containers/any/Dockerfile", "FROM scratch"u8.ToArray());
        Write("containers/echo/Dockerfile", "FROM scratch"u8.ToArray());
    }

    /// <summary>Certifies a shipped model with another file.</summary>
    /// <param name="file"><c>model.onnx</c> or <c>model.pt</c>: the engine that opens it is what it runs on.</param>
    public async Task<Finding> CertifyAsync(string model, string file, byte[] content, CancellationToken cancellationToken)
    {
        Exchange(model, file, content);
        var profile = Path.Combine(_folder, "profile.yaml");
        await File.WriteAllTextAsync(profile, Profile(file == "model.pt"), cancellationToken);
        using var keys = DevelopmentKeys.OpenOrCreate(Path.Combine(_folder, "keys"), TimeProvider.System);
        await using var engine = new LocalProcessEngine(Path.Combine(_folder, "processes"), TimeProvider.System);
        var preparation = new Preparation(new NpmPackages(Path.Combine(_folder, "packages"), _ => { }), engine, SimulatedChip.Host, (name, _, _) => Task.FromResult(name), _ => { });
        var prepared = await preparation.PrepareAsync(RunInputs.Read(new(_folder, profile, model, "0.1", "tensors")), cancellationToken);
        var judgement = await new Conductor(keys, TimeProvider.System, "test", _ => { }).StartAsync(prepared, Path.Combine(_folder, "runs"), cancellationToken);
        return judgement.Findings.Single(finding => finding.Check == "COR-18");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The shipped manifest, its golden pack, and the file beside them instead of the package or the exports.</summary>
    private void Exchange(string model, string file, byte[] content)
    {
        var shipped = Path.Combine(Golden.Root, "reference-models", model);
        foreach (var part in Directory.GetFiles(Path.Combine(shipped, "golden"), "*", SearchOption.AllDirectories))
            Write($"reference-models/{model}/{Path.GetRelativePath(shipped, part)}", File.ReadAllBytes(part));
        Write($"reference-models/{model}/{file}", content);
        var manifest = WhereFilesComeFrom().Replace(File.ReadAllText(Path.Combine(shipped, "model.yaml")), "");
        Write($"reference-models/{model}/model.yaml", Encoding.UTF8.GetBytes(
            manifest + $"files: [{{path: {file}, bytes: {content.Length}, sha256: {Convert.ToHexStringLower(SHA256.HashData(content))}}}]\n"));
    }

    private void Write(string path, byte[] bytes)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }

    private static string Profile(bool isTorch) => $$"""
        schema: adaptation.profile/v1
        id: generic/engine
        name: {en: Engine, zh: 引擎}
        chip: {vendor: generic, model: CPU, kind: cpu}
        image: {folder: containers/any, base: scratch}
        container: {memory: 4GiB, cpus: 1, pids: 256}
        serve:
          protocol: open-inference
          listen: unix
          ready_within: 60s
          answer_within: 30s
          streams: 2
          environment: {ORT_DISABLE_TELEMETRY: "1"}
          adapter: {{(isTorch
            ? $"{{name: libtorch, library: {Compiled.Shim}, threads: 1, options: {{device: cpu}}}}"
            : $"{{name: onnxruntime, library: {Engine.Library}, provider: CPUExecutionProvider, threads: 1}}")}}
        declared: {cold_start: 60s, warm_start: 60s, latency_p99: {1: 10s, 10: 10s}, throughput: 1/s}
        """;

    /// <summary>A key of the manifest with the indented lines or list below it.</summary>
    [GeneratedRegex(@"^(source|files|checkpoint|exports):.*\n([ ].*\n)*", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex WhereFilesComeFrom();
}
