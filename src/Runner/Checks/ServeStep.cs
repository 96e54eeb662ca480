using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>
/// One deployment that is looked at from all sides: how it is confined (SEC-01), what it answers (COR-18), how fast (PERF-04). The echo
/// is asked before and after it, with the same client, streams and payload.
/// </summary>
internal sealed class ServeStep : IStep
{
    private const int CalibrationRequests = 200; // their median is judged; more would only make the run longer

    public string Name => "serve";

    public LocalText Title { get; } = new("Inspect, ask the golden inputs, measure latency", "检查容器、黄金输入应答、时延测量");

    public ImmutableArray<string> Checks { get; } = ["SEC-01", "COR-18", "PERF-04"];

    public bool IsFor(string modelKind) => modelKind == "tensor";

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(30);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        await using var echo = await run.Deployer.StartEchoAsync(cancellationToken);
        var before = await CalibrateAsync(run, echo, cancellationToken);
        var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
        await using var running = server;
        var measured = ImmutableArray.CreateBuilder<Measurement>();
        if (run.Includes("SEC-01"))
            measured.Add(new Measurement { Check = "SEC-01", Facts = (await server.Container.InspectAsync(cancellationToken)).Facts });
        measured.Add(new Measurement { Check = "COR-18", Tensors = await GoldenQuestions.AskAsync(run, server, run.Prepared.Golden.Inputs, cancellationToken) });
        var columns = await LatencyAsync(run, server, cancellationToken);
        var after = await CalibrateAsync(run, echo, cancellationToken);
        measured.Add(new Measurement
        {
            Check = "PERF-04",
            Series =
            [
                .. columns,
                .. before.Select(column => column with { Name = $"client_error.before.{column.Name}" }),
                .. after.Select(column => column with { Name = $"client_error.after.{column.Name}" }),
            ],
        });
        return measured.ToImmutable();
    }

    private static async Task<ImmutableArray<Series>> LatencyAsync(RunContext run, Deployment server, CancellationToken cancellationToken)
    {
        var clause = run.Clause("PERF-04");
        // one late request may happen without leaving the question open
        var count = Statistics.TrialsNeeded(1, clause.Limit("late_share_ppm") / 1e6, clause.Limit("confidence_ppm") / 1e6);
        var columns = ImmutableArray.CreateBuilder<Series>();
        foreach (var streams in Streams(clause))
        {
            var load = new GoldenLoad(run, server, streams);
            await load.RunCountAsync(10 * streams, cancellationToken);
            columns.Add(new Series($"latency.{streams}", "ns", Latencies(run, await load.RunCountAsync(count, cancellationToken))));
        }

        return columns.ToImmutable();
    }

    private static async Task<ImmutableArray<Series>> CalibrateAsync(RunContext run, Deployment echo, CancellationToken cancellationToken)
    {
        var columns = ImmutableArray.CreateBuilder<Series>();
        foreach (var streams in Streams(run.Clause("PERF-04")))
        {
            var load = new GoldenLoad(run, echo, streams);
            await load.RunCountAsync(10 * streams, cancellationToken);
            columns.Add(new Series($"{streams}", "ns", Latencies(run, await load.RunCountAsync(CalibrationRequests, cancellationToken))));
        }

        return columns.ToImmutable();
    }

    private static ImmutableArray<int> Streams(Clause clause) => [(int)clause.Limit("streams_low"), (int)clause.Limit("streams_high")];

    private static ImmutableArray<long> Latencies(RunContext run, LoadResult result) =>
        [.. result.Samples.Select(sample => sample.Failure is null ? run.Nanos(sample.Sent, sample.Done) : long.MaxValue)];
}
