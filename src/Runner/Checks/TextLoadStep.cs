using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How fast a server writes text under one kind of load, on a container of its own, the client's error measured on either side.</summary>
/// <remarks>One step a kind: what lasts ten minutes or more and was completed is kept when a run is gone on with.</remarks>
/// <param name="driver">Makes the client.</param>
/// <param name="checks">All measured by the same load.</param>
/// <param name="expected">Seconds that the load of one of its clauses lasts; the longest counts.</param>
/// <param name="measure">Gets those of the clauses that the run asks for.</param>
internal sealed class TextLoadStep(
    Func<ITextLoadDriver> driver, string name, LocalText title, ImmutableArray<string> checks, Func<RunContext, Clause, double> expected,
    Func<TextStand, ImmutableArray<Clause>, CancellationToken, Task<ImmutableArray<Measurement>>> measure) : IStep
{
    private const double Overhead = 15; // container, warm-up, and the client's own error measured twice

    public string Name => name;

    public LocalText Title => title;

    public ImmutableArray<string> Checks => checks;

    public static ImmutableArray<TextLoadStep> All(Func<ITextLoadDriver> driver) =>
    [
        new(driver, "text-pace", new("First token and tokens under steady load", "首词元与词元间时延（稳态负载）"), ["PERF-02", "PERF-03"], (_, _) => 10, TextLoads.StreamsAsync),
        new(driver, "text-latency", new("Whole answers of several lengths", "多种长度的完整应答"), ["PERF-04-TEXT"], (_, _) => 300,
            async (stand, clauses, token) => [await TextLoads.EndToEndAsync(stand, clauses[0], token)]),
        new(driver, "text-offline", new("All requests at once", "离线：一次性提交全部请求"), ["PERF-05-TEXT"], (_, clause) => 1.25 * clause.Limit("min_seconds"),
            async (stand, clauses, token) => [await TextLoads.OfflineAsync(stand, clauses[0], token)]),
        new(driver, "text-rate", new("Arrivals at the declared rate, and a sweep of streams", "按声明速率到达及并发扫描"), ["PERF-06", "PERF-07", "PERF-08"], AtRate, TextLoads.RatesAsync),
    ];

    public bool IsFor(string modelKind) => modelKind == "llm";

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(Overhead + Included(run).Max(clause => expected(run, clause)));

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var clauses = Included(run);
        await using var telemetry = StepTelemetry.Start(run);
        var measured = await TextServer.UseAsync(
            run, TextServer.Setting(run, driver()), outcome => telemetry.Loaded(outcome.Started, TimeSpan.FromTicks(outcome.Load.Terms.DurationNanos / 100)),
            async (stand, _, token) =>
            {
                await telemetry.IdleAsync(checks, token);
                return await measure(stand, clauses, token);
            },
            cancellationToken);
        return await telemetry.FinishAsync(Name, measured, ^1); // loads that were too short, or of a sweep, come before the one that counts
    }

    private static double AtRate(RunContext run, Clause clause) => clause.Limits.TryGetValue("point_seconds", out var point)
        ? 5 * ((1.5 * point) + Overhead)
        : run.Plan.Declared.RequestRateMilli is { } rate
            ? Math.Max(clause.Limits.GetValueOrDefault("min_seconds"), TextLoads.RequestsOf(clause) * 1000.0 / rate)
            : 0;

    private ImmutableArray<Clause> Included(RunContext run) => [.. checks.Where(run.Includes).Select(run.Clause)];
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
