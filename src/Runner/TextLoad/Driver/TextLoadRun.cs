using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>One load on its way: which request is due when, on which connection, and when all is over.</summary>
/// <remarks>
/// Two threads. The pump's sends each request when it is due, on a connection that is open already, and takes answers in, after which a closed loop sends
/// its next request. The opener's makes connections that are missing, so that the pump never waits for one.
/// </remarks>
internal sealed class TextLoadRun : IDisposable
{
    public const string Stopped = "it was stopped by whoever asked for it";

    private const int MostFailuresInARow = 100;
    private static readonly long MostBytes = Math.Min(2L << 30, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4); // of answers not yet read
    private readonly TextLoadSpec _spec;
    private readonly byte[][] _heads;
    private readonly Lock _gate = new();
    private readonly Queue<TextExchange> _waiting = new();
    private readonly long _limit;
    private readonly long _stopAfter;
    private readonly bool _isClosedLoop;
    private int _next;
    private int _outstanding;
    private int _failuresInARow;
    private long _chunks;
    private int _ended;
    private int _failed;
    private int _newConnections;
    private string? _brokenOff;
    private volatile bool _isCancelled;
    private volatile bool _isFed;

    public TextLoadRun(TextLoadSpec spec, byte[][] heads)
    {
        (_spec, _heads) = (spec, heads);
        Exchanges = [.. Enumerable.Range(0, spec.Requests.Length).Select(number => new TextExchange(number))];
        _limit = Nanoseconds(spec.RequestLimit);
        _isClosedLoop = spec.Arrivals is Arrivals.Concurrent;
        _stopAfter = spec.Arrivals is Arrivals.Concurrent { StopAfter: { } stop } ? Nanoseconds(stop) : long.MaxValue;
        Streams = spec.Arrivals is Arrivals.Concurrent closed ? Math.Min(closed.Streams, spec.Requests.Length) : 0;
        Connections = new(spec.Transport, _isClosedLoop ? Math.Max(Streams, 1) : spec.MaxConnections, Epoll);
    }

    public ImmutableArray<TextExchange> Exchanges { get; }

    /// <summary>Of a closed loop, no more than requests; 0 in an open loop.</summary>
    public int Streams { get; }

    public Epoll Epoll { get; } = new();

    public TextConnections Connections { get; }

    /// <summary>Rung when a request waits for a connection.</summary>
    public SemaphoreSlim Missing { get; } = new(0);

    public AnswerBudget Budget { get; } = new();

    /// <summary>Monotonic nanoseconds; 0 before the load.</summary>
    public long Started { get; private set; }

    public bool IsCancelled => _isCancelled;

    public string? BrokenOff => Volatile.Read(ref _brokenOff);

    public int NewConnections => Volatile.Read(ref _newConnections);

    public bool IsOver => _isCancelled || (_isFed && Volatile.Read(ref _outstanding) == 0);

    public void Begin() => Started = Monotonic.Now;

    public void Cancel()
    {
        _isCancelled = true;
        Epoll.Ring();
    }

    /// <summary>Ends the load at once; exchanges on their way stay as they are.</summary>
    public void Stop()
    {
        BreakOff(Stopped);
        Cancel();
    }

    /// <summary>Says that the schedule makes nothing due any more; in a closed loop the end of an answer still does.</summary>
    public void EndFeeding() => _isFed = true;

    /// <summary>Lets no request become due any more; the first reason is the one that counts.</summary>
    public void BreakOff(string reason) => Interlocked.CompareExchange(ref _brokenOff, reason, null);

    public TextLoadProgress Progress() => new(
        Started == 0 ? 0 : Monotonic.Now - Started, Math.Min(Volatile.Read(ref _next), Exchanges.Length),
        Volatile.Read(ref _outstanding), Volatile.Read(ref _ended), Volatile.Read(ref _failed), Volatile.Read(ref _chunks));

    /// <summary>Makes the next request due and sends it, on an idle connection if there is one.</summary>
    /// <param name="due">Monotonic nanoseconds.</param>
    public void Dispatch(long due)
    {
        if (TakeNext(due) is not { } exchange)
            return;
        Interlocked.Increment(ref _outstanding);
        while (Connections.TakeIdle() is { } connection)
        {
            lock (connection.Gate)
            {
                if (TryStart(connection, exchange))
                    return;
            }
        }

        AskForConnection(exchange);
    }

    /// <summary>Gives a connection its next request, or sets it by. Called under its gate.</summary>
    public void Use(TextConnection connection)
    {
        while (!connection.IsClosed)
        {
            if (TakeWaiting() is not { } exchange)
            {
                Connections.GiveIdle(connection);
                return;
            }

            if (TryStart(connection, exchange))
                return;
            AskForConnection(exchange);
        }
    }

    /// <summary>Sends a request once more whose kept connection the server closed instead of taking it, as some do after each streamed answer.</summary>
    public void Repeat(TextConnection connection)
    {
        if (connection.Current is not null)
            AskForConnection(connection.GiveBack());
    }

