using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Integration;

/// <summary>A profile whose server is the simulator before tiny-poet in 16 bits, as plain processes; and what catches each of its lies (tests/Simulators/cheats.json).</summary>
internal static class Liar
{
    private static readonly JsonSerializerOptions Named = new() { PropertyNameCaseInsensitive = true };

    public static ImmutableArray<Cheated> Table { get; } = JsonSerializer.Deserialize<ImmutableArray<Cheated>>(File.ReadAllText(Place.Repository("tests/Simulators/cheats.json")), Named);

    /// <param name="simulator">Arguments of the simulator.</param>
    public static IEnumerable<string> Certify(Bench bench, string suite, IEnumerable<string> simulator) => Certify(bench, suite, bench.Profile(Profile(simulator)));

    /// <param name="profile">Path, or id of a shipped one.</param>
    public static IEnumerable<string> Certify(Bench bench, string suite, string profile) =>
        ["certify", "--json", "--isolation", "process", "--runs", bench.Place.Runs, "--suite", suite, "--model", "tiny-poet", "--precision", "f16", "--profile", profile];

    private static string Profile(IEnumerable<string> simulator)
    {
        string[] command =
        [
            "simulator/adaptation-simulator", "--listen", "unix:{socket}", "--program", Place.Host, .. simulator, "--", "--adapter", "llamacpp",
            "--library", "/opt/engine/libllama.v0.5.0.so", "--model", "{model}/model.gguf", "--model-name", "tiny-poet", "--threads", "1", "--queue", "16384",
            "--option", "devices=CPU", "--option", "sequences=8", "--option", "context_length=2048", "--option", "batch=512", "--option", "micro_batch=512", "--option", "flash_attention=off", "--option", "cache_type=f16",
        ];
        return $$"""
            schema: adaptation.profile/v1
            id: test/cheat
            name: {en: A server that may cheat, zh: 可能作弊的服务}
            chip: {vendor: generic, model: x86-64 CPU, kind: cpu}
            versions: {framework.name: llamacpp-cpu, framework.version: 0.5.0-dev}
            image: {folder: image, base: debian:12-slim, engine: llamacpp-cpu, files: {simulator: simulator} }
            container: {memory: 4GiB, cpus: 2, pids: 512, tmp: 64MiB}
            serve:
              protocol: open-inference
              listen: unix
              ready_within: 120s
              answer_within: 60s
              streams: 4
              command: {{JsonSerializer.Serialize(command)}}
            declared: {cold_start: 60s, warm_start: 60s, text_class: 8b, output_tokens: 50/s, request_rate: 1/s}

            """;
    }
}

/// <param name="Title">The lie in words.</param>
/// <param name="Clause">Must reject it.</param>
/// <param name="Cause">Part of the reason.</param>
/// <param name="Run">Lies of one name are told in one run of the tests: none of them hides another.</param>
/// <param name="Suite">Of that run.</param>
/// <param name="Arguments">Further ones of the simulator.</param>
internal sealed record Cheated(string Cheat, string Title, string Clause, string Cause, string Run, string Suite, ImmutableArray<string>? Arguments)
{
    private const string Published = "reference-models/tiny-poet/golden/prompts.json";

    public IEnumerable<string> Options => ["--cheat", Cheat, .. (Arguments ?? []).Select(argument => argument == "{published}" ? Place.Repository(Published) : argument)];
}
