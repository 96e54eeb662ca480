using System.Globalization;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Two layers of width 64 with weights drawn from a seed: enough for every mechanism, and loaded in milliseconds.</summary>
internal static class TinyModel
{
    public const int Trained = 512;

    private const int Width = 64, Heads = 4, SharedHeads = 2, Inner = 128, Layers = 2;

    /// <summary>What the chat templates of both variants say.</summary>
    public const string Template = "{% for m in messages %}{{ m.content }}{% endfor %}";

    /// <summary>llama architecture with a SentencePiece vocabulary: unknown, begin, end, 256 bytes and a few pieces.</summary>
    public static GgufFile Llama { get; } = Weighed("llama", Sentences(), quantised: false);

    /// <summary>The same weights, rounded to Q8_0.</summary>
    public static GgufFile LlamaQuantised { get; } = Weighed("llama", Sentences(), quantised: true);

    /// <summary>qwen2 architecture, with biases and tied embeddings, and a byte-level vocabulary with chat marks.</summary>
    public static GgufFile Qwen2 { get; } = Weighed("qwen2", ByteLevel(), quantised: false);

    private static GgufFile Weighed(string architecture, GgufFile vocabulary, bool quantised)
    {
        var random = new Random(42);
        var size = ((string[])vocabulary.Keys.Single(pair => pair.Key == "tokenizer.ggml.tokens").Value).Length;
        float[] Draw(long count, float scale) => [.. Enumerable.Range(0, (int)count).Select(_ => (random.NextSingle() * 2 - 1) * scale)];
        GgufFile.Weight Matrix(string name, long columns, long rows, float scale) => quantised
            ? GgufFile.Quantised(name, [columns, rows], Draw(columns * rows, scale))
            : GgufFile.Floats(name, [columns, rows], Draw(columns * rows, scale));
        GgufFile.Weight Ones(string name) => GgufFile.Floats(name, [Width], [.. Enumerable.Repeat(1f, Width)]);
        var weights = new List<GgufFile.Weight> { Matrix("token_embd.weight", Width, size, 1), Ones("output_norm.weight") };
        if (architecture == "llama")
            weights.Add(Matrix("output.weight", Width, size, 0.2f));
        for (var layer = 0; layer < Layers; layer++)
        {
            var (name, shared) = ($"blk.{layer}.", Width / Heads * SharedHeads);
            weights.AddRange(
            [
                Ones(name + "attn_norm.weight"), Matrix(name + "attn_q.weight", Width, Width, 0.2f), Matrix(name + "attn_k.weight", Width, shared, 0.2f),
                Matrix(name + "attn_v.weight", Width, shared, 0.2f), Matrix(name + "attn_output.weight", Width, Width, 0.2f), Ones(name + "ffn_norm.weight"),
                Matrix(name + "ffn_gate.weight", Width, Inner, 0.2f), Matrix(name + "ffn_up.weight", Width, Inner, 0.2f), Matrix(name + "ffn_down.weight", Inner, Width, 0.2f),
            ]);
            if (architecture == "qwen2")
            {
                weights.AddRange(
                [
                    GgufFile.Floats(name + "attn_q.bias", [Width], Draw(Width, 0.2f)), GgufFile.Floats(name + "attn_k.bias", [shared], Draw(shared, 0.2f)),
                    GgufFile.Floats(name + "attn_v.bias", [shared], Draw(shared, 0.2f)),
                ]);
            }
        }
        return vocabulary with { Keys = [.. Shape(architecture), .. vocabulary.Keys], Weights = weights };
    }

    private static KeyValuePair<string, object>[] Shape(string architecture) =>
    [
        new("general.architecture", architecture), new("general.name", "tiny"), new($"{architecture}.context_length", (uint)Trained),
        new($"{architecture}.embedding_length", (uint)Width), new($"{architecture}.block_count", (uint)Layers), new($"{architecture}.feed_forward_length", (uint)Inner),
        new($"{architecture}.attention.head_count", (uint)Heads), new($"{architecture}.attention.head_count_kv", (uint)SharedHeads),
        new($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f), new($"{architecture}.rope.dimension_count", (uint)(Width / Heads)),
    ];

    private static GgufFile Sentences()
    {
        const int Normal = 1, Unknown = 2, Control = 3, Byte = 6;
        var tokens = new List<(string Text, int Type)> { ("<unk>", Unknown), ("<s>", Control), ("</s>", Control) };
        tokens.AddRange(Enumerable.Range(0, 256).Select(value => ($"<0x{value.ToString("X2", CultureInfo.InvariantCulture)}>", Byte)));
        tokens.AddRange(new[] { "▁", "h", "e", "l", "o", "he", "ll", "hell", "hello", "▁hello", "春" }.Select(text => (text, Normal)));
        return new()
        {
            Keys =
            [
                new("tokenizer.ggml.model", "llama"), new("tokenizer.ggml.tokens", tokens.Select(token => token.Text).ToArray()),
                new("tokenizer.ggml.scores", tokens.Select((_, index) => -(float)index).ToArray()), new("tokenizer.ggml.token_type", tokens.Select(token => token.Type).ToArray()),
                new("tokenizer.ggml.bos_token_id", 1u), new("tokenizer.ggml.eos_token_id", 2u), new("tokenizer.ggml.unknown_token_id", 0u),
                new("tokenizer.ggml.add_space_prefix", false), new("tokenizer.chat_template", Template),
            ],
        };
    }

    private static GgufFile ByteLevel()
    {
        var letters = Enumerable.Range(0, 256).Select(value => Letter(value).ToString()).ToArray();
        string[] tokens = [.. letters, "he", "ll", "hell", "<|endoftext|>", "<|im_start|>", "<|im_end|>"];
        return new()
        {
            Keys =
            [
                new("tokenizer.ggml.model", "gpt2"), new("tokenizer.ggml.pre", "qwen2"), new("tokenizer.ggml.tokens", tokens),
                new("tokenizer.ggml.token_type", tokens.Select(token => token.StartsWith("<|", StringComparison.Ordinal) ? 3 : 1).ToArray()),
                new("tokenizer.ggml.merges", new[] { "h e", "l l", "he ll" }), new("tokenizer.ggml.eos_token_id", (uint)Array.IndexOf(tokens, "<|im_end|>")),
                new("tokenizer.ggml.add_bos_token", false), new("tokenizer.chat_template", Template),
            ],
        };
    }

    /// <summary>The printable character that stands for a byte in byte-level vocabularies.</summary>
    private static char Letter(int value)
    {
        static bool Printable(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return Printable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(earlier => !Printable(earlier)));
    }
}
