using System.Text.Json;

namespace Adaptation.Integration;

/// <summary>Known-bad controls of SEC-01 and SEC-03, and what the certificate says of exceptions.</summary>
public sealed class ConfinementTests(Bench bench)
{
    private const string Weak = "memory: 1GiB, tmp: 64MiB, user: \"0:0\", weaknesses: {writable_root: true, may_gain_privileges: true}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resolving_a_public_name_while_loading_fails_SEC_03()
    {
        var ended = await bench.CertifyAsync(Stand.With("--resolve", "telemetry.example.com"), "start", Token);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict("SEC-03"));
        Assert.Contains("where no route leads", ended.Reason("SEC-03"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_whose_telemetry_is_on_fails_SEC_03()
    {
        var shipped = await File.ReadAllTextAsync(Path.Combine(bench.Place.Root, "hardware-profiles", "generic", "x64-onnxruntime.yaml"), Token);
        var profile = bench.Profile(shipped.Replace("ORT_DISABLE_TELEMETRY: \"1\"", "HARMLESS: \"1\"", StringComparison.Ordinal).Replace("id: ", "id: a-copy/of-", StringComparison.Ordinal));

        var ended = await bench.RunAsync("telemetry on", ["certify", "--json", "--runs", bench.Place.Runs, "--suite", "silence", "--profile", profile], Token);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict("SEC-03"));
    }

    [Theory]
    [InlineData("host_network: true", "container.host_network", "everything that the machine reaches")]
    [InlineData("weaknesses: {privileged: true}", "container.weaknesses.privileged", "has the whole machine")]
    public async Task What_takes_the_walls_down_cannot_be_asked_for(string container, string key, string why)
    {
        var ended = await bench.CertifyAsync(Stand.Good with { Container = $"memory: 1GiB, tmp: 64MiB, {container}" }, "answers", Token);

        Assert.Equal(3, ended.ExitCode);
        Assert.All([key, why], words => Assert.Contains(words, ended.Errors, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_weakness_needs_an_exception_and_each_exception_stands_on_the_certificate()
    {
        var stand = Stand.Good with { Container = Weak };
        var without = await bench.CertifyAsync(stand, "answers", Token, "root, no exception");
        Bench.AssertRejected(without);
        var rules = without.Events("judged").Single(judged => judged.GetProperty("check").GetString() == "SEC-01").GetProperty("figures").EnumerateArray()
            .Select(figure => figure.GetProperty("name").GetString()!).Where(name => name.StartsWith("violation: ", StringComparison.Ordinal))
            .Select(name => name["violation: ".Length..]).ToArray();
        Assert.All(["uid", "read_only_root", "no_new_privileges"], rule => Assert.Contains(rule, rules));

        var reasons = JsonSerializer.Serialize(rules.ToDictionary(rule => rule, rule => $"the test asks for {rule}"));
        var ended = await bench.CertifiedAsync(stand with { Exceptions = reasons }, "answers", Token, "root, with exceptions");

        Assert.Equal("pass", ended.Verdict("SEC-01"));
        var verified = await bench.RunAsync("verify, with exceptions", ["verify", ended.Certificate!], Token);
        Assert.Equal(0, verified.ExitCode);
        Assert.All(rules, rule => Assert.Contains($"{rule}: the test asks for {rule}", string.Join('\n', verified.Output), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_on_loopback_is_reached_inside_a_container_without_a_network()
    {
        var ended = await bench.CertifiedAsync(Stand.Good with { Listen = "tcp:8123" }, "answers", Token);

        Assert.Equal("pass", ended.Verdict("SEC-01"));
        Assert.Equal("pass", ended.Verdict("SEC-03"));
    }

    [Fact]
    public async Task Without_a_container_the_run_is_capped_and_the_certificate_says_so()
    {
        var ended = await bench.CertifiedAsync("isolation process", ["certify", "--json", "--runs", bench.Place.Runs, "--suite", "answers", "--isolation", "process"], Token);

        Assert.Equal("L1", Assert.Single(ended.Events("finished")).GetProperty("level").GetString());
        Assert.All(["SEC-01", "SEC-03"], check => Assert.Contains("--isolation process", ended.Reason(check), StringComparison.Ordinal));
        Assert.All(["SEC-01", "SEC-03"], check => Assert.Contains("not", ended.Verdict(check), StringComparison.Ordinal));
        var verified = await bench.RunAsync("verify, without container", ["verify", ended.Certificate!], Token);
        Assert.Equal(0, verified.ExitCode);
        Assert.Contains("no container: the server ran as a plain process", string.Join('\n', verified.Output), StringComparison.Ordinal);
    }
}
