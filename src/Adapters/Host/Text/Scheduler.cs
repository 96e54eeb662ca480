using System.Collections.Concurrent;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Shares one model among requests: a single thread batches, computes and samples, step by step, and nobody else calls the model.</summary>
/// <remarks>
/// Every step carries one position of each generating sequence and fills up with prompts, in the order of arrival. A waiting request is
/// admitted as soon as a sequence is free. Nothing that the engine keeps of a request is used for another one.
/// </remarks>
internal sealed class Scheduler : IAsyncDisposable
{
    /// <summary>Other work runs so long between two steps before streams go on.</summary>
    private static readonly TimeSpan WorkSlice = TimeSpan.FromMilliseconds(20);

    private readonly ITokenModel _model;

    private readonly Stepper _stepper;

    private readonly TextMetrics _metrics;

    private readonly TimeProvider _time;

    private readonly int _most;

    private readonly ConcurrentQueue<TextRequest> _arrivals = new();

    private readonly ConcurrentQueue<Action> _work = new();

    private readonly Queue<Generation> _waiting = new();

    private readonly AutoResetEvent _wake = new(initialState: false);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Unfinished _unfinished = new();

    private volatile bool _hasCancelled;

    private volatile bool _isStopping;

    /// <param name="queue">Choices that may wait while every sequence is taken.</param>
    /// <exception cref="AdapterException">One step cannot hold a position of every sequence.</exception>
    public Scheduler(ITokenModel model, Vocabulary vocabulary, int queue, TextMetrics metrics, TimeProvider time)
    {
        if (model.BatchCapacity < model.Sequences)
            throw new AdapterException(
                $"A step of {model.BatchCapacity} positions cannot carry {model.Sequences} sequences. Raise --batch, or lower --sequences.");
        (_model, _metrics, _time) = (model, metrics, time);
        _most = model.Sequences + queue;
        _stepper = new(model, vocabulary, _unfinished, metrics, time);
        new Thread(Loop) { IsBackground = true, Name = "engine" }.Start();
    }

    /// <summary>Choices that were accepted and have not ended.</summary>
    public int InFlight => _unfinished.Count;

    /// <summary>Accepts a request whose prompts fit the context, if there is room for it.</summary>
    /// <returns>False if as many choices are unfinished as there are sequences and places to wait; a request is never accepted in part.</returns>
    public bool TrySubmit(TextRequest request)
    {
        var before = _unfinished.Add(request.Choices) - request.Choices;
        if (before >= _most || _isStopping)
        {
            _unfinished.Add(-request.Choices);
            return false;
        }
        _arrivals.Enqueue(request);
        _wake.Set();
        return true;
    }

    /// <summary>Drops what is left of a request; its sequences are free before the next step.</summary>
    public void Cancel(TextRequest request)
    {
        request.Cancel();
        _hasCancelled = true;
        _wake.Set();
    }

    /// <summary>Runs something that needs the model between two steps, on the engine's thread.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before it began, or the server ends.</exception>
    public Task<T> RunAsync<T>(Func<ITokenModel, T> work, CancellationToken cancellationToken)
    {
        if (_isStopping)
            return Task.FromCanceled<T>(new(canceled: true));
        var task = new Task<T>(
            () =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return _isStopping ? throw new OperationCanceledException("the server ends") : work(_model);
            },
            CancellationToken.None, // one that is cancelled early could not be run any more
            TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Enqueue(() => task.RunSynchronously(TaskScheduler.Default)); // whatever it throws is the caller's
        _wake.Set();
        return task;
    }

    /// <summary>Ends the thread after the step that it is in; what is unfinished fails.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        _wake.Set();
        await _ended.Task;
    }

    private void Loop()
    {
        while (!_isStopping)
        {
            var worked = Work();
            Arrive();
            Sweep();
            Admit();
            if (_stepper.Running > 0)
                _stepper.Step();
            else if (!worked)
                _wake.WaitOne();
            _metrics.Observe(_stepper.Running, _unfinished.Count - _stepper.Running, _stepper.Positions);
        }
        Arrive();
        _stepper.FailAll("the server ends");
        foreach (var generation in _waiting)
            Drop(generation, "the server ends");
        while (_work.TryDequeue(out var work))
            work();
        _ended.SetResult();
    }

    /// <returns>Whether there was anything to do.</returns>
    private bool Work()
    {
        var (began, worked) = (_time.GetTimestamp(), false);
        while (_work.TryDequeue(out var work))
        {
            worked = true;
            work();
            if (_time.GetElapsedTime(began) > WorkSlice)
                break;
        }
        return worked;
    }

    private void Arrive()
    {
        while (_arrivals.TryDequeue(out var request))
        {
            for (var choice = 0; choice < request.Choices; choice++)
                _waiting.Enqueue(new(request, choice));
        }
    }

    private void Sweep()
    {
        if (!_hasCancelled)
            return;
        _hasCancelled = false;
        _stepper.DropCancelled();
        for (var left = _waiting.Count; left > 0; left--)
        {
            var generation = _waiting.Dequeue();
            if (!generation.Request.IsCancelled)
                _waiting.Enqueue(generation);
            else
                Drop(generation, "cancelled");
        }
    }

    private void Admit()
    {
        while (_waiting.TryPeek(out var generation) && _stepper.TryAdmit(generation))
            _waiting.Dequeue();
    }

    private void Drop(Generation generation, string why)
    {
        _unfinished.Add(-1);
        Stepper.Tell(generation, why);
    }
}

/// <summary>Counts choices that were accepted and have not ended. Safe for concurrent use.</summary>
internal sealed class Unfinished
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public int Add(int choices) => Interlocked.Add(ref _count, choices);
}
