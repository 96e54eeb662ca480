namespace Adaptation.Adapters.Abstractions;

/// <summary>A tensor model that does not compute an output which nobody asked for, because one of them costs extra. Safe for concurrent use.</summary>
/// <remarks>
/// A language model that can show what its layers compute is one: beside <c>logits</c> its signature has <c>hidden_states</c> FP32 [B,L,T,D],
/// the residual stream after each of L layers, before the final norm.
/// </remarks>
public interface ISelectiveModel : ITensorModel
{
    /// <summary>Computes some of the outputs; otherwise as <see cref="ITensorModel.InferAsync"/>, which gives all of them.</summary>
    /// <param name="outputs">Places in the outputs of <see cref="ITensorModel.Signature"/>, at least one, each once.</param>
    /// <returns>In the order of <paramref name="outputs"/>.</returns>
    /// <inheritdoc cref="ITensorModel.InferAsync" path="/exception"/>
    Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, IReadOnlyList<int> outputs, CancellationToken cancellationToken);
}
