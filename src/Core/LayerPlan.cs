using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What the layers of a model compute, exactly (COR-06). Never leaves the runner's side.</summary>
/// <param name="Stacked">
/// True: each tensor is [L, T, D], the hidden states after each of L layers of a language model on one document. False: each is what leaves
/// one part of a tensor model on one input, in the order of the model.
/// </param>
public sealed record LayerPlan(bool Stacked, ImmutableArray<GoldenLayer> Tensors)
{
    /// <summary>What an output of hidden states is called on the wire: FP32 [B, L, T, D], the residual stream after each layer, before the final norm.</summary>
    public const string HiddenStates = "hidden_states";
}

/// <param name="Id">Unique in the plan, <c>[a-z0-9-]+</c>; the answer is kept under it.</param>
/// <param name="Name">What the tensor is called on the wire.</param>
/// <param name="Input">Id of the golden line or document that is the input.</param>
/// <param name="Expected">Path in the evidence of the exact tensor: little-endian float32, row-major, gzip.</param>
/// <param name="Shape">Without the batch where stacked, with it otherwise.</param>
public sealed record GoldenLayer(string Id, string Name, string Input, string Expected, ImmutableArray<long> Shape);
