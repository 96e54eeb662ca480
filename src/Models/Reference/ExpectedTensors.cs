namespace Adaptation.Models;

/// <summary>Which tensors a decoder of a shape has; the exact reference computes with these, all of them and no other.</summary>
internal static class ExpectedTensors
{
    /// <summary>Number of weights.</summary>
    public static long Elements(DecoderShape shape) => Of(shape).Values.Sum(dimensions => dimensions.Aggregate(1L, (product, dimension) => product * dimension));

    /// <exception cref="ModelException">The shape cannot be computed, or the weights are not those of it; every difference is listed.</exception>
    public static void Check(DecoderShape shape, IWeights weights)
    {
        if (Problem(shape) is { } problem)
            throw new ModelException($"the shape of the model cannot be computed: {problem}");
        var expected = Of(shape);
        var differences = expected
            .Where(tensor => !weights.Shapes.TryGetValue(tensor.Key, out var seen) || !seen.AsSpan().SequenceEqual(tensor.Value))
            .Select(tensor => weights.Shapes.TryGetValue(tensor.Key, out var seen)
                ? $"{tensor.Key} is {Text(seen)}, expected {Text(tensor.Value)}" : $"{tensor.Key} {Text(tensor.Value)} is missing")
            .Concat(weights.Shapes.Keys.Where(name => !expected.ContainsKey(name) && !Unused(shape, name)).Order(StringComparer.Ordinal)
                .Select(name => $"{name} is not part of a {shape.Architecture} decoder, so a reference without it would be of another model"))
            .ToArray();
        if (differences.Length > 0)
            throw new ModelException($"the weights are not those of the shape: {string.Join("; ", differences.Take(8))}"
                + (differences.Length > 8 ? $"; and {differences.Length - 8} more" : "") + ". Compare config.json with the file of weights");
    }

    private static Dictionary<string, long[]> Of(DecoderShape shape)
    {
        long hidden = shape.HiddenSize, feed = shape.IntermediateSize, vocabulary = shape.VocabularySize;
        var (query, key) = ((long)shape.AttentionHeads * shape.HeadSize, (long)shape.KeyValueHeads * shape.HeadSize);
        var tensors = new Dictionary<string, long[]>(StringComparer.Ordinal)
        {
            ["model.embed_tokens.weight"] = [vocabulary, hidden],
            ["model.norm.weight"] = [hidden],
        };
        if (!shape.TiedEmbeddings)
            tensors["lm_head.weight"] = [vocabulary, hidden];
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var prefix = FormattableString.Invariant($"model.layers.{layer}.");
            tensors[prefix + "input_layernorm.weight"] = [hidden];
            tensors[prefix + "post_attention_layernorm.weight"] = [hidden];
            tensors[prefix + "self_attn.o_proj.weight"] = [hidden, query];
            tensors[prefix + "mlp.gate_proj.weight"] = [feed, hidden];
            tensors[prefix + "mlp.up_proj.weight"] = [feed, hidden];
            tensors[prefix + "mlp.down_proj.weight"] = [hidden, feed];
            foreach (var (name, rows) in new[] { ("q", query), ("k", key), ("v", key) })
            {
                tensors[$"{prefix}self_attn.{name}_proj.weight"] = [rows, hidden];
                if (shape.Architecture == DecoderArchitecture.Qwen2)
                    tensors[$"{prefix}self_attn.{name}_proj.bias"] = [rows];
            }
        }

        return tensors;
    }

    // Checkpoints with tied embeddings may carry the output matrix once more, and old ones the rotary frequencies; loaders skip both.
    private static bool Unused(DecoderShape shape, string name) =>
        (shape.TiedEmbeddings && name == "lm_head.weight") || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    private static string? Problem(DecoderShape shape)
    {
        int[] counts =
        [
            shape.VocabularySize, shape.HiddenSize, shape.IntermediateSize, shape.Layers, shape.AttentionHeads, shape.KeyValueHeads, shape.HeadSize,
            shape.MaxPositions,
        ];
        return Array.Exists(counts, count => count <= 0) ? "every size is at least 1"
            : shape.AttentionHeads % shape.KeyValueHeads != 0 ? $"{shape.KeyValueHeads} key-value heads do not divide {shape.AttentionHeads} heads"
            : shape.HeadSize % 2 != 0 ? $"a head of {shape.HeadSize} elements has no pairs to rotate"
            : !(shape.NormEpsilon >= 0 && shape.RopeTheta > 0) ? "the norm's epsilon is at least 0 and the rotary base above 0"
            : !Enum.IsDefined(shape.Architecture) ? $"{shape.Architecture} is no architecture that is known" : null;
    }

    private static string Text(long[] dimensions) => $"[{string.Join(',', dimensions)}]";
}
