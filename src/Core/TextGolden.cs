using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Token sequences of a language model with their exact logits. Never leaves the runner's side.</summary>
public sealed record TextGolden
{
    /// <summary>What the profile declares; limits on logits follow from it.</summary>
    public required PrecisionClass Precision { get; init; }

    /// <summary>V.</summary>
    public required int VocabularySize { get; init; }

    public required ImmutableArray<GoldenDocument> Documents { get; init; }

    /// <summary>What 16-bit arithmetic alone does on this model, or null if that was not measured.</summary>
    public ReferenceNoise? Noise { get; init; }

    /// <summary>What is drawn (COR-14), or null.</summary>
    public SamplingPlan? Sampling { get; init; }

    /// <summary>Whole answers whose length is compared (COR-10); empty where that is not asked for.</summary>
    public ImmutableArray<GoldenAnswer> Answers { get; init; } = [];

    /// <summary>Sequences as long as the declared window (COR-15), or null.</summary>
    public LongContextPlan? Long { get; init; }

    /// <summary>Path in the evidence of the pack of tool prompts (COR-17); null where the manifest names none.</summary>
    public string? Tools { get; init; }
}

/// <summary>How a backend keeps its weights; the coarsest of what it keeps counts.</summary>
public enum PrecisionClass
{
    Fp32,

    /// <summary>bf16 or fp16.</summary>
    Bits16,

    Bits8,

    Bits4,
}

/// <param name="Id">Unique in the pack; <c>[a-z0-9-]+</c>.</param>
/// <param name="Tokens">T token ids: each position is scored given the true ones before it.</param>
/// <param name="Logits">Path in the evidence of the exact logits [T, V]: little-endian float32, row-major, gzip.</param>
public sealed record GoldenDocument(string Id, ImmutableArray<int> Tokens, string Logits);

/// <summary>Distance of a trusted 16-bit run of the model from the exact reference, in 1e-9 nat.</summary>
/// <param name="P999KldPpb">99.9th percentile over positions.</param>
public sealed record ReferenceNoise(long MeanKldPpb, long P999KldPpb);

/// <param name="Id">Unique in the pack; <c>[a-z0-9-]+</c>.</param>
/// <param name="Most">Tokens of an answer, at most.</param>
/// <param name="Tokens">The exact greedy answer, with the token that ends it, if it ends.</param>
public sealed record GoldenAnswer(string Id, ImmutableArray<int> Prompt, int Most, ImmutableArray<int> Tokens);

/// <param name="Window">Tokens of every sequence: the declared context.</param>
public sealed record LongContextPlan(int Window, ImmutableArray<LongSequence> Sequences);

/// <param name="Retrieved">Positions, ascending, whose next token repeats what stands at the beginning of the sequence.</param>
public sealed record LongSequence(GoldenDocument Document, ImmutableArray<int> Retrieved);

/// <param name="Document">Id of the document that is the prompt; each draw is the token after it.</param>
/// <param name="Cells">Settings drawn from, each in a request of its own per draw.</param>
public sealed record SamplingPlan(string Document, ImmutableArray<SamplingCell> Cells);

/// <param name="Id">Unique in the plan; <c>[a-z0-9-]+</c>.</param>
/// <param name="TemperatureMilli">Thousandths; above 0.</param>
/// <param name="TopK">Tokens admitted; 0 for all.</param>
/// <param name="TopPPpm">Probability that admitted tokens reach together, in parts per million; 1,000,000 for all.</param>
public sealed record SamplingCell(string Id, long TemperatureMilli, int TopK, long TopPPpm);
