using System.Collections.Immutable;

namespace Adaptation.Adapters.Abstractions;

/// <summary>What an engine says of itself. The reader stores it as a claim.</summary>
public sealed record AdapterFacts
{
    /// <summary>Such as <c>ONNX Runtime</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>As the library spells it.</summary>
    public required string EngineVersion { get; init; }

    /// <summary>Framework and format of the models, as the Open Inference Protocol names platforms: <c>onnx_onnxv1</c>.</summary>
    public required string Platform { get; init; }

    /// <summary>What computes, in the engine's words: <c>CPU</c>, or vendor and kind of an accelerator.</summary>
    public required string Device { get; init; }

    /// <summary>What this build of the engine can compute with; empty if the engine has no such notion.</summary>
    public ImmutableArray<string> Providers { get; init; } = [];

    /// <summary>The options in force, as they were given to the engine.</summary>
    public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
