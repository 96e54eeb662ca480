using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A server of known delay: first content after one time, each further token after another.</summary>
public sealed record PaceSpec(TimeSpan First, TimeSpan Gap, int Tokens);

/// <summary>Starts servers of known delay on this machine.</summary>
public interface IPaceServer
{
    /// <exception cref="BrokenEnvironmentException">It did not start.</exception>
    Task<IRunningPace> StartAsync(PaceSpec spec, CancellationToken cancellationToken);
}

/// <summary>A server of known delay that answers; disposing ends it.</summary>
public interface IRunningPace : IAsyncDisposable
{
    Transport Transport { get; }
}

/// <summary>How far the client was off a server of known delay.</summary>
/// <param name="FirstToken">
/// ns of each request: distance of the first token's arrival from when it left, where the server stamps its tokens, else of its TTFT from the
/// known one; <see cref="long.MaxValue"/> without an answer.
/// </param>
/// <param name="Tokens">ns of each further token: distance of its time after the first from the known one.</param>
/// <param name="Lateness">ns of each request: sent after due.</param>
public sealed record Calibration(ImmutableArray<long> FirstToken, ImmutableArray<long> Tokens, ImmutableArray<long> Lateness)
{
    public static Calibration None { get; } = new([], [], []);
}

/// <summary>Drives a server of known delay through the client's own path, at the load of a measurement.</summary>
/// <remarks>
/// The host's pace server makes each token's text its own send stamp, nanoseconds of the same monotonic clock, so that its own lateness is
/// told apart from the client's. Without stamps it counts against the client: that errs towards void, never towards a better figure.
/// </remarks>
public sealed class HonestyGate(IPaceServer pace, ITextLoadDriver driver)
{
    private static readonly PaceSpec Spec = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(20), Tokens: 8);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(20);

    /// <param name="atOnce">Most connections of the measurement.</param>
    public async Task<Calibration> MeasureAsync(TextScenario scenario, int atOnce, long seed, CancellationToken cancellationToken)
    {
        await using var server = await pace.StartAsync(Spec, cancellationToken);
        var warm = Requests(Math.Clamp(scenario.Streams, 2, atOnce));
        await DriveAsync(server, warm, new Arrivals.Concurrent(warm.Length, null, TimeSpan.Zero), atOnce, cancellationToken);
        var (requests, arrivals) = Load(scenario, atOnce, seed);
        return Read(await DriveAsync(server, requests, arrivals, atOnce, cancellationToken), Spec);
    }

    internal static Calibration Read(TextLoadResult result, PaceSpec spec)
    {
        var (first, gap) = (spec.First.Ticks * 100, spec.Gap.Ticks * 100);
        var tokens = ImmutableArray.CreateBuilder<long>();
        foreach (var sample in result.Samples.Where(IsWhole))
        {
            for (var i = 1; i < sample.Chunks.Length; i++)
                tokens.Add(Math.Abs(sample.Chunks[i].At - sample.Chunks[0].At - (i * gap)));
        }

        return new(
            [.. result.Samples.Select(sample => !IsWhole(sample) ? long.MaxValue
                : Stamp(sample.Chunks[0]) is { } left && result.Started > 0 ? Math.Abs(sample.Chunks[0].At + result.Started - left)
                : Math.Abs(sample.Chunks[0].At - sample.Sent - first))],
            tokens.ToImmutable(),
            [.. result.Samples.Select(sample => sample.Sent - sample.Due)]);
    }

    /// <summary>Nanoseconds of CLOCK_MONOTONIC, 17 digits behind a blank; null for any other text.</summary>
    private static long? Stamp(TextChunk chunk) =>
        chunk.Text is [' ', ..] && chunk.Text.Length == 18 && long.TryParse(chunk.Text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var stamp) ? stamp : null;

    private static bool IsWhole(TextSample sample) => sample.Failure is null && sample.Chunks.Length > 0;

    private static (ImmutableArray<TextRequest> Requests, Arrivals Arrivals) Load(TextScenario scenario, int atOnce, long seed)
    {
        if (scenario is TextScenario.Server server)
        {
            var due = PoissonSchedule.Make(seed, server.RateMilli, Length);
            due = due.Length < 20 ? PoissonSchedule.Make(seed, Math.Max(server.RateMilli, 10_000), 20) : due;
            return (Requests(due.Length), new Arrivals.Scheduled(due));
        }

        // Offline and multi-stream loads begin with all at once, as far as there are connections.
        var streams = scenario.Streams > 0 ? Math.Min(scenario.Streams, atOnce) : atOnce;
        var each = Spec.First + (Spec.Gap * (Spec.Tokens - 1));
        return (Requests(Math.Max(20, (int)(streams * (Length / each)))), new Arrivals.Concurrent(streams, null, TimeSpan.Zero));
    }

    private static ImmutableArray<TextRequest> Requests(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new TextRequest(
            "/v1/completions", Encoding.UTF8.GetBytes($$"""{"model":"pace","prompt":"{{i}}","max_tokens":{{Spec.Tokens}},"stream":true}"""))),
    ];

    private Task<TextLoadResult> DriveAsync(
        IRunningPace server, ImmutableArray<TextRequest> requests, Arrivals arrivals, int atOnce, CancellationToken cancellationToken) =>
        driver.RunAsync(
            new TextLoadSpec { Transport = server.Transport, Requests = requests, Arrivals = arrivals, RequestLimit = RequestLimit, MaxConnections = atOnce },
            progress: null, cancellationToken);
}
