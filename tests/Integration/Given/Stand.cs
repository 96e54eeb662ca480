using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Integration;

/// <summary>A profile whose server is the simulator: right, fast and well behaved until a test asks for a fault.</summary>
internal sealed record Stand
{
    public ImmutableArray<string> Faults { get; init; } = ["--remember", "--pace-ms", "50"];

    /// <summary>Lines for <c>container:</c>, behind the usual ones.</summary>
    public string Container { get; init; } = "memory: 1GiB, tmp: 64MiB";

    public string FrameworkVersion { get; init; } = "1.30.0";

    /// <summary><c>unix</c>, or <c>tcp:PORT</c>.</summary>
    public string Listen { get; init; } = "unix";

    public string ReadyWithin { get; init; } = "30s";

    public string AnswerWithin { get; init; } = "5s";

    public string Environment { get; init; } = """{ORT_DISABLE_TELEMETRY: "1"}""";

    public string ColdStart { get; init; } = "30s";

    public string LatencyP99 { get; init; } = "{1: 1s, 4: 4s}";

    public string Throughput { get; init; } = "20/s";

    public string Exceptions { get; init; } = "{}";

    public static Stand Good { get; } = new();

    /// <summary>The good one with further faults.</summary>
    public static Stand With(params ReadOnlySpan<string> faults) => Good with { Faults = [.. Good.Faults, .. faults] };

    public string ToYaml()
    {
        var where = Listen == "unix" ? "unix:{socket}" : "tcp:{port}";
        string[] command =
        [
            "--listen", where, .. Faults, "--", "--adapter", "onnxruntime", "--library", "/opt/engine/libonnxruntime.so.1",
            "--model", "{model}/model.onnx", "--model-name", "ppocrv4-rec",
        ];
        return $$"""
            schema: adaptation.profile/v1
            id: test/simulator
            name: {en: Simulator, zh: 模拟器}
            chip: {vendor: generic, model: x86-64 CPU, kind: cpu}
            versions: {framework.name: onnxruntime, framework.version: {{FrameworkVersion}}}
            image:
              folder: image
              base: debian:12-slim
              engine: onnxruntime
              files: {host/adaptation-host: host/adaptation-host, simulator: simulator}
            container: {cpus: 2, pids: 256, {{Container}}}
            serve:
              protocol: open-inference
              listen: {{Listen}}
              ready_within: {{ReadyWithin}}
              answer_within: {{AnswerWithin}}
              streams: 2
              environment: {{Environment}}
              command: {{JsonSerializer.Serialize(command)}}
            declared: {cold_start: {{ColdStart}}, warm_start: 30s, latency_p99: {{LatencyP99}}, throughput: {{Throughput}}}
            exceptions: {{Exceptions}}

            """;
    }
}
