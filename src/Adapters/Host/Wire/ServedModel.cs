using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>A model under its name on the wire. Counts who uses it, so that it is freed when nobody does and never before.</summary>
internal sealed class ServedModel(string name, ITensorModel model, long maxBody)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _users;
    private bool _retired;

    public string Name => name;

    public TensorSignature Signature => model.Signature;

    public InferHandler Infer { get; } = new(name, model, maxBody);

    /// <summary>Takes part in using it until <see cref="Leave"/>.</summary>
    /// <returns>False once it is being freed.</returns>
    public bool TryEnter()
    {
        lock (_gate)
        {
            _users += _retired ? 0 : 1;
            return !_retired;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_users == 0 && _retired)
                _left.TrySetResult();
        }
    }

    /// <summary>Lets nobody else in, waits for the calls in flight, and frees the model. Once.</summary>
    public async Task FreeAsync()
    {
        lock (_gate)
        {
            _retired = true;
            if (_users == 0)
                _left.TrySetResult();
        }
        await _left.Task;
        await model.DisposeAsync();
    }
}
