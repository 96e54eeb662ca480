using System.Text.Json;

namespace Adaptation.Models;

/// <summary><c>config.json</c> of published checkpoints, and the shape that it describes.</summary>
/// <param name="BeginOfText">Token id; null where the file names none.</param>
/// <param name="EndOfText">Token id, the first where there are several.</param>
public sealed record HfConfig(DecoderShape Shape, int? BeginOfText, int? EndOfText)
{
    private const long MaxBytes = 1 << 20;
    private const double MaxNumber = 1 << 30;

    /// <exception cref="ModelException">It is not such a file, or asks for what is not supported; the message names the key.</exception>
    public static HfConfig Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                throw new ModelException($"{path} has more than {MaxBytes} bytes; is it a config.json?");
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Read(path, json.RootElement);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelException($"{path} is not a config.json: {malformed.Message}", malformed);
        }
    }

    /// <summary>UTF-8, with a line end; the same shape gives the same bytes.</summary>
    /// <param name="type">F32, F16 or Bf16: what the weights beside it are.</param>
    public byte[] Format(WeightType type)
    {
        var llama = Shape.Architecture == DecoderArchitecture.Llama;
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("architectures");
            writer.WriteStringValue(llama ? "LlamaForCausalLM" : "Qwen2ForCausalLM");
            writer.WriteEndArray();
            writer.WriteString("model_type", llama ? "llama" : "qwen2");
            writer.WriteString("hidden_act", "silu");
            writer.WriteNumber("vocab_size", Shape.VocabularySize);
            writer.WriteNumber("hidden_size", Shape.HiddenSize);
            writer.WriteNumber("intermediate_size", Shape.IntermediateSize);
            writer.WriteNumber("num_hidden_layers", Shape.Layers);
            writer.WriteNumber("num_attention_heads", Shape.AttentionHeads);
            writer.WriteNumber("num_key_value_heads", Shape.KeyValueHeads);
            writer.WriteNumber("head_dim", Shape.HeadSize);
            writer.WriteNumber("rms_norm_eps", Shape.NormEpsilon);
            writer.WriteNumber("rope_theta", Shape.RopeTheta);
            writer.WriteNumber("max_position_embeddings", Shape.MaxPositions);
            writer.WriteBoolean("tie_word_embeddings", Shape.TiedEmbeddings);
            if (BeginOfText is { } begin)
                writer.WriteNumber("bos_token_id", begin);
            if (EndOfText is { } end)
                writer.WriteNumber("eos_token_id", end);
            writer.WriteString("torch_dtype", type switch { WeightType.F32 => "float32", WeightType.F16 => "float16", _ => "bfloat16" });
            writer.WriteEndObject();
        }

        json.WriteByte((byte)'\n');
        return json.ToArray();
    }

    private static HfConfig Read(string path, JsonElement top)
    {
        ModelException Unsupported(string key, object? seen, string expected) => new($"{path}: {key} is {seen ?? "absent"}; expected {expected}.");
        JsonElement? Find(string key) => top.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        double Number(string key, double? otherwise)
        {
            var value = Find(key)?.GetDouble() ?? otherwise ?? throw Unsupported(key, seen: null, "a number");
            return value is > 0 and <= MaxNumber ? value : throw Unsupported(key, value, $"a number above 0 and up to {MaxNumber:0}");
        }

        int Whole(string key, int? otherwise = null)
        {
            var value = Number(key, otherwise);
            return value == Math.Floor(value) ? (int)value : throw Unsupported(key, value, "a whole number");
        }

        var architecture = Find("model_type")?.GetString() switch
        {
            "llama" => DecoderArchitecture.Llama,
            "qwen2" => DecoderArchitecture.Qwen2,
            var other => throw Unsupported("model_type", other, "llama or qwen2"),
        };
        if (Find("hidden_act")?.GetString() is { } activation && activation != "silu")
            throw Unsupported("hidden_act", activation, "silu");
        foreach (var key in (string[])["rope_scaling", "quantization_config"])
        {
            if (Find(key) is { } present)
                throw Unsupported(key, present, "none: it is not supported");
        }

        foreach (var key in (string[])["use_sliding_window", "mlp_bias", .. architecture == DecoderArchitecture.Llama ? ["attention_bias"] : Array.Empty<string>()])
        {
            if (Find(key)?.GetBoolean() == true)
                throw Unsupported(key, "true", "false: it is not supported");
        }

        var (width, heads) = (Whole("hidden_size"), Whole("num_attention_heads"));
        var shape = new DecoderShape
        {
            Architecture = architecture,
            VocabularySize = Whole("vocab_size"),
            HiddenSize = width,
            IntermediateSize = Whole("intermediate_size"),
            Layers = Whole("num_hidden_layers"),
            AttentionHeads = heads,
            KeyValueHeads = Whole("num_key_value_heads", heads),
            HeadSize = Whole("head_dim", Math.Max(1, width / heads)),
            NormEpsilon = Number("rms_norm_eps", 1e-6),
            RopeTheta = Number("rope_theta", 10000),
            MaxPositions = Whole("max_position_embeddings"),
            TiedEmbeddings = Find("tie_word_embeddings")?.GetBoolean() ?? false,
        };
        if (shape.AttentionHeads % shape.KeyValueHeads != 0)
            throw Unsupported("num_key_value_heads", shape.KeyValueHeads, $"a divisor of the {heads} attention heads");
        if (shape.HeadSize % 2 != 0)
            throw Unsupported("head_dim", shape.HeadSize, "an even number");
        return new(shape, Token(Find("bos_token_id")), Token(Find("eos_token_id")));
    }

    private static int? Token(JsonElement? value) => value is not { } token ? null
        : token.ValueKind == JsonValueKind.Array ? token.EnumerateArray().Select(item => (int?)item.GetInt32()).FirstOrDefault()
        : token.GetInt32();
}
