using System.Globalization;
using System.Security.Cryptography;
using Adaptation.Testing;

namespace Adaptation.Integration;

/// <summary>COR-17 as people run it: a manifest with a pack of its full size, a server that replays the reference's answers, and shims that spoil them.</summary>
public sealed class ToolCallTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replay_of_the_reference_passes()
    {
        var ended = await RunAsync("none");

        Assert.Equal("pass", ended.Verdict("COR-17"));
        Assert.Equal(0, ended.ExitCode);
    }

    /// <summary>What the simulator does to the reference's answers, in words, and what the reason of the rejection must say.</summary>
    internal static IReadOnlyList<(string Shim, string Title, string Cause)> Shims { get; } =
    [
        ("drop-argument", "drops one required argument in every 20th call", "lack a required argument (the first: item tool-"),
        ("suppress-calls", "suppresses every fifth call", "calls suppressed: recall"),
        ("call-needlessly", "calls where the reference does not", "calls made where the reference makes none"),
        ("break-arguments", "wraps arguments in broken JSON", "have arguments that are no JSON"),
        ("invent-tools", "names tools that were not offered", "name a tool that was not offered"),
        ("drop-member", "drops a required member of structured answers", "structured answers lack a required member"),
    ];

    public static TheoryData<string> Names => [.. Shims.Select(row => row.Shim)];

    [Theory, MemberData(nameof(Names))]
    public async Task A_shim_is_rejected_for_its_cause(string shim)
    {
        var cause = Shims.Single(row => row.Shim == shim).Cause;

        var ended = await RunAsync(shim);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict("COR-17"));
        Assert.Contains(cause, ended.Reason("COR-17"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_without_a_pack_is_not_asked_and_told_why()
    {
        var ended = await bench.RunAsync("tools: no pack", Liar.Certify(bench, "tools", ["--tools", "none"]), Token);

        Assert.Equal("not_applicable", ended.Verdict("COR-17"));
        Assert.Contains("names no pack of tool prompts", ended.Reason("COR-17"), StringComparison.Ordinal);
    }

    private Task<Ended> RunAsync(string shim) => bench.RunAsync($"tools: {shim}", Certify(bench, shim), Token);

    internal static IEnumerable<string> Certify(Bench bench, string shim)
    {
        var arguments = Liar.Certify(bench, "tools", ["--tools", shim]).ToArray();
        arguments[Array.IndexOf(arguments, "--model") + 1] = Model(bench);
        return arguments;
    }

    /// <summary>tiny-poet with a pack; it calls no tools, and the simulator answers for it.</summary>
    private static string Model(Bench bench)
    {
        var (source, pack) = (Place.Repository("reference-models/tiny-poet"), ToolBench.Draw().Pack("tiny-poet"));
        var manifest = File.ReadAllText(Path.Combine(source, "model.yaml"))
            .Replace("text:  ", string.Create(CultureInfo.InvariantCulture, $"  - {{path: golden/tools.jsonl, bytes: {pack.Length}, sha256: {Convert.ToHexStringLower(SHA256.HashData(pack))}}}\ntext:  "), StringComparison.Ordinal)
            .Replace("  chat_template: chat_template.jinja\n", "  chat_template: chat_template.jinja\n  tools: golden/tools.jsonl\n", StringComparison.Ordinal);
        var file = bench.Place.Write("tool-poet/model.yaml", manifest);
        var folder = Path.GetDirectoryName(file)!;
        Directory.CreateDirectory(Path.Combine(folder, "golden"));
        File.WriteAllBytes(Path.Combine(folder, "golden/tools.jsonl"), pack);
        foreach (var name in (string[])["model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "golden/documents.json", "golden/prompts.json"])
            File.Copy(Path.Combine(source, name), Path.Combine(folder, name), overwrite: true);
        return file;
    }
}
