using System.Text.Json;

namespace Adaptation.Models;

/// <summary>A folder as models are published in: <c>config.json</c>, <c>tokenizer.json</c>, one safetensors file, and perhaps a chat template.</summary>
public sealed class Checkpoint : IDisposable
{
    private const long MaxTemplateBytes = 4 << 20;
    private readonly SafetensorsFile _weights;

    private Checkpoint(HfConfig config, SafetensorsFile weights, GgufVocabulary vocabulary, string? chatTemplate)
    {
        (Config, _weights, Vocabulary, ChatTemplate) = (config, weights, vocabulary, chatTemplate);
    }

    public HfConfig Config { get; }

    public GgufVocabulary Vocabulary { get; }

    /// <summary>Of <c>chat_template.jinja</c>, else of <c>tokenizer_config.json</c>; null if there is none.</summary>
    public string? ChatTemplate { get; }

    public IRawWeights Weights => _weights;

    /// <exception cref="ModelException">A file is missing, damaged, or of a kind that is not supported.</exception>
    public static Checkpoint Open(string folder)
    {
        foreach (var name in (string[])["config.json", "tokenizer.json"])
        {
            if (!File.Exists(Path.Combine(folder, name)))
                throw new ModelException($"{folder} has no {name}; a published checkpoint has config.json, tokenizer.json and one .safetensors file.");
        }

        var files = Directory.GetFiles(folder, "*.safetensors");
        if (files is not [var only])
            throw new ModelException($"{folder} has {files.Length} .safetensors files; expected one. Join the parts of a checkpoint that was split.");
        var config = HfConfig.Read(Path.Combine(folder, "config.json"));
        var vocabulary = GgufVocabulary.FromTokenizerJson(Path.Combine(folder, "tokenizer.json"), config.Shape.VocabularySize) with
        {
            BeginOfText = config.BeginOfText,
            EndOfText = config.EndOfText,
        };
        return new(config, SafetensorsFile.Open(only), vocabulary, ReadTemplate(folder));
    }

    /// <summary>The same model as GGUF; in four bits, those of <see cref="FourBits.Mixed"/>.</summary>
    /// <inheritdoc cref="GgufExport.Write" path="/exception"/>
    public WrittenFile WriteGguf(WeightType type, string name, string path, WriteOptions options, CancellationToken cancellationToken)
    {
        var spec = new GgufExportSpec
        {
            Shape = Config.Shape,
            Weights = Weights,
            Vocabulary = Vocabulary,
            Type = type,
            FourBits = FourBits.Mixed,
            Name = name,
            ChatTemplate = ChatTemplate,
        };
        return GgufExport.Write(spec, path, options, cancellationToken);
    }

    /// <summary>The same model as ONNX, float32: <c>input_ids</c> in, <c>logits</c> out.</summary>
    /// <inheritdoc cref="DecoderOnnx.Write" path="/exception"/>
    public WrittenFile WriteOnnx(string path, WriteOptions options, CancellationToken cancellationToken) =>
        DecoderOnnx.Write(Config.Shape, Weights, path, options, cancellationToken);

    /// <summary>The same model as a TorchScript archive, float32: <c>input_ids</c> in, the logits out.</summary>
    /// <inheritdoc cref="DecoderTorchScript.Write" path="/exception"/>
    public WrittenFile WriteTorchScript(string path, WriteOptions options, CancellationToken cancellationToken) =>
        DecoderTorchScript.Write(Config.Shape, Weights, path, options, cancellationToken);

    public void Dispose() => _weights.Dispose();

    private static string? ReadTemplate(string folder)
    {
        var (plain, config) = (Path.Combine(folder, "chat_template.jinja"), Path.Combine(folder, "tokenizer_config.json"));
        foreach (var file in (string[])[plain, config])
        {
            if (File.Exists(file) && new FileInfo(file).Length > MaxTemplateBytes)
                throw new ModelException($"{file} has more than {MaxTemplateBytes} bytes; is it what its name says?");
        }

        if (File.Exists(plain))
            return File.ReadAllText(plain);
        if (!File.Exists(config))
            return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(config));
            return json.RootElement.TryGetProperty("chat_template", out var template) ? template.GetString() : null;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            throw new ModelException($"{config} is not a tokenizer_config.json with one chat template: {malformed.Message}", malformed);
        }
    }
}
