namespace Adaptation.Runner;

/// <summary>One stream of a load: one connection, one thread, from its making to <see cref="Ended"/>.</summary>
internal sealed class LoadStream
{
    private const int MostFailuresInARow = 100;
    private const int MostFailuresInWords = 1_000; // of hostile messages that are never the same, so many are kept
    private readonly List<LoadSample> _samples = new(4096);
    private readonly AnswerBuffer _buffer = new();
    private readonly Load _load;
    private readonly int _number;
    private readonly RequestOrder _order;
    private int _failures;
    private int _inARow;

    public LoadStream(Load load, int number)
    {
        (_load, _number) = (load, number);
        _order = new(load.Spec.Requests.Length, load.Spec.Seed, number);
        Ended = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default); // a thread of its own
    }

    /// <summary>Cancelled with the load; faulted only by a bug, ours or the inspector's.</summary>
    public Task Ended { get; }

    /// <summary>In the order asked; complete once <see cref="Ended"/> is.</summary>
    public IReadOnlyList<LoadSample> Samples => _samples;

    private void Run()
    {
        var ranToItsEnd = false;
        try
        {
            using var client = new OipClient(_load.Spec.Transport, _load.Time, _load.Spec.Limits);
            Connect(client);
            while (_load.WantsAnother())
                Sample(client, _order.Next());
            ranToItsEnd = true;
        }
        finally
        {
            if (!ranToItsEnd)
                _load.BreakOff($"stream {_number} was ended"); // by an exception, which the caller gets once the others have ended too
        }
    }

    private void Connect(OipClient client)
    {
        try
        {
            client.Open(_load.Spec.RequestLimit, _load.CancellationToken);
        }
        catch (WireException refused)
        {
            _load.BreakOff($"stream {_number} could not connect: {refused.Message}");
        }
        finally
        {
            _load.Arrive(); // the others wait for all
        }
    }

    private void Sample(OipClient client, int request)
    {
        var began = _load.Time.GetTimestamp();
        InferAnswer? answer = null;
        try
        {
            answer = client.Infer(_load.Spec.Requests[request], _buffer, _load.Spec.RequestLimit, _load.CancellationToken);
            var sample = new LoadSample(_number, request, answer.Sent, answer.Done, Failure: null);
            var outputs = answer.Parse();
            _samples.Add(sample);
            _inARow = 0;
            _load.Spec.Inspect?.Invoke(sample, outputs);
        }
        catch (WireException failure)
        {
            _samples.Add(new(_number, request, answer?.Sent ?? began, answer?.Done ?? _load.Time.GetTimestamp(), InWords(failure)));
            if (failure.Kind is WireFailure.Refused or WireFailure.Broken or WireFailure.Timeout)
                _load.BreakOff($"stream {_number}: {failure.Message}");
            else if (++_inARow == MostFailuresInARow)
                _load.BreakOff($"stream {_number} failed {MostFailuresInARow} times in a row, at last so: {failure.Message}");
        }
    }

    private string InWords(WireException failure) => _failures++ < MostFailuresInWords ? failure.Message : failure.Kind.ToString();
}