    /// <summary>Books an exchange that is over and, in a closed loop, makes the next one due. Called under the gate of its connection.</summary>
    public void Complete(TextConnection connection)
    {
        var exchange = connection.Current!;
        connection.Finish();
        Book(exchange);
        if (_isClosedLoop && TakeNext(exchange.Ended) is { } next)
        {
            Interlocked.Increment(ref _outstanding);
            if (!TryStart(connection, next))
                AskForConnection(next);
        }
        else if (!connection.IsClosed)
        {
            Use(connection);
        }

        Interlocked.Decrement(ref _outstanding);
    }

    public void CountChunk() => _chunks++;

    public void CountNewConnection() => Interlocked.Increment(ref _newConnections);

    /// <summary>A request that has no connection yet, or null.</summary>
    public TextExchange? TakeWaiting(long dueBefore = long.MaxValue)
    {
        lock (_gate)
            return _waiting.TryPeek(out var exchange) && exchange.Due < dueBefore ? _waiting.Dequeue() : null;
    }

    public bool HasWaiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count > 0;
        }
    }

    /// <summary>Fails a request that never had a connection.</summary>
    public void FailUnsent(TextExchange exchange, TextFailure failure, string explanation)
    {
        exchange.Fail(failure, explanation, Monotonic.Now);
        Book(exchange);
        if (_isClosedLoop && TakeNext(exchange.Ended) is { } next)
        {
            Interlocked.Increment(ref _outstanding);
            AskForConnection(next);
        }

        Interlocked.Decrement(ref _outstanding);
        Epoll.Ring(); // it may have been the last
    }

    /// <summary>Ends what has exceeded its limits. On the pump's thread.</summary>
    public void Expire(long now)
    {
        if (Budget.Used > MostBytes)
            BreakOff($"the answers take more than {MostBytes >> 20} MiB of memory: ask for fewer requests in one load, or set a lower limit for answers");
        foreach (var connection in Connections.All)
        {
            if (connection?.Current is not { } seen || !MayEnd(seen, now)) // the gate only for what may be late
                continue;
            lock (connection.Gate)
            {
                if (connection.Current is not { } exchange || !FailIfOver(exchange, now))
                    continue;
                Complete(connection);
            }
        }

        while (TakeWaiting(dueBefore: now - _limit) is { } late)
            FailUnsent(late, TextFailure.NoConnection, TooLate("No connection was made"));
    }

    private bool MayEnd(TextExchange exchange, long now) => now - exchange.Due > _limit || Budget.Used > MostBytes;

    private bool FailIfOver(TextExchange exchange, long now)
    {
        if (now - exchange.Due > _limit)
            exchange.Fail(TextFailure.Timeout, TooLate(exchange.FirstByte < 0 ? "Nothing of the answer came" : "The answer did not end"), now);
        else if (Budget.Used > MostBytes)
            exchange.Fail(TextFailure.TooLarge, $"All answers of the load together take more than {MostBytes >> 20} MiB.", now);
        return exchange.IsOver;
    }

    private string TooLate(string what) => $"{what} within {_spec.RequestLimit.TotalSeconds:0.###} s of when the request was due.";

    public void Dispose()
    {
        Connections.Dispose();
        Epoll.Dispose();
        Missing.Dispose();
    }

    public static long Nanoseconds(TimeSpan span) => span.Ticks * 100;

    private TextExchange? TakeNext(long due)
    {
        if (BrokenOff is not null || _isCancelled || due - Started > _stopAfter)
            return null;
        var number = Interlocked.Increment(ref _next) - 1;
        if (number >= Exchanges.Length)
            return null;
        Exchanges[number].Begin(due, _spec.AnswerLimit, Budget);
        return Exchanges[number];
    }

    private bool TryStart(TextConnection connection, TextExchange exchange)
    {
        if (connection.IsClosed)
            return false;
        if (!connection.Start(exchange, _heads[exchange.Request], _spec.Requests[exchange.Request].Body))
        {
            connection.Dispose();
            return false;
        }

        if (exchange.IsOver)
            Complete(connection);
        return true;
    }

    private void AskForConnection(TextExchange exchange)
    {
        if (!Connections.TryReserve())
        {
            FailUnsent(exchange, TextFailure.NoConnection, $"All {_spec.MaxConnections} connections that the load may have were in use.");
            return;
        }

        lock (_gate)
            _waiting.Enqueue(exchange);
        Missing.Release();
    }

    private void Book(TextExchange exchange)
    {
        Interlocked.Increment(ref _ended);
        if (exchange.Failure is null && exchange.Head.Status == 200)
        {
            Volatile.Write(ref _failuresInARow, 0);
            return;
        }

        Interlocked.Increment(ref _failed);
        if (Interlocked.Increment(ref _failuresInARow) == MostFailuresInARow && _isClosedLoop)
            BreakOff($"{MostFailuresInARow} requests failed in a row, the last one so: {exchange.Explanation ?? $"status {exchange.Head.Status}"}");
    }
}
