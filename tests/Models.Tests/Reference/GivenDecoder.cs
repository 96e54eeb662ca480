namespace Adaptation.Models.Tests;

/// <summary>Small decoders with weights drawn from a seed, to be changed by <c>with</c>.</summary>
internal static class GivenDecoder
{
    /// <summary>Every size differs from every other, and some fill no vector.</summary>
    public static DecoderShape Qwen { get; } = new()
    {
        Architecture = DecoderArchitecture.Qwen2,
        VocabularySize = 37,
        HiddenSize = 20,
        IntermediateSize = 28,
        Layers = 3,
        AttentionHeads = 6,
        KeyValueHeads = 2,
        HeadSize = 10,
        NormEpsilon = 1e-6,
        RopeTheta = 10_000,
        MaxPositions = 64,
        TiedEmbeddings = true,
    };

    public static DecoderShape Llama { get; } = Qwen with { Architecture = DecoderArchitecture.Llama, TiedEmbeddings = false, RopeTheta = 500_000 };

    public static int[] Ids { get; } = [3, 36, 0, 7, 7, 21, 14, 30, 2, 11, 5, 19, 1];

    public static MemoryWeights Weights(DecoderShape shape, int seed = 1)
    {
        var (random, tensors) = (new Random(seed), new Dictionary<string, (long[] Shape, double[] Values)>());
        long hidden = shape.HiddenSize, feed = shape.IntermediateSize;
        long query = shape.AttentionHeads * shape.HeadSize, key = shape.KeyValueHeads * shape.HeadSize;
        Draw("model.embed_tokens.weight", 1, shape.VocabularySize, hidden);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Draw($"model.layers.{layer}.input_layernorm.weight", 1, hidden);
            Draw($"model.layers.{layer}.post_attention_layernorm.weight", 1, hidden);
            foreach (var (name, rows) in new[] { ("q", query), ("k", key), ("v", key) })
            {
                Draw($"model.layers.{layer}.self_attn.{name}_proj.weight", 0.4, rows, hidden);
                if (shape.Architecture == DecoderArchitecture.Qwen2)
                    Draw($"model.layers.{layer}.self_attn.{name}_proj.bias", 0.5, rows);
            }

            Draw($"model.layers.{layer}.self_attn.o_proj.weight", 0.3, hidden, query);
            Draw($"model.layers.{layer}.mlp.gate_proj.weight", 0.4, feed, hidden);
            Draw($"model.layers.{layer}.mlp.up_proj.weight", 0.4, feed, hidden);
            Draw($"model.layers.{layer}.mlp.down_proj.weight", 0.3, hidden, feed);
        }

        Draw("model.norm.weight", 1, hidden);
        if (!shape.TiedEmbeddings)
            Draw("lm_head.weight", 0.5, shape.VocabularySize, hidden);
        return new(tensors);

        void Draw(string name, double scale, params long[] dimensions)
        {
            var values = new double[dimensions.Aggregate(1L, (product, dimension) => product * dimension)];
            foreach (ref var value in values.AsSpan())
                value = (float)(scale * ((2 * random.NextDouble()) - 1));
            tensors.Add(name, (dimensions, values));
        }
    }

    public static double[] Logits(DecoderShape shape, IWeights weights, params int[] ids) =>
        new ExactDecoder(shape, weights).Logits(ids, TestContext.Current.CancellationToken);
}

/// <summary>Weights held in memory.</summary>
internal sealed class MemoryWeights(IReadOnlyDictionary<string, (long[] Shape, double[] Values)> tensors) : IWeights
{
    public IReadOnlyDictionary<string, long[]> Shapes { get; } = tensors.ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Shape);

    public double[] this[string name] => tensors[name].Values;

    public void Read(string name, Span<double> into) => tensors[name].Values.CopyTo(into);

    /// <summary>The same weights, with one tensor of the same or another shape.</summary>
    public MemoryWeights With(string name, double[] values, params long[] shape) =>
        new(new Dictionary<string, (long[] Shape, double[] Values)>(tensors) { [name] = (shape.Length > 0 ? shape : tensors[name].Shape, values) });

    public MemoryWeights Without(string name) =>
        new(tensors.Where(tensor => tensor.Key != name).ToDictionary(tensor => tensor.Key, tensor => tensor.Value));
}
