using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Offers all the load that the server takes, in runs of a fresh container each (PERF-05 from the first, PERF-12 from all).</summary>
internal sealed class ThroughputStep : IStep
{
    public string Name => "throughput";

    public LocalText Title { get; } = new("Offline throughput, container recreated for each run", "离线吞吐量（每轮重建容器）");

    public ImmutableArray<string> Checks { get; } = ["PERF-05", "PERF-12"];

    public TimeSpan Expected(RunContext run) => Durations(run).Aggregate(TimeSpan.Zero, (sum, duration) => sum + duration + TimeSpan.FromSeconds(3));

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var series = ImmutableArray.CreateBuilder<Series>();
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Measurement? offline = null;
        foreach (var (duration, at) in Durations(run).Select((duration, at) => (duration, at + 1)))
        {
            var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
            await using (server)
            {
                var load = new GoldenLoad(run, server, run.Inputs.Profile.Server.Streams);
                await load.RunForAsync(TimeSpan.FromSeconds(1), cancellationToken);
                var result = await load.RunForAsync(duration, cancellationToken);
                var completed = Completed(run, result);
                var nanos = run.Nanos(result.Started, result.Ended).ToString(CultureInfo.InvariantCulture);
                var failed = result.Samples.Length - completed.Length + load.Wrong;
                offline ??= new Measurement
                {
                    Check = "PERF-05",
                    Series = [new("completed", "ns", completed)],
                    Facts = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
                    [
                        KeyValuePair.Create("duration_ns", nanos),
                        KeyValuePair.Create("failed", failed.ToString(CultureInfo.InvariantCulture)),
                        KeyValuePair.Create("streams", run.Inputs.Profile.Server.Streams.ToString(CultureInfo.InvariantCulture)),
                        KeyValuePair.Create("wrong", load.Wrong.ToString(CultureInfo.InvariantCulture)),
                    ]),
                };
                series.Add(new($"run.{at}", "ns", completed));
                facts[$"run.{at}.duration_ns"] = nanos;
                facts[$"run.{at}.container"] = server.Container.Id;
            }
        }

        return [offline!, new Measurement { Check = "PERF-12", Series = series.ToImmutable(), Facts = facts.ToImmutable() }];
    }

    /// <summary>The first run is as long as PERF-05 asks; the others are as long as PERF-12 asks.</summary>
    private static ImmutableArray<TimeSpan> Durations(RunContext run)
    {
        var repeat = run.Clause("PERF-12");
        var (first, other) = (run.Clause("PERF-05").Limit("min_seconds"), repeat.Limit("run_seconds"));
        return [.. Enumerable.Range(0, (int)repeat.Limit("runs")).Select(at => TimeSpan.FromSeconds(at == 0 ? Math.Max(first, other) : other))];
    }

    private static ImmutableArray<long> Completed(RunContext run, LoadResult result) =>
        [.. result.Samples.Where(sample => sample.Failure is null).Select(sample => run.Nanos(result.Started, sample.Done)).Order()];
}
