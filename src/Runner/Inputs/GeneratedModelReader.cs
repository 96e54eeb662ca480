using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Reads manifests of models whose weights are drawn from a seed.</summary>
public static class GeneratedModelReader
{
    /// <returns>The model; not to be used if anything was added to <paramref name="problems"/>.</returns>
    public static GeneratedModel? TryRead(string path, string shownAs, ICollection<Problem> problems) =>
        Yaml.TryRead(path, shownAs, problems, out _)?.Closed(Read);

    /// <summary>Whether a manifest is of a model whose weights are drawn.</summary>
    internal static bool IsOne(YamlMap model) => model.TryMap("source")?.Has("generated") == true;

    internal static GeneratedModel Read(YamlMap model)
    {
        model.Schema("adaptation.model/v1");
        model.Choice("kind", "llm");
        model.Known("licence", "name", "says");
        var seed = model.Map("source")?.Closed(source => source.Map("generated")?.Closed(generated =>
        {
            generated.Choice("generator", GeneratedWeights.Generator);
            return generated.Integer("seed", 0, long.MaxValue);
        })) ?? 0;
        return new GeneratedModel
        {
            Id = model.Identifier("id"),
            Seed = (ulong)seed,
            Shape = model.Map("shape")?.Closed(Shape) ?? Harmless,
            Files = [.. model.Maps("made").Select(entry => entry.Closed(File))],
        };
    }

    private static DecoderShape Harmless { get; } = new()
    {
        Architecture = DecoderArchitecture.Llama,
        VocabularySize = 1,
        HiddenSize = 1,
        IntermediateSize = 1,
        Layers = 1,
        AttentionHeads = 1,
        KeyValueHeads = 1,
        HeadSize = 2,
        NormEpsilon = 1,
        RopeTheta = 1,
        MaxPositions = 1,
        TiedEmbeddings = true,
    };

    private static DecoderShape Shape(YamlMap map)
    {
        int Whole(string key, int least = 1) => (int)map.Integer(key, least, 1 << 24);
        var shape = new DecoderShape
        {
            Architecture = map.Choice("architecture", "llama", "qwen2") == "llama" ? DecoderArchitecture.Llama : DecoderArchitecture.Qwen2,
            VocabularySize = Whole("vocab_size", least: 259),
            HiddenSize = Whole("hidden_size"),
            IntermediateSize = Whole("intermediate_size"),
            Layers = Whole("num_hidden_layers"),
            AttentionHeads = Whole("num_attention_heads"),
            KeyValueHeads = Whole("num_key_value_heads"),
            HeadSize = Whole("head_dim", least: 2),
            NormEpsilon = Number(map, "rms_norm_eps"),
            RopeTheta = Number(map, "rope_theta"),
            MaxPositions = Whole("max_position_embeddings"),
            TiedEmbeddings = map.Boolean("tie_word_embeddings", otherwise: false),
        };
        if (shape.AttentionHeads % shape.KeyValueHeads != 0)
            map.Problem("num_key_value_heads", $"is {shape.KeyValueHeads}; expected a divisor of the {shape.AttentionHeads} attention heads");
        if (shape.HeadSize % 2 != 0)
            map.Problem("head_dim", $"is {shape.HeadSize}; expected an even number");
        return shape;
    }

    private static GeneratedFile File(YamlMap map)
    {
        var type = map.Choice("type", [.. WeightTypes.Writable.Keys]);
        var digest = map.Text("sha256");
        if (digest.Length > 0 && (digest.Length != 64 || !digest.All(c => char.IsAsciiHexDigitLower(c) || char.IsAsciiDigit(c))))
            map.Problem("sha256", "expected 64 lowercase hex digits");
        return new(map.Choice("format", "gguf", "safetensors"), WeightTypes.Writable.GetValueOrDefault(type), map.Integer("bytes", 1, long.MaxValue), digest);
    }

    private static double Number(YamlMap map, string key)
    {
        var text = map.Text(key);
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1e9)
            return number;
        if (text.Length > 0)
            map.Problem(key, $"is `{text}`; expected a number above 0 and below 1e9");
        return 1;
    }
}
