using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Runner.Tests;

/// <summary>How a simulated server answers one request.</summary>
/// <param name="First">ns from the start of its service to the first token.</param>
/// <param name="Gap">ns between tokens.</param>
/// <param name="Tokens">Null: as many as were asked for.</param>
internal sealed record Reply(long First, long Gap, int? Tokens = null, TextFailure? Failure = null, int Status = 200, string? Explanation = null, long? Claim = null);

/// <summary>A driver that answers in virtual time: a queue before so many slots, each of which serves one request at a time (M/D/c).</summary>
/// <param name="slots">Requests that are served at once.</param>
/// <param name="reply">By the number of the request since the driver was made, those of the pace server not counted.</param>
internal sealed class SimulatedDriver(int slots, Func<int, Reply> reply) : ITextLoadDriver, IPaceServer
{
    public const long Ms = 1_000_000;

    /// <summary>Requests that a load which is stopped has answered by then.</summary>
    public const int BeforeStop = 30;

    private int _asked;

    public static Transport Pace { get; } = new Transport.UnixSocket("/pace");

    public static Transport Server { get; } = new Transport.UnixSocket("/server");

    /// <summary>ns that the client adds to whatever it stamps.</summary>
    public long ClientError { get; init; } = 50_000;

    /// <summary>ns between due and sent.</summary>
    public long Lateness { get; init; } = 10_000;

    /// <summary>Whether answers carry the ids of their tokens.</summary>
    public bool GivesIds { get; init; } = true;

    /// <summary>How often the id of a token is sent; any honest server does it once.</summary>
    public int IdsPerToken { get; init; } = 1;

    /// <summary>Called before each load of the server under test.</summary>
    public Action? Before { get; init; }

    public List<TextLoadSpec> Specs { get; } = [];

    public List<string> Bodies { get; } = [];

    public Task<TextLoadResult> RunAsync(TextLoadSpec spec, IProgress<TextLoadProgress>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isPace = spec.Transport == Pace;
        if (!isPace)
        {
            Before?.Invoke();
            cancellationToken.ThrowIfCancellationRequested();
            Specs.Add(spec);
        }

        var free = new PriorityQueue<long, long>(Enumerable.Repeat((0L, 0L), isPace ? 10_000 : slots));
        var streams = spec.Arrivals is Arrivals.Concurrent closed ? new PriorityQueue<long, long>(Enumerable.Repeat((0L, 0L), closed.Streams)) : null;
        var samples = ImmutableArray.CreateBuilder<TextSample>();
        var answered = spec.Stop.IsCancellationRequested ? Math.Min(BeforeStop, spec.Requests.Length) : spec.Requests.Length;
        for (var i = 0; i < answered; i++)
        {
            var due = spec.Arrivals is Arrivals.Scheduled(var schedule) ? schedule[i] : streams!.Dequeue();
            if (spec.Arrivals is Arrivals.Concurrent { StopAfter: { } stop } && due > stop.Ticks * 100)
                break;
            var sample = Answer(spec, i, due, free, isPace);
            samples.Add(sample);
            streams?.Enqueue(sample.Ended, sample.Ended);
        }

        progress?.Report(new TextLoadProgress(Ms, samples.Count, 0, samples.Count, 0, 0));
        return Task.FromResult(new TextLoadResult(samples.ToImmutable(), samples.Count == 0 ? 0 : samples.Max(sample => sample.Ended), spec.Stop.IsCancellationRequested ? "stopped" : null, 0));
    }

    public Task<IRunningPace> StartAsync(PaceSpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IRunningPace>(new RunningPace());
    }

    private TextSample Answer(TextLoadSpec spec, int number, long due, PriorityQueue<long, long> free, bool isPace)
    {
        using var body = JsonDocument.Parse(spec.Requests[number].Body);
        var wanted = body.RootElement.GetProperty("max_tokens").GetInt32();
        if (!isPace)
            Bodies.Add(body.RootElement.GetRawText());
        var how = isPace ? new Reply(20 * Ms, 20 * Ms) : reply(_asked++);
        var (sent, tokens) = (due + Lateness, how.Tokens ?? wanted);
        var start = Math.Max(sent, free.Dequeue());
        var end = start + how.First + (how.Gap * Math.Max(0, tokens - 1)) + (isPace ? ClientError : 0);
        free.Enqueue(end, end);
        var sample = new TextSample { Request = number, Due = due, Sent = sent, Ended = end, Status = how.Status, Failure = how.Failure, Explanation = how.Explanation };
        return how.Failure is not (null or TextFailure.Truncated) ? sample : sample with
        {
            FirstByte = tokens > 0 ? start + how.First : end,
            Chunks =
            [
                .. Enumerable.Range(0, tokens).Select(token => new TextChunk(
                    start + how.First + (token * how.Gap) + (isPace ? ClientError : 0), IsExact: true, "w", GivesIds ? [.. Enumerable.Repeat((int)'w', IdsPerToken)] : [])),
            ],
            Usage = new TextUsage(100, how.Claim ?? tokens, 100 + tokens, null),
            FinishReason = "length",
        };
    }

    private sealed class RunningPace : IRunningPace
    {
        public Transport Transport => Pace;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
