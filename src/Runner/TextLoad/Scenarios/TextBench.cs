using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What one load came to.</summary>
/// <param name="BrokenOff">Why it ended before its time, or null.</param>
/// <param name="Samples">As the driver saw them, with the words of failures.</param>
public sealed record TextOutcome(TextLoad Load, ImmutableArray<TextSample> Samples, string? BrokenOff)
{
    /// <inheritdoc cref="TextLoadResult.Started"/>
    public long Started { get; init; }
}

/// <summary>Carries out scenarios against one server; every request of its life has a prompt of its own.</summary>
/// <param name="requestLimit">For one request, from due time to the end of its answer.</param>
/// <param name="progress">Told of the load that runs, or null.</param>
public sealed class TextBench(
    ITextLoadDriver driver, TextTarget target, TextWorkload workload, TimeSpan requestLimit, int maxConnections, IProgress<TextLoadProgress>? progress)
{
    /// <summary>A closed loop gets no more requests than this: they are all made before it begins.</summary>
    private const int MostRequests = 1_000_000;

    private long _quickest = long.MaxValue;

    public TextWorkload Workload => workload;

    /// <summary>Drives a scenario; needs a load before it to know how many requests a duration takes (<see cref="WarmUpAsync"/>).</summary>
    /// <exception cref="BrokenEnvironmentException">This machine does not let it try.</exception>
    public async Task<TextOutcome> RunAsync(TextScenario scenario, LoadExtent extent, CancellationToken cancellationToken)
    {
        if (scenario is TextScenario.MultiStream multi)
            return await RunQueriesAsync(multi, extent, cancellationToken);
        var arrivals = scenario is TextScenario.Server server ? Poisson(server, extent)
            : scenario is TextScenario.Offline ? null
            : (Arrivals)new Arrivals.Concurrent(scenario.Streams, extent.Duration, TimeSpan.Zero);
        var prompts = workload.Take(arrivals is Arrivals.Scheduled(var due) ? due.Length : Requests(scenario, extent));
        var result = await DriveAsync(prompts, arrivals ?? AtOnce(prompts.Length), cancellationToken);
        return Outcome(result, prompts, scenario);
    }

    /// <summary>Asks a few requests whose times count for nothing but the length of later loads.</summary>
    public Task<TextOutcome> WarmUpAsync(int streams, int requests, CancellationToken cancellationToken) =>
        RunAsync(new TextScenario.FixedConcurrency(streams), new LoadExtent(Math.Max(streams, requests), null), cancellationToken);

    private Arrivals.Scheduled Poisson(TextScenario.Server server, LoadExtent extent)
    {
        var due = extent.Duration is { } duration
            ? PoissonSchedule.Make(workload.Spec.Seed, server.RateMilli, duration)
            : PoissonSchedule.Make(workload.Spec.Seed, server.RateMilli, extent.Requests ?? 1);
        return new(extent.Requests is { } most && due.Length > most ? due[..most] : due);
    }

    /// <summary>As many as there may be time for, and half as many again: a server answers many at once no faster than one alone, but caches warm.</summary>
    private int Requests(TextScenario scenario, LoadExtent extent)
    {
        if (extent.Requests is { } given)
            return given;
        if (scenario is TextScenario.Offline || extent.Duration is not { } duration)
            throw new ArgumentException($"{scenario.Name} needs a number of requests", nameof(extent));
        var each = Math.Max(1_000_000, _quickest == long.MaxValue ? 100_000_000 : _quickest);
        return (int)Math.Clamp((duration.Ticks * 150L * scenario.Streams / each) + (2 * scenario.Streams), 2 * scenario.Streams, MostRequests);
    }

    private async Task<TextOutcome> RunQueriesAsync(TextScenario.MultiStream scenario, LoadExtent extent, CancellationToken cancellationToken)
    {
        var (prompts, samples) = (ImmutableArray.CreateBuilder<TextPrompt>(), ImmutableArray.CreateBuilder<TextSample>());
        var (now, opened, broken) = (0L, 0, (string?)null);
        var queries = extent.Requests is { } requests ? Math.Max(1, requests / scenario.SamplesPerQuery) : int.MaxValue;
        for (var query = 0; query < queries && broken is null && !(extent.Duration is { } limit && now >= limit.Ticks * 100); query++)
        {
            var some = workload.Take(scenario.SamplesPerQuery);
            var result = await DriveAsync(some, AtOnce(some.Length), cancellationToken);
            var (first, start) = (prompts.Count, now);
            samples.AddRange(result.Samples.Select(sample => Later(sample, start, first)));
            prompts.AddRange(some);
            (now, opened, broken) = (now + Math.Max(1, result.Ended), opened + result.NewConnections, result.BrokenOff);
        }

        return Outcome(new TextLoadResult(samples.ToImmutable(), now, broken, opened), prompts.ToImmutable(), scenario);
    }

    private Task<TextLoadResult> DriveAsync(ImmutableArray<TextPrompt> prompts, Arrivals arrivals, CancellationToken cancellationToken) =>
        driver.RunAsync(
            new TextLoadSpec
            {
                Transport = target.Transport,
                TlsName = target.TlsName,
                Requests = [.. prompts.Select(prompt => prompt.Request with { Path = target.Path + prompt.Request.Path })],
                Arrivals = arrivals,
                RequestLimit = requestLimit,
                Headers = target.Headers,
                MaxConnections = maxConnections,
            },
            progress, cancellationToken);

    private TextOutcome Outcome(TextLoadResult result, ImmutableArray<TextPrompt> prompts, TextScenario scenario)
    {
        var load = TextSamples.ToLoad(result, prompts, scenario, workload.Spec, workload.Tokenizer);
        foreach (var request in load.Requests)
            _quickest = request.IsAnswered ? Math.Min(_quickest, request.Ended - request.Sent) : _quickest;
        return new(load, result.Samples, result.BrokenOff) { Started = result.Started };
    }

    private static Arrivals.Scheduled AtOnce(int requests) => new([.. new long[requests]]);

    private static TextSample Later(TextSample sample, long by, int requests) => sample with
    {
        Request = sample.Request + requests,
        Due = sample.Due + by,
        Sent = sample.Sent + by,
        FirstByte = sample.FirstByte < 0 ? -1 : sample.FirstByte + by,
        Ended = sample.Ended + by,
        Chunks = [.. sample.Chunks.Select(chunk => chunk with { At = chunk.At + by })],
    };
}
