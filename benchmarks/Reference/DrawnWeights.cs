using Adaptation.Models;

namespace Adaptation.Benchmarks.Reference;

/// <summary>Weights that are drawn when they are read, so that a model of any size needs no file.</summary>
internal sealed class DrawnWeights(IReadOnlyDictionary<string, long[]> shapes) : IWeights
{
    public IReadOnlyDictionary<string, long[]> Shapes => shapes;

    public void Read(string name, Span<double> into)
    {
        var scale = shapes[name].Length == 1 ? 1.0 : 1 / Math.Sqrt(shapes[name][1]);
        var state = 0x9E3779B97F4A7C15UL * (ulong)name.Length;
        foreach (ref var value in into)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            value = (float)(scale * (((state >> 11) * (2.0 / (1UL << 53))) - 1));
        }
    }

    /// <summary>The tensors of a Qwen2 decoder with tied embeddings.</summary>
    public static DrawnWeights Of(DecoderShape shape)
    {
        long hidden = shape.HiddenSize, feed = shape.IntermediateSize;
        long query = shape.AttentionHeads * shape.HeadSize, key = shape.KeyValueHeads * shape.HeadSize;
        var shapes = new Dictionary<string, long[]> { ["model.embed_tokens.weight"] = [shape.VocabularySize, hidden], ["model.norm.weight"] = [hidden] };
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            foreach (var name in new[] { "input_layernorm", "post_attention_layernorm" })
                shapes[$"{prefix}{name}.weight"] = [hidden];
            foreach (var (name, rows) in new[] { ("q", query), ("k", key), ("v", key) })
            {
                shapes[$"{prefix}self_attn.{name}_proj.weight"] = [rows, hidden];
                shapes[$"{prefix}self_attn.{name}_proj.bias"] = [rows];
            }

            shapes[prefix + "self_attn.o_proj.weight"] = [hidden, query];
            shapes[prefix + "mlp.gate_proj.weight"] = [feed, hidden];
            shapes[prefix + "mlp.up_proj.weight"] = [feed, hidden];
            shapes[prefix + "mlp.down_proj.weight"] = [hidden, feed];
        }

        return new(shapes);
    }
}
