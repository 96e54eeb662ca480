using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How fast a server writes text (PERF-02 to PERF-08): each load on a container of its own, the client's error measured on either side.</summary>
/// <param name="driver">Makes the client.</param>
internal sealed class TextLoadStep(Func<ITextLoadDriver> driver) : IStep
{
    public string Name => "text-load";

    public LocalText Title { get; } = new("Load with streamed text, container recreated for each load", "流式文本负载（每项负载重建容器）");

    public ImmutableArray<string> Checks { get; } = ["PERF-02", "PERF-03", "PERF-04-TEXT", "PERF-05-TEXT", "PERF-06", "PERF-07", "PERF-08"];

    public bool IsFor(string modelKind) => modelKind == "llm";

    public TimeSpan Expected(RunContext run) => Checks.Where(run.Includes).Aggregate(TimeSpan.Zero, (sum, check) => sum + TimeSpan.FromSeconds(check switch
    {
        "PERF-03" or "PERF-07" => 0, // come with the ones before them
        "PERF-04-TEXT" => 300,
        "PERF-05-TEXT" or "PERF-06" => (1.25 * run.Clause(check).Limit("min_seconds")) + 15,
        "PERF-08" => 5 * ((1.5 * run.Clause(check).Limit("point_seconds")) + 10),
        _ => 20,
    }));

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var setting = TextServer.Setting(run, driver());
        ImmutableArray<Clause> Included(params ReadOnlySpan<string> checks)
        {
            var clauses = ImmutableArray.CreateBuilder<Clause>();
            foreach (var check in checks)
            {
                if (run.Includes(check))
                    clauses.Add(run.Clause(check));
            }

            return clauses.ToImmutable();
        }

        Task<T> OnAsync<T>(Func<TextStand, CancellationToken, Task<T>> measure) =>
            TextServer.UseAsync(run, setting, (stand, _, token) => measure(stand, token), cancellationToken);

        var measured = ImmutableArray.CreateBuilder<Measurement>();
        if (Included("PERF-02", "PERF-03") is { IsEmpty: false } paces)
            measured.AddRange(await OnAsync((stand, token) => TextLoads.StreamsAsync(stand, paces, token)));
        if (Included("PERF-04-TEXT") is [var endToEnd])
            measured.Add(await OnAsync((stand, token) => TextLoads.EndToEndAsync(stand, endToEnd, token)));
        if (Included("PERF-05-TEXT") is [var offline])
            measured.Add(await OnAsync((stand, token) => TextLoads.OfflineAsync(stand, offline, token)));
        var sweep = Included("PERF-08") is [var points] ? await OnAsync((stand, token) => TextLoads.SweepAsync(stand, points, token)) : null;
        if (sweep is not null)
            measured.Add(sweep);
        if (Included("PERF-06", "PERF-07") is { IsEmpty: false } rates)
        {
            foreach (var load in await OnAsync((stand, token) => TextLoads.ServerAsync(stand, rates, token)))
                measured.Add(load.Check == "PERF-07" && sweep is not null ? TextLoads.WithCurve(load, sweep) : load);
        }

        return measured.ToImmutable();
    }
}

/// <summary>Tokens per second in runs of a fresh container each (PERF-12), with account kept of what else the machine did.</summary>
/// <param name="driver">Makes the client.</param>
internal sealed class TextRepeatStep(Func<ITextLoadDriver> driver) : IStep
{
    public string Name => "text-repeat";

    public LocalText Title { get; } = new("Repeat the throughput of text, container recreated for each run", "重复测量文本吞吐量（每轮重建容器）");

    public ImmutableArray<string> Checks { get; } = ["PERF-12"];

    public bool IsFor(string modelKind) => modelKind == "llm";

    public TimeSpan Expected(RunContext run) => run.Clause("PERF-12").Limit("runs") * (Length(run.Clause("PERF-12")) + TimeSpan.FromSeconds(5));

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var (clause, setting) = (run.Clause("PERF-12"), TextServer.Setting(run, driver()));
        var series = ImmutableArray.CreateBuilder<Series>();
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        facts["processors"] = FormattableString.Invariant($"{Environment.ProcessorCount}");
        for (var at = 1; at <= clause.Limit("runs"); at++)
        {
            var name = FormattableString.Invariant($"run.{at}");
            var (load, activity, container) = await TextServer.UseAsync(run, setting, (stand, server, token) => OfferAsync(run, stand, server, clause, token), cancellationToken);
            series.Add(new(name, "ns", load.TokenArrivals()));
            if (activity is not null)
                series.AddRange(new($"{name}.slices", "ns", [.. activity.Ends]), new Series($"{name}.elsewhere", "ns", [.. activity.Elsewhere]));
            facts[$"{name}.duration_ns"] = FormattableString.Invariant($"{load.Terms.DurationNanos}");
            facts[$"{name}.container"] = container;
        }

        return [new Measurement { Check = "PERF-12", Series = series.ToImmutable(), Facts = facts.ToImmutable() }];
    }

    private static async Task<(TextLoad Load, HostActivity? Activity, string Container)> OfferAsync(
        RunContext run, TextStand stand, Deployment server, Clause clause, CancellationToken cancellationToken)
    {
        var bench = await stand.WarmAsync((int)clause.Limit("prompt_tokens"), (int)clause.Limit("output_tokens"), isOpen: false, requestLimit: null, cancellationToken);
        var activity = server.ProcessId is { } processId && new HostActivity(processId, run.Time) is { CanRead: true } readable ? readable : null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var slice = TimeSpan.FromSeconds(clause.Limit("run_seconds")) / clause.Limit("windows");
        var most = (int)(Length(clause) / slice);
        var watching = activity?.WatchAsync(slice, most, most, clause.Limit("elsewhere_max_ppm") / 1e6, over.Token) ?? Task.CompletedTask;
        try
        {
            var load = await stand.LoadAsync(bench, new TextScenario.FixedConcurrency(stand.Setting.Streams), new LoadExtent(null, Length(clause)), cancellationToken);
            return (load, activity, server.Container.Id);
        }
        finally
        {
            await over.CancelAsync();
            await watching.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Half as long again as is asked for, so that some windows may be disturbed.</summary>
    private static TimeSpan Length(Clause clause) => TimeSpan.FromSeconds(clause.Limit("run_seconds")) * 1.5;
}
