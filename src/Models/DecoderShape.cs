using Adaptation.Core;

namespace Adaptation.Models;

/// <summary>The two architectures that weights are generated for and that the exact reference computes.</summary>
public enum DecoderArchitecture
{
    Llama,

    /// <summary>Llama with biases on query, key and value.</summary>
    Qwen2,
}

/// <summary>A decoder-only transformer in numbers; names as in the <c>config.json</c> of published models.</summary>
public sealed record DecoderShape
{
    public required DecoderArchitecture Architecture { get; init; }

    /// <summary>V.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>H: width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>F: width of the gated feed-forward layer.</summary>
    public required int IntermediateSize { get; init; }

    public required int Layers { get; init; }

    public required int AttentionHeads { get; init; }

    /// <summary>Divides <see cref="AttentionHeads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>D; even. Rotary embedding pairs element i with i + D/2.</summary>
    public required int HeadSize { get; init; }

    public required double NormEpsilon { get; init; }

    public required double RopeTheta { get; init; }

    public required int MaxPositions { get; init; }

    /// <summary>Whether the output matrix is the embedding.</summary>
    public required bool TiedEmbeddings { get; init; }
}

/// <summary>Weights by the names of published checkpoints: <c>model.layers.0.self_attn.q_proj.weight</c>, rows first.</summary>
public interface IWeights
{
    /// <summary>Shape of each tensor, row-major.</summary>
    IReadOnlyDictionary<string, long[]> Shapes { get; }

    /// <summary>Fills with a tensor's values, widened to float64 exactly. Safe for concurrent use.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="ModelException">The file is damaged.</exception>
    void Read(string name, Span<double> into);
}

/// <summary>A file of a model is not what its format asks for, or not what is supported.</summary>
/// <param name="message">The file, what was seen against expected, and what to do next.</param>
public sealed class ModelException(string message, Exception? cause = null) : AdaptationException(message, cause);
