using System.Collections.Immutable;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner.Tests;

/// <summary>Operators as a step of a certification: the container is a fake, the server behind its socket is our real host.</summary>
public sealed class OperatorStepTests : IAsyncLifetime
{
    internal static readonly string WithAdapter = GivenRun.Profile.Replace(
        "command: [/serve, \"{socket}\", \"{model}\"]", "adapter: {name: onnxruntime, library: /opt/engine/lib.so, provider: CPUExecutionProvider}", StringComparison.Ordinal);

    private HostServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await HostServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Operators_are_asked_after_the_server_started_kept_whole_and_verified_by_a_stranger()
    {
        using var run = Given(GivenCases.All);

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.True(judgement.Outcome == Outcome.Certified, string.Join('\n', judgement.Findings.Select(finding => $"{finding.Check} {finding.Verdict}")));
        Assert.IsType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
        Assert.Equal(["FP32.pack", "INT64.pack", "index.json"], Directory.GetFiles(run.Only().InEvidence("operators")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var journal = await File.ReadAllTextAsync(run.Only().Journal, Token);
        Assert.True(journal.IndexOf("\"deployed\"", StringComparison.Ordinal) < journal.IndexOf("\"operators-drawn\"", StringComparison.Ordinal));
        Assert.All(run.Engine.All, container => Assert.Equal(1, container.Removals));
    }

    [Fact]
    public async Task The_container_gets_no_model_and_nothing_that_names_a_check()
    {
        using var run = Given(GivenCases.All);

        await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        var spec = Assert.Single(run.Engine.All).Spec;
        Assert.Equal(
            ["--adapter", "onnxruntime", "--library", "/opt/engine/lib.so", "--repository", "--listen", "unix:/run/adaptation/serve.sock", "--provider", "CPUExecutionProvider"], spec.Command);
        Assert.Equal(["/run/adaptation"], spec.Mounts.Select(mount => mount.Target));
    }

    [Fact]
    public async Task A_device_that_computes_something_else_is_rejected()
    {
        using var run = Given([GivenCases.Computing(GivenCases.All[0], "Mul"), .. GivenCases.All[1..]]);

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        Assert.Contains("add-fp32", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-01").Verdict).Measured, StringComparison.Ordinal);
        Assert.IsType<Verdict.Pass>(judgement.Finding("COR-02").Verdict);
    }

    [Fact]
    public async Task A_pack_that_was_changed_after_the_run_is_refused()
    {
        using var run = Given(GivenCases.All);
        await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        var pack = run.Only().InEvidence("operators/FP32.pack");
        var bytes = await File.ReadAllBytesAsync(pack, Token);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(pack, bytes, Token);

        Assert.IsNotType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
    }

    [Theory]
    [InlineData("FP32.pack")]
    [InlineData("index.json")]
    public async Task A_part_that_was_lost_is_refused(string part)
    {
        using var run = Given(GivenCases.All);
        await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        File.Delete(run.Only().InEvidence($"operators/{part}"));

        Assert.IsNotType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
    }

    [Fact]
    public async Task A_server_that_dies_half_way_fails_what_was_measured()
    {
        using var run = new GivenRun("operators", (_, container, request) =>
        {
            if (container.Served > 8)
                container.Die(139);
            return _server.Relay(request);
        }, WithAdapter)
        { Operators = _ => GivenCases.All };

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        Assert.Contains("exit code 139", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-01").Verdict).Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_be_handed_models_is_left_out_with_the_reason()
    {
        using var run = new GivenRun("operators") { Operators = _ => GivenCases.All };

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.All(judgement.Findings, finding => Assert.Contains("a server of its own", Assert.IsType<Verdict.NotApplicable>(finding.Verdict).Reason, StringComparison.Ordinal));
        Assert.Empty(run.Engine.All);
    }

    private GivenRun Given(ImmutableArray<OperatorCase> cases) => new("operators", (_, _, request) => _server.Relay(request), WithAdapter) { Operators = _ => cases };
}
