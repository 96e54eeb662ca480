namespace Adaptation.Adapters.Abstractions;

/// <summary>Opens models through one engine. Safe for concurrent use.</summary>
/// <remarks>Disposing unloads what the engine registered; every model that it opened must have been disposed before.</remarks>
public interface IAdapter : IAsyncDisposable
{
    /// <summary>What the engine says of itself: a claim, never evidence, and never an expected value.</summary>
    AdapterFacts Facts { get; }

    /// <summary>Loads a model and returns once its first answer can be asked for.</summary>
    /// <exception cref="AdapterException">The model cannot run here; the message says what to change.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing stays loaded.</exception>
    Task<IModel> OpenAsync(ModelFolder folder, CancellationToken cancellationToken);
}

/// <summary>A loaded model; what it can do is asked by type.</summary>
/// <remarks>Disposing frees the device memory before it returns, once no call is in flight; doing so twice is allowed.</remarks>
public interface IModel : IAsyncDisposable;

/// <summary>Served under the Open Inference Protocol routes. Safe for concurrent use.</summary>
/// <remarks>A language model is one too: token ids [B,T] in, logits [B,T,V] out.</remarks>
public interface ITensorModel : IModel
{
    /// <summary>The tensors that the model takes and gives, in the engine's order; fixed for the life of the model.</summary>
    TensorSignature Signature { get; }

    /// <summary>Computes one answer. May do so on the calling thread, before it returns.</summary>
    /// <param name="inputs">In the order of <see cref="Signature"/>, with its types and ranks; unchanged until the task completes.</param>
    /// <returns>In the order of <see cref="Signature"/>. An output may share the memory of an input, so the caller keeps both together.</returns>
    /// <exception cref="AdapterException">The engine refused or failed; the model can still be asked.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the engine no longer touches the inputs.</exception>
    Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken);
}
