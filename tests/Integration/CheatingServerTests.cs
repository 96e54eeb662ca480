using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>Known-bad controls of a server of text that lies, each caught by the check and for the cause that tests/Simulators/cheats.json states; tiny-poet in 16 bits, as plain processes.</summary>
public sealed class CheatingServerTests(Bench bench)
{
    private static readonly JsonSerializerOptions Named = new() { PropertyNameCaseInsensitive = true };

    private static readonly ImmutableArray<Caught> Table = JsonSerializer.Deserialize<ImmutableArray<Caught>>(File.ReadAllText(Place.Repository("tests/Simulators/cheats.json")), Named);

    public static TheoryData<string> Cheats => [.. Table.Select(caught => caught.Cheat)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Cheats))]
    public async Task A_server_that_cheats_is_rejected_for_the_right_cause(string cheat)
    {
        var caught = Table.Single(row => row.Cheat == cheat);
        string[] published = cheat == "cache-published" ? ["--published", Place.Repository("reference-models/tiny-poet/golden/prompts.json")] : [];
        var ended = await CertifyAsync(cheat, caught.Suite, ["--cheat", cheat, .. caught.Arguments ?? [], .. published]);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict(caught.Clause));
        Assert.Contains(caught.Cause, ended.Reason(caught.Clause), StringComparison.Ordinal);
    }

    /// <summary>Behind the same proxy, at a pace that leaves room for what else the machine does.</summary>
    [Theory]
    [InlineData("words", "0")]
    [InlineData("audit", "6")]
    [InlineData("audit", "8")]
    public async Task An_honest_server_behind_the_same_proxy_is_not_rejected(string suite, string pace)
    {
        var ended = await CertifyAsync($"honest {suite}", suite, ["--text", "--token-ms", pace]);

        Assert.All(ended.Events("judged"), judged => Assert.NotEqual("fail", judged.GetProperty("verdict").GetString()));
        Assert.All(["OPS-01"], check => Assert.Equal("pass", ended.Verdict(check)));
    }

    [Fact]
    public async Task The_seed_of_an_audit_is_drawn_after_the_server_started_and_stands_in_the_journal()
    {
        var ended = await CertifyAsync("seed", "audit", ["--text"]);

        var lines = File.ReadAllLines(new RunDirectory(ended.Directory!).Journal);
        var drawn = Array.FindIndex(lines, line => line.Contains("\"kind\":\"audit-drawn\"", StringComparison.Ordinal));
        var deployed = Array.FindLastIndex(lines, Math.Max(0, drawn), line => line.Contains("\"kind\":\"deployed\"", StringComparison.Ordinal));
        Assert.InRange(drawn, 1, lines.Length);
        Assert.InRange(deployed, 0, drawn - 1);
        Assert.Contains("\"seed\":", lines[drawn], StringComparison.Ordinal);
    }

    private Task<Ended> CertifyAsync(string what, string suite, string[] cheat) => bench.RunAsync(
        what,
        ["certify", "--json", "--isolation", "process", "--runs", bench.Place.Runs, "--suite", suite, "--model", "tiny-poet", "--precision", "f16", "--profile", bench.Profile(Profile(cheat))], Token);

    private static string Profile(string[] cheat)
    {
        string[] command =
        [
            "simulator/adaptation-simulator", "--listen", "unix:{socket}", "--program", Place.Host, .. cheat, "--", "--adapter", "llamacpp",
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

    /// <param name="Cause">Part of the reason.</param>
    /// <param name="Arguments">Further ones of the simulator.</param>
    private sealed record Caught(string Cheat, string Suite, string Clause, string Cause, ImmutableArray<string>? Arguments);
}
