using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>A file that a generated model was seen to become, so that every machine can say whether it made the same.</summary>
/// <param name="Format"><c>gguf</c> or <c>safetensors</c>.</param>
/// <param name="Sha256">Lowercase hex.</param>
public sealed record GeneratedFile(string Format, WeightType Type, long Bytes, string Sha256);

/// <summary>A model without training: a real architecture's shape with weights drawn from a seed. It says nothing of quality.</summary>
public sealed record GeneratedModel
{
    /// <summary>Such as <c>shape/qwen2.5-0.5b</c>.</summary>
    public required string Id { get; init; }

    public required ulong Seed { get; init; }

    public required DecoderShape Shape { get; init; }

    /// <summary>Those whose digests are known; a large model may have none.</summary>
    public required ImmutableArray<GeneratedFile> Files { get; init; }

    /// <summary>File name of the weights: <c>qwen2.5-0.5b-q8_0.gguf</c>, or <c>model.safetensors</c>.</summary>
    public string FileName(string format, WeightType type) => format == "gguf" ? $"{Id.Split('/')[^1]}-{type.Spelling()}.gguf" : "model.safetensors";

    public GeneratedFile? Expected(string format, WeightType type) => Files.FirstOrDefault(file => file.Format == format && file.Type == type);

    /// <summary>One file, with weights and a vocabulary in which every text has tokens.</summary>
    /// <inheritdoc cref="GgufExport.Write" path="/exception"/>
    public WrittenFile WriteGguf(WeightType type, string path, WriteOptions options, CancellationToken cancellationToken)
    {
        var spec = new GgufExportSpec
        {
            Shape = Shape,
            Weights = new GeneratedWeights(Shape, Seed),
            Vocabulary = SyntheticVocabulary.Of(Shape.VocabularySize),
            Type = type,
            Name = Id,
        };
        return GgufExport.Write(spec, path, options with { ExpectedSha256 = Expected("gguf", type)?.Sha256 }, cancellationToken);
    }

    /// <summary><c>config.json</c> and <c>tokenizer.json</c>, then <c>model.safetensors</c>, so that where there are weights the rest is there too.</summary>
    /// <returns>The weights.</returns>
    /// <inheritdoc cref="SafetensorsExport.Write" path="/exception"/>
    public WrittenFile WriteSafetensors(WeightType type, string folder, WriteOptions options, CancellationToken cancellationToken)
    {
        SafetensorsHeader.Spelling(type); // refuses a type that the format lacks before anything is written
        var config = new HfConfig(Shape, BeginOfText: null, SyntheticVocabulary.Of(Shape.VocabularySize).EndOfText);
        WriteSmall(Path.Combine(folder, "config.json"), config.Format(type), options);
        WriteSmall(Path.Combine(folder, "tokenizer.json"), SyntheticVocabulary.TokenizerJson(Shape.VocabularySize), options);
        return SafetensorsExport.Write(
            Shape, new GeneratedWeights(Shape, Seed), type, Path.Combine(folder, FileName("safetensors", type)),
            options with { ExpectedSha256 = Expected("safetensors", type)?.Sha256 }, cancellationToken);
    }

    private static void WriteSmall(string path, byte[] bytes, WriteOptions options)
    {
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
            return;
        using var file = new NewFile(path, bytes.Length, options.Replace);
        file.Write(bytes);
        file.Commit(expectedSha256: null);
    }
}
