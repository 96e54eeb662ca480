namespace Adaptation.Models.Tests;

/// <summary>Shapes small enough for a test.</summary>
public static class Shapes
{
    public static DecoderShape Llama { get; } = new()
    {
        Architecture = DecoderArchitecture.Llama,
        VocabularySize = 264,
        HiddenSize = 64,
        IntermediateSize = 96,
        Layers = 2,
        AttentionHeads = 4,
        KeyValueHeads = 2,
        HeadSize = 16,
        NormEpsilon = 1e-5,
        RopeTheta = 10000,
        MaxPositions = 512,
        TiedEmbeddings = false,
    };

    public static DecoderShape Qwen2 { get; } = Llama with { Architecture = DecoderArchitecture.Qwen2, TiedEmbeddings = true };

    public static GgufExportSpec Spec(DecoderShape shape, WeightType type) => new()
    {
        Shape = shape,
        Weights = new GeneratedWeights(shape, seed: 7),
        Vocabulary = SyntheticVocabulary.Of(shape.VocabularySize),
        Type = type,
        Name = "test",
    };
}
