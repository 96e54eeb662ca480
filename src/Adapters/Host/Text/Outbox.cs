using System.Threading.Tasks.Sources;

namespace Adaptation.Adapters.Host;

/// <summary>Hands values from one writing thread to one reader, in order and without a lock; the writer never waits.</summary>
/// <remarks>Bounded by its use: a request has at most as many values as its choices have tokens.</remarks>
internal sealed class Outbox<T> : IValueTaskSource
{
    private const int SegmentLength = 64;

    private ManualResetValueTaskSourceCore<bool> _wait = new() { RunContinuationsAsynchronously = true };

    private Segment _writing;

    private Segment _reading;

    private long _written;

    private long _read;

    private int _isWaiting;

    public Outbox() => _reading = _writing = new();

    /// <summary>Appends; only the writer calls it.</summary>
    public void Add(in T value)
    {
        var at = (int)(_written % SegmentLength);
        if (at == 0 && _written > 0)
            _writing = _writing.Next = new();
        _writing.Values[at] = value;
        Volatile.Write(ref _written, _written + 1);
    }

    /// <summary>Wakes the reader if it waits; only the writer calls it.</summary>
    public void Signal()
    {
        if (Interlocked.Exchange(ref _isWaiting, 0) == 1)
            _wait.SetResult(true);
    }

    /// <summary>Takes the next value if there is one; only the reader calls it.</summary>
    public bool TryTake(out T value)
    {
        if (_read == Volatile.Read(ref _written))
        {
            value = default!;
            return false;
        }
        var at = (int)(_read % SegmentLength);
        if (at == 0 && _read > 0)
            _reading = _reading.Next!;
        value = _reading.Values[at];
        _read++;
        return true;
    }

    /// <summary>Completes once there is a value; only the reader calls it, and awaits it before the next call.</summary>
    public ValueTask WaitAsync()
    {
        if (_read < Volatile.Read(ref _written))
            return ValueTask.CompletedTask;
        _wait.Reset();
        Interlocked.Exchange(ref _isWaiting, 1);
        var isThere = _read < Volatile.Read(ref _written);
        if (isThere && Interlocked.Exchange(ref _isWaiting, 0) == 1)
            return ValueTask.CompletedTask; // taken back before the writer saw it
        return new(this, _wait.Version);
    }

    void IValueTaskSource.GetResult(short token) => _wait.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);

    private sealed class Segment
    {
        public readonly T[] Values = new T[SegmentLength];

        public Segment? Next;
    }
}
