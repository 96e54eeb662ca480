using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>
/// Offers all the load that the server takes, in runs of a fresh container each (PERF-12 from all of them, PERF-05 from the first). A
/// run goes on until enough of its windows were undisturbed by other work on the machine, at most three times as long.
/// </summary>
internal sealed class ThroughputStep : IStep
{
    private const int MostTimes = 3;

    public string Name => "throughput";

    public LocalText Title { get; } = new("Offline throughput, container recreated for each run", "离线吞吐量（每轮重建容器）");

    public ImmutableArray<string> Checks { get; } = ["PERF-05", "PERF-12"];

    public bool IsFor(string modelKind) => modelKind == "tensor";

    public TimeSpan Expected(RunContext run) =>
        Enumerable.Range(1, Runs(run)).Aggregate(TimeSpan.Zero, (sum, at) => sum + Shortest(run, at) + TimeSpan.FromSeconds(2.5));

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var series = ImmutableArray.CreateBuilder<Series>();
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        facts["processors"] = Text(Environment.ProcessorCount);
        Measurement? offline = null;
        await using var telemetry = StepTelemetry.Start(run);
        for (var at = 1; at <= Runs(run); at++)
        {
            var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
            await using (server)
            {
                var load = new GoldenLoad(run, server, run.Inputs.Profile.Server.Streams);
                await load.RunForAsync(TimeSpan.FromSeconds(1), cancellationToken);
                if (at == 1)
                    await telemetry.IdleAsync(Checks, cancellationToken);
                var (result, activity) = await OfferAsync(run, server, load, at, cancellationToken);
                telemetry.Loaded(result.Started, run.Time.GetElapsedTime(result.Started, result.Ended));
                var completed = Completed(run, result);
                var duration = Text(run.Nanos(result.Started, result.Ended));
                offline ??= Offline(run, completed, duration, result.Samples.Length - completed.Length, load.Wrong);
                series.Add(new($"run.{at}", "ns", completed));
                if (activity is not null)
                    series.AddRange(new($"run.{at}.slices", "ns", [.. activity.Ends]), new Series($"run.{at}.elsewhere", "ns", [.. activity.Elsewhere]));
                facts[$"run.{at}.duration_ns"] = duration;
                facts[$"run.{at}.container"] = server.Container.Id;
            }
        }

        ImmutableArray<Measurement> measured = [offline!, new Measurement { Check = "PERF-12", Series = series.ToImmutable(), Facts = facts.ToImmutable() }];
        return await telemetry.FinishAsync(Name, measured, 0); // PERF-05 is the first run
    }

    private static async Task<(LoadResult Result, HostActivity? Activity)> OfferAsync(
        RunContext run, Deployment server, GoldenLoad load, int at, CancellationToken cancellationToken)
    {
        var clause = run.Clause("PERF-12");
        var shortest = Shortest(run, at);
        var slice = TimeSpan.FromSeconds(clause.Limit("run_seconds")) / clause.Limit("windows");
        if (!run.Includes("PERF-12") || server.ProcessId is not { } processId || new HostActivity(processId, run.Time) is not { CanRead: true } activity)
            return (await load.RunForAsync(shortest, cancellationToken), null);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var least = (int)Math.Ceiling(shortest / slice);
        var watching = Task.CompletedTask;
        Task Watch() => watching = activity.WatchAsync(slice, least, least * MostTimes, clause.Limit("elsewhere_max_ppm") / 1e6, over.Token);
        try
        {
            return (await load.RunUntilAsync(Watch, cancellationToken), activity);
        }
        finally
        {
            await over.CancelAsync();
            await watching.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static Measurement Offline(RunContext run, ImmutableArray<long> completed, string duration, int failed, long wrong) => new()
    {
        Check = "PERF-05",
        Series = [new("completed", "ns", completed)],
        Facts = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
        [
            KeyValuePair.Create("duration_ns", duration),
            KeyValuePair.Create("failed", Text(failed + wrong)),
            KeyValuePair.Create("streams", Text(run.Inputs.Profile.Server.Streams)),
            KeyValuePair.Create("wrong", Text(wrong)),
        ]),
    };

    private static int Runs(RunContext run) => run.Includes("PERF-12") ? (int)run.Clause("PERF-12").Limit("runs") : 1;

    /// <summary>The first run is as long as PERF-05 asks as well; the others are as long as PERF-12 asks.</summary>
    private static TimeSpan Shortest(RunContext run, int at)
    {
        var (own, offline) = (run.Clause("PERF-12").Limit("run_seconds"), run.Clause("PERF-05").Limit("min_seconds"));
        return TimeSpan.FromSeconds(at > 1 ? own : run.Includes("PERF-12") ? Math.Max(own, offline) : offline);
    }

    private static ImmutableArray<long> Completed(RunContext run, LoadResult result) =>
        [.. result.Samples.Where(sample => sample.Failure is null).Select(sample => run.Nanos(result.Started, sample.Done)).Order()];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
