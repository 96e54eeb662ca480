using System.Net.Sockets;

namespace Adaptation.Runner;

/// <summary>Ends a blocking call on a socket when its limit is over or its caller cancels, and knows which of the two it was.</summary>
/// <remarks>One timer serves all calls of a connection: arming it allocates nothing. Thread-safe where the timer and the caller meet.</remarks>
internal sealed class CallWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;
    private Socket? _socket;
    private TimeSpan _limit;
    private long _due;
    private State _state;

    public CallWatch(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static self => ((CallWatch)self!).Elapsed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private enum State
    {
        Idle,
        Running,
        TimedOut,
        Cancelled,
    }

    /// <summary>Starts the clock of one call.</summary>
    /// <param name="limit">Above zero and up to 24 days.</param>
    public void Start(TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, TimeSpan.FromDays(24));
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            (_state, _limit, _cancellationToken) = (State.Running, limit, cancellationToken);
            _due = _time.GetTimestamp() + (long)(limit.TotalSeconds * _time.TimestampFrequency);
        }

        _timer.Change(limit, Timeout.InfiniteTimeSpan);
        _registration = cancellationToken.UnsafeRegister(static self => ((CallWatch)self!).Interrupt(State.Cancelled), this);
    }

    /// <summary>Names the socket that the call now waits on; one that came too late is shut down at once.</summary>
    public void Guard(Socket socket)
    {
        lock (_gate)
        {
            _socket = socket;
            if (_state != State.Running)
                ShutDown(socket);
        }
    }

    /// <summary>Stops the clock; nothing touches the socket afterwards.</summary>
    public void Stop()
    {
        _registration.Dispose(); // waits for a callback that is running, so that it cannot hit the next call
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lock (_gate)
        {
            _socket = null;
            if (_state == State.Running)
                _state = State.Idle;
        }
    }

    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="WireException">The limit is over.</exception>
    public void ThrowIfInterrupted(string where)
    {
        State state;
        lock (_gate)
            state = _state;
        if (state == State.Cancelled)
            throw new OperationCanceledException(_cancellationToken);
        if (state == State.TimedOut)
            throw Late(where);
    }

    /// <summary>Holds an answer to the limit by its stamp, since the timer itself may come late.</summary>
    public void ThrowIfLate(long done, string where)
    {
        if (done > _due)
            throw Late(where);
    }

    public void Dispose()
    {
        Stop();
        _timer.Dispose();
    }

    private WireException Late(string where) => new(
        WireFailure.Timeout, $"{where} did not give a whole answer within {_limit.TotalSeconds:0.###} s. It hangs, or the profile's limit is too short.");

    private void Elapsed()
    {
        lock (_gate)
        {
            if (_state != State.Running)
                return;
            var left = _time.GetElapsedTime(_time.GetTimestamp(), _due);
            if (left > TimeSpan.Zero) // the last call's, or milliseconds early: the timer counts in coarser ticks than the clock
            {
                _timer.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Interrupt(State.TimedOut);
    }

    private void Interrupt(State why)
    {
        lock (_gate)
        {
            if (_state != State.Running)
                return;
            _state = why;
            if (_socket is { } socket)
                ShutDown(socket);
        }
    }

    private static void ShutDown(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both); // wakes a thread that blocks in connect, send or receive
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // not connected any more, or not yet: whoever waits looks at the state itself
        }
    }
}
