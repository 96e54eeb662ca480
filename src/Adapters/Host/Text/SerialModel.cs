using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>The tensor face of a language model, asked between two steps of the scheduler. Disposes nothing: it owns nothing.</summary>
internal sealed class SerialModel(ITokenModel model, Scheduler scheduler) : ITensorModel
{
    public TensorSignature Signature => model.Signature;

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken) =>
        scheduler.RunAsync(
            // Blocks the engine's thread on purpose: it must do nothing else meanwhile.
            engine => engine.InferAsync(inputs, cancellationToken).GetAwaiter().GetResult(), cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
