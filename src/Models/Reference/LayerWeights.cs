namespace Adaptation.Models;

/// <summary>The weights of one layer in float64. Filled again and again where not all layers fit at once.</summary>
internal sealed class LayerWeights(DecoderShape shape)
{
    public double[] AttentionNorm { get; } = new double[shape.HiddenSize];

    public Matrix Query { get; } = new(shape.AttentionHeads * shape.HeadSize, shape.HiddenSize);

    public Matrix Key { get; } = new(shape.KeyValueHeads * shape.HeadSize, shape.HiddenSize);

    public Matrix Value { get; } = new(shape.KeyValueHeads * shape.HeadSize, shape.HiddenSize);

    public double[]? QueryBias { get; } = Bias(shape, shape.AttentionHeads);

    public double[]? KeyBias { get; } = Bias(shape, shape.KeyValueHeads);

    public double[]? ValueBias { get; } = Bias(shape, shape.KeyValueHeads);

    public Matrix Output { get; } = new(shape.HiddenSize, shape.AttentionHeads * shape.HeadSize);

    public double[] FeedForwardNorm { get; } = new double[shape.HiddenSize];

    public Matrix Gate { get; } = new(shape.IntermediateSize, shape.HiddenSize);

    public Matrix Up { get; } = new(shape.IntermediateSize, shape.HiddenSize);

    public Matrix Down { get; } = new(shape.HiddenSize, shape.IntermediateSize);

    /// <exception cref="ModelException">The file is damaged.</exception>
    public LayerWeights Fill(IWeights weights, int layer)
    {
        Read("input_layernorm.weight", AttentionNorm);
        Read("self_attn.q_proj.weight", Query.Values);
        Read("self_attn.k_proj.weight", Key.Values);
        Read("self_attn.v_proj.weight", Value.Values);
        Read("self_attn.q_proj.bias", QueryBias);
        Read("self_attn.k_proj.bias", KeyBias);
        Read("self_attn.v_proj.bias", ValueBias);
        Read("self_attn.o_proj.weight", Output.Values);
        Read("post_attention_layernorm.weight", FeedForwardNorm);
        Read("mlp.gate_proj.weight", Gate.Values);
        Read("mlp.up_proj.weight", Up.Values);
        Read("mlp.down_proj.weight", Down.Values);
        return this;

        void Read(string name, double[]? into)
        {
            if (into is not null)
                weights.Read(FormattableString.Invariant($"model.layers.{layer}.{name}"), into);
        }
    }

    private static double[]? Bias(DecoderShape shape, int heads) =>
        shape.Architecture == DecoderArchitecture.Qwen2 ? new double[heads * shape.HeadSize] : null;
}
