using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The loads that the clauses on the speed of text ask for, each on a server of its own; lengths and counts are the clauses'.</summary>
internal static class TextLoads
{
    /// <summary>A closed loop at the profile's streams, for the time to the first token and between tokens (PERF-02, PERF-03).</summary>
    public static async Task<ImmutableArray<Measurement>> StreamsAsync(TextStand stand, ImmutableArray<Clause> clauses, CancellationToken cancellationToken)
    {
        // ramp and drain are cut off: what is left must still suffice
        var requests = clauses.Max(RequestsOf) + (2 * stand.Setting.Streams);
        var bench = await stand.WarmAsync(Longest(clauses, "prompt_tokens"), Longest(clauses, "output_tokens"), isOpen: false, requestLimit: null, cancellationToken);
        var load = await stand.MeasureAsync(bench, new TextScenario.FixedConcurrency(stand.Setting.Streams), new LoadExtent(requests, null), cancellationToken);
        return [.. clauses.Select(clause => load.AddTo(new Measurement { Check = clause.Id }, ""))];
    }

    /// <summary>Each workload at few and at many streams (PERF-04-TEXT).</summary>
    public static async Task<Measurement> EndToEndAsync(TextStand stand, Clause clause, CancellationToken cancellationToken)
    {
        var measured = new Measurement { Check = clause.Id };
        for (var workload = 1; workload <= clause.Limit("workloads"); workload++)
        {
            var bench = await stand.WarmAsync(Of(clause, "prompt_tokens", workload), Of(clause, "output_tokens", workload), isOpen: false, requestLimit: null, cancellationToken);
            foreach (var streams in new[] { Count(clause, "streams_low"), Count(clause, "streams_high") }.Distinct())
            {
                TextScenario scenario = streams == 1 ? new TextScenario.SingleStream() : new TextScenario.FixedConcurrency(streams);
                var load = await stand.MeasureAsync(bench, scenario, new LoadExtent(Count(clause, "min_requests") + (2 * streams), null), cancellationToken);
                measured = load.AddTo(measured, string.Create(CultureInfo.InvariantCulture, $"w{workload}.c{streams}."));
            }
        }

        return measured;
    }

    /// <summary>All requests at once, as many as last long enough (PERF-05-TEXT).</summary>
    /// <remarks>How many those are is found by trying: a load that turned out too short says nothing, and is followed by a longer one.</remarks>
    public static async Task<Measurement> OfflineAsync(TextStand stand, Clause clause, CancellationToken cancellationToken)
    {
        const int tries = 3, most = 16_000;
        var wanted = TimeSpan.FromSeconds(clause.Limit("min_seconds"));
        var bench = await stand.WarmAsync(Count(clause, "prompt_tokens"), Count(clause, "output_tokens"), isOpen: false, (wanted * 10) + stand.Setting.AnswerWithin, cancellationToken);
        var requests = 8 * stand.Setting.Streams;
        var took = Length(await stand.ProbeAsync(bench, new TextScenario.Offline(), new LoadExtent(requests, null), cancellationToken));
        for (var attempt = 1; ; attempt++)
        {
            requests = (int)Math.Clamp(Math.Ceiling(requests * 1.25 * (wanted / took)), requests, most);
            var load = await stand.MeasureAsync(bench, new TextScenario.Offline(), new LoadExtent(requests, null), cancellationToken);
            took = Length(load.Load);
            if (took >= wanted || attempt == tries || requests == most)
                return load.AddTo(new Measurement { Check = clause.Id }, "");
        }
    }

    /// <summary>Arrivals at the declared rate (PERF-06, PERF-07), after the sweep (PERF-08) whose points are the curve of PERF-07.</summary>
    public static async Task<ImmutableArray<Measurement>> RatesAsync(TextStand stand, ImmutableArray<Clause> clauses, CancellationToken cancellationToken)
    {
        var measured = ImmutableArray.CreateBuilder<Measurement>();
        if (clauses.FirstOrDefault(clause => clause.Id == "PERF-08") is { } points)
            measured.Add(await SweepAsync(stand, points, cancellationToken));
        if (clauses.RemoveAll(clause => clause.Id == "PERF-08") is { IsEmpty: false } rates)
        {
            foreach (var load in await ServerAsync(stand, rates, cancellationToken))
                measured.Add(load.Check == "PERF-07" && measured is [var sweep, ..] && sweep.Check == "PERF-08" ? WithCurve(load, sweep) : load);
        }

        return measured.ToImmutable();
    }

