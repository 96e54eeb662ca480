using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Models;

/// <summary>One tensor of a decoder: its name in published checkpoints, its name in GGUF, and its row-major shape.</summary>
/// <param name="RotaryHeads">Heads whose rows GGUF's llama architecture wants interleaved; 0 where rows stay as they are.</param>
public sealed record DecoderTensor(string Name, string GgufName, ImmutableArray<long> Shape, int RotaryHeads)
{
    public long Elements => Shape.Aggregate(1L, (product, length) => checked(product * length));

    /// <summary>Norms and biases, which every converter leaves in float32.</summary>
    public bool IsVector => Shape.Length == 1;

    public long Columns => Shape[^1];
}

/// <summary>All tensors that a shape has, in the order in which files are written here.</summary>
/// <remarks>Names: Hugging Face's modelling code for Llama and Qwen2; llama.cpp's gguf-py/gguf/tensor_mapping.py.</remarks>
public static class DecoderTensors
{
    public static ImmutableArray<DecoderTensor> Of(DecoderShape shape)
    {
        long width = shape.HiddenSize, queries = (long)shape.AttentionHeads * shape.HeadSize, keys = (long)shape.KeyValueHeads * shape.HeadSize;
        var list = ImmutableArray.CreateBuilder<DecoderTensor>();
        void Add(string name, string gguf, int rotaryHeads, params ReadOnlySpan<long> dimensions) =>
            list.Add(new(name, gguf, [.. dimensions], shape.Architecture == DecoderArchitecture.Llama ? rotaryHeads : 0));

        Add("model.embed_tokens.weight", "token_embd.weight", 0, shape.VocabularySize, width);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var (of, to) = (string.Create(CultureInfo.InvariantCulture, $"model.layers.{layer}."), string.Create(CultureInfo.InvariantCulture, $"blk.{layer}."));
            void Project(string name, string gguf, int heads, long rows)
            {
                Add($"{of}self_attn.{name}_proj.weight", $"{to}{gguf}.weight", heads, rows, width);
                if (shape.Architecture == DecoderArchitecture.Qwen2)
                    Add($"{of}self_attn.{name}_proj.bias", $"{to}{gguf}.bias", heads, rows);
            }

            Add($"{of}input_layernorm.weight", $"{to}attn_norm.weight", 0, width);
            Project("q", "attn_q", shape.AttentionHeads, queries);
            Project("k", "attn_k", shape.KeyValueHeads, keys);
            Project("v", "attn_v", 0, keys);
            Add($"{of}self_attn.o_proj.weight", $"{to}attn_output.weight", 0, width, queries);
            Add($"{of}post_attention_layernorm.weight", $"{to}ffn_norm.weight", 0, width);
            Add($"{of}mlp.gate_proj.weight", $"{to}ffn_gate.weight", 0, shape.IntermediateSize, width);
            Add($"{of}mlp.up_proj.weight", $"{to}ffn_up.weight", 0, shape.IntermediateSize, width);
            Add($"{of}mlp.down_proj.weight", $"{to}ffn_down.weight", 0, width, shape.IntermediateSize);
        }

        Add("model.norm.weight", "output_norm.weight", 0, width);
        if (!shape.TiedEmbeddings)
            Add("lm_head.weight", "output.weight", 0, shape.VocabularySize, width);
        return list.ToImmutable();
    }

    /// <summary>Says how weights differ from what a shape asks for; empty when they are exactly that.</summary>
    public static IEnumerable<string> Differences(DecoderShape shape, IWeights weights)
    {
        var wanted = Of(shape);
        foreach (var tensor in wanted)
        {
            if (!weights.Shapes.TryGetValue(tensor.Name, out var seen))
                yield return $"{tensor.Name}: missing; expected [{string.Join(", ", tensor.Shape)}]";
            else if (!seen.AsSpan().SequenceEqual(tensor.Shape.AsSpan()))
                yield return $"{tensor.Name}: is [{string.Join(", ", seen)}]; expected [{string.Join(", ", tensor.Shape)}]";
        }

        foreach (var surplus in weights.Shapes.Keys.Except(wanted.Select(tensor => tensor.Name)).Order(StringComparer.Ordinal))
            yield return $"{surplus}: is no tensor of this architecture";
    }
}
