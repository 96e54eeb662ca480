using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>The tensor face of a language model, asked between two steps of the scheduler. Disposes nothing: it owns nothing.</summary>
internal sealed class SerialModel(ITokenModel model, Scheduler scheduler) : ISelectiveModel
{
    public TensorSignature Signature => model.Signature;

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken) =>
        scheduler.RunAsync(
            // Blocks the engine's thread on purpose: it must do nothing else meanwhile.
            engine => engine.InferAsync(inputs, cancellationToken).GetAwaiter().GetResult(), cancellationToken);

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, IReadOnlyList<int> outputs, CancellationToken cancellationToken) =>
        scheduler.RunAsync(engine => Some(engine, inputs, outputs, cancellationToken), cancellationToken);

    private static IReadOnlyList<Tensor> Some(ITokenModel engine, IReadOnlyList<Tensor> inputs, IReadOnlyList<int> outputs, CancellationToken cancellationToken)
    {
        if (engine is ISelectiveModel selective)
            return selective.InferAsync(inputs, outputs, cancellationToken).GetAwaiter().GetResult();
        var all = engine.InferAsync(inputs, cancellationToken).GetAwaiter().GetResult();
        return [.. outputs.Select(place => all[place])];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