    /// <summary>Poisson arrivals at the rate that the profile declares (PERF-06, PERF-07).</summary>
    /// <returns>None where it declares no rate.</returns>
    private static async Task<ImmutableArray<Measurement>> ServerAsync(TextStand stand, ImmutableArray<Clause> clauses, CancellationToken cancellationToken)
    {
        if (stand.Setting.Declared.RequestRateMilli is not { } rate)
            return [];
        var bench = await stand.WarmAsync(Longest(clauses, "prompt_tokens"), Longest(clauses, "output_tokens"), isOpen: true, requestLimit: null, cancellationToken);
        var shortest = TimeSpan.FromSeconds(clauses.Max(clause => clause.Limits.GetValueOrDefault("min_seconds")));
        var requests = Math.Max(
            clauses.Max(RequestsOf),
            PoissonSchedule.Make(bench.Workload.Spec.Seed, rate, shortest).Length + 1); // the first that is due after that time
        var load = await stand.MeasureAsync(bench, new TextScenario.Server(rate), new LoadExtent(requests, null), cancellationToken);
        return [.. clauses.Select(clause => load.AddTo(new Measurement { Check = clause.Id }, ""))];
    }

    /// <summary>1, 2, 4 ... streams until a doubling gains little (PERF-08).</summary>
    private static async Task<Measurement> SweepAsync(TextStand stand, Clause clause, CancellationToken cancellationToken)
    {
        // the longest request may take a third of the steady stage, which begins and ends up to one request inside the load
        var duration = TimeSpan.FromSeconds(clause.Limit("point_seconds")) * 1.5;
        var bench = await stand.WarmAsync(Count(clause, "prompt_tokens"), Count(clause, "output_tokens"), isOpen: false, requestLimit: null, cancellationToken);
        var measured = new Measurement { Check = clause.Id };
        long? before = null;
        for (var streams = 1; streams <= clause.Limit("streams_max"); streams *= 2)
        {
            var load = await stand.MeasureAsync(bench, new TextScenario.FixedConcurrency(streams), new LoadExtent(null, duration), cancellationToken);
            measured = load.AddTo(measured, string.Create(CultureInfo.InvariantCulture, $"c{streams}."));
            if (SteadyStage.TryFind(load.Load) is not { } stage)
                break;
            var rate = stage.OutputRateMilli(load.Load);
            if (before is { } last && ((Int128)rate - last) * 1_000_000 < (Int128)last * clause.Limit("saturation_gain_ppm"))
                break;
            before = rate;
        }

        return measured;
    }

    /// <summary>The points of a sweep beside the load at the declared rate: the curve of PERF-07.</summary>
    private static Measurement WithCurve(Measurement goodput, Measurement sweep) => goodput with
    {
        Series = [.. goodput.Series, .. sweep.Series],
        Facts = goodput.Facts.SetItems(sweep.Facts),
    };

    /// <summary>So many that one may be late without leaving the question open.</summary>
    public static int RequestsOf(Clause clause) =>
        EarlyStopping.Needed(1, Count(clause, clause.Limits.ContainsKey("percentile_permille") ? "percentile_permille" : "share_permille"), Count(clause, "confidence_ppm"));

    private static int Count(Clause clause, string key) => checked((int)clause.Limit(key));

    private static int Of(Clause clause, string what, int workload) => Count(clause, string.Create(CultureInfo.InvariantCulture, $"{what}_{workload}"));

    private static int Longest(ImmutableArray<Clause> clauses, string key) => clauses.Max(clause => Count(clause, key));

    private static TimeSpan Length(TextLoad load) => TimeSpan.FromTicks(Math.Max(1, (SteadyStage.TryFind(load)?.Length ?? 0) / 100));
}
