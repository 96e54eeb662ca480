namespace Adaptation.Runner;

/// <summary>Offers a closed loop of requests on threads of its own, and samples every one of them.</summary>
public sealed class LoadGenerator
{
    private const int MostStreams = 1024;
    private readonly LoadSpec _spec;
    private readonly TimeProvider _time;

    /// <exception cref="ArgumentException">The load has no request, no stream or over 1,024 of them.</exception>
    public LoadGenerator(LoadSpec spec, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfZero(spec.Requests.Length, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfLessThan(spec.Streams, 1, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(spec.Streams, MostStreams, nameof(spec));
        (_spec, _time) = (spec, time);
    }

    /// <summary>Asks <paramref name="count"/> requests in total, whichever stream gets to them.</summary>
    /// <returns>As many samples, failed ones included; fewer if it broke off.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; all streams have ended.</exception>
    public Task<LoadResult> RunCountAsync(long count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var asked = 0L;
        return RunAsync(_ => Interlocked.Increment(ref asked) <= count, begun: null, cancellationToken);
    }

    /// <summary>Asks until the time is over; requests that are under way then are answered and count.</summary>
    /// <inheritdoc cref="RunCountAsync"/>
    public Task<LoadResult> RunForAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        var ticks = (long)(duration.TotalSeconds * _time.TimestampFrequency);
        return RunAsync(started => _time.GetTimestamp() - started < ticks, begun: null, cancellationToken);
    }

    /// <summary>Asks until the watch completes, which begins with the load; requests that are under way then are answered and count.</summary>
    /// <param name="watch">Called at the load's start, when all streams are there, so that its time is the load's.</param>
    /// <inheritdoc cref="RunCountAsync"/>
    public Task<LoadResult> RunUntilAsync(Func<Task> watch, CancellationToken cancellationToken)
    {
        var enough = Task.CompletedTask;
        return RunAsync(_ => !enough.IsCompleted, () => enough = watch(), cancellationToken);
    }

    private async Task<LoadResult> RunAsync(Func<long, bool> another, Action? begun, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var load = new Load(_spec, _time, another, begun, cancellationToken);
        var streams = Enumerable.Range(0, _spec.Streams).Select(number => new LoadStream(load, number)).ToArray();
        await Task.WhenAll(streams.Select(stream => stream.Ended));
        cancellationToken.ThrowIfCancellationRequested();
        return new(
            _spec, load.Started, _time.GetTimestamp(), _time.TimestampFrequency,
            [.. streams.SelectMany(stream => stream.Samples)], load.BrokenOff);
    }
}

/// <summary>What the streams of one load share.</summary>
internal sealed class Load(LoadSpec spec, TimeProvider time, Func<long, bool> another, Action? begun, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource _start = new();
    private int _waiting = spec.Streams;
    private string? _brokenOff;

    public LoadSpec Spec => spec;

    public TimeProvider Time => time;

    public CancellationToken CancellationToken => cancellationToken;

    public long Started { get; private set; }

    public string? BrokenOff => Volatile.Read(ref _brokenOff);

    /// <summary>Holds a stream until all are here: connected, or ended by a reason that breaks the load off.</summary>
    public void Arrive()
    {
        if (Interlocked.Decrement(ref _waiting) == 0)
        {
            Started = time.GetTimestamp();
            begun?.Invoke();
            _start.SetResult();
        }

        _start.Task.GetAwaiter().GetResult(); // each arrives within the request's limit
    }

    public bool WantsAnother() => BrokenOff is null && !cancellationToken.IsCancellationRequested && another(Started);

    /// <summary>Lets no request begin any more; the first reason is the one that counts. Those under way end by themselves, within their limit.</summary>
    public void BreakOff(string reason) => Interlocked.CompareExchange(ref _brokenOff, reason, null);
}
