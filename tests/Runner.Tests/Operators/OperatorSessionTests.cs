using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>What <c>adapt operators</c> does, without the command line: the container is a fake, the server behind its socket is our real host.</summary>
public sealed class OperatorSessionTests : IAsyncLifetime
{
    private HostServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await HostServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Every_case_passes_fails_or_is_unsupported_and_is_counted_under_its_operator_and_type()
    {
        using var run = new GivenRun("operators", (_, _, request) => _server.Relay(request), OperatorStepTests.WithAdapter);
        ImmutableArray<OperatorCase> cases = [GivenCases.All[0], GivenCases.Computing(GivenCases.All[1], "Sub"), GivenCases.Computing(GivenCases.All[2], "NoSuchOperator")];

        var report = await RunAsync(run, cases);

        Assert.Equal((1, 1, 1), (report.Passed, report.Failed, report.Unsupported));
        Assert.Equal([("Add", "FP32", 1, 0, 0), ("Add", "INT64", 0, 1, 0), ("Identity", "FP32", 0, 0, 1)], report.Cells());
        Assert.Contains("mismatching elements", report.Text(), StringComparison.Ordinal);
        Assert.Contains("NoSuchOperator", report.Text(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(report.Json());
        Assert.Equal(["pass", "fail", "unsupported"], json.RootElement.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("result").GetString()));
    }

    [Fact]
    public async Task A_case_that_takes_the_server_down_fails_and_the_rest_is_asked_of_a_new_one()
    {
        using var run = new GivenRun("operators", (_, container, request) =>
        {
            if (container.Id != "c1" || !Encoding.ASCII.GetString(request.AsSpan(0, 40)).Contains("/load", StringComparison.Ordinal))
                return _server.Relay(request);
            container.Die(139);
            return null; // a server that died loads nothing: both containers stand for the one server behind them
        }, OperatorStepTests.WithAdapter);

        var report = await RunAsync(run, GivenCases.All);

        Assert.True((2, 1, 0) == (report.Passed, report.Failed, report.Unsupported), report.Text());
        Assert.Contains("139", Assert.IsType<OperatorResult.Fail>(report.Outcomes[0].Result).Seen, StringComparison.Ordinal);
        Assert.All(run.Engine.All, container => Assert.Equal(1, container.Removals));
    }

    [Fact]
    public async Task A_server_that_dies_over_and_over_is_given_up_and_nothing_is_left_out()
    {
        using var run = new GivenRun("operators", (_, container, request) =>
        {
            if (!Encoding.ASCII.GetString(request.AsSpan(0, 40)).Contains("/load", StringComparison.Ordinal))
                return _server.Relay(request);
            container.Die(1);
            return null;
        }, OperatorStepTests.WithAdapter);

        var report = await RunAsync(run, [.. Enumerable.Repeat(GivenCases.All[0], 14)]);

        Assert.Equal(14, report.Failed);
        Assert.Equal(10, run.Engine.All.Length);
        Assert.Contains("not asked", ((OperatorResult.Fail)report.Outcomes[^1].Result).Seen, StringComparison.Ordinal);
    }

    private static async Task<OperatorReport> RunAsync(GivenRun run, ImmutableArray<OperatorCase> cases)
    {
        var request = new OperatorRequest([], cases, StandInputs.Clause(Golden.Root, "COR-01"));
        return new("p", "test", 7, TimeSpan.FromSeconds(1), await new OperatorSession(run.Prepared.Stand, TimeProvider.System, _ => { }).RunAsync(request, Token));
    }
}
