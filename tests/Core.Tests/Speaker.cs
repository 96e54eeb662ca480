using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>A language model of 64 tokens, its golden documents, and what a backend answered to them.</summary>
internal sealed record Speaker(Plan Plan, ImmutableArray<float[]> Reference, ImmutableArray<float[]> Candidate, Measurement Measurement, InMemoryFiles Files)
{
    public const int Vocabulary = 64;
    public const int Tokens = 80;

    /// <summary>50 documents of 80 tokens, answered exactly; the plan declares 16 bits.</summary>
    public static Speaker Exact { get; } = Of(50, seed: 1);

    public static Speaker Of(int documents, int seed)
    {
        var random = new Random(seed);
        ImmutableArray<float[]> logits = [.. Enumerable.Range(0, documents).Select(_ => Drawn(random, Tokens * Vocabulary, 3))];
        ImmutableArray<GoldenDocument> golden =
        [
            .. Enumerable.Range(0, documents).Select(i => new GoldenDocument(
                $"doc-{i}", [.. Enumerable.Range(0, Tokens).Select(_ => random.Next(Vocabulary))], $"golden/doc-{i}.gz")),
        ];
        var plan = Given.Plan with
        {
            ModelKind = "llm",
            Text = new() { Precision = PrecisionClass.Bits16, VocabularySize = Vocabulary, Documents = golden },
        };
        return new Speaker(plan, logits, logits, Given.Measurement("COR-07"), InMemoryFiles.Empty).Kept();
    }

    public Finding Judge(Clause clause) => Judged.By(clause, Measurement with { Check = clause.Id }, Plan, Files);

    /// <summary>The same documents, with other logits answered.</summary>
    /// <param name="answer">Document and its exact logits [80, 64] to what the backend makes of them.</param>
    public Speaker Answering(Func<int, float[], float[]> answer) => (this with { Candidate = [.. Reference.Select((logits, i) => answer(i, logits))] }).Kept();

    /// <summary>Other exact logits, answered exactly.</summary>
    public Speaker Meaning(Func<int, float[], float[]> reference) =>
        Reference.Select((logits, i) => reference(i, logits)).ToImmutableArray() is var changed ? (this with { Reference = changed, Candidate = changed }).Kept() : this;

    /// <summary>Each logit off by a normal deviate of that size; its KL divergence is about half the square.</summary>
    public Speaker Off(double deviation, int seed = 2)
    {
        var random = new Random(seed);
        return Answering((_, logits) => [.. logits.Zip(Drawn(random, logits.Length, deviation), (logit, error) => logit + error)]);
    }

    public Speaker Planning(Func<TextGolden, TextGolden> change) => this with { Plan = Plan with { Text = change(Plan.Text!) } };

    public Speaker Tensors(Func<ImmutableArray<TensorFile>, ImmutableArray<TensorFile>> change) =>
        this with { Measurement = Measurement with { Tensors = change(Measurement.Tensors) } };

    private Speaker Kept()
    {
        var files = Files;
        for (var i = 0; i < Reference.Length; i++)
            files = files.With($"golden/doc-{i}.gz", Reader.Packed(Reference[i])).With($"answers/doc-{i}", Reader.Bytes(Candidate[i]));
        var tensors = Enumerable.Range(0, Reference.Length).Select(i => new TensorFile($"doc-{i}", $"answers/doc-{i}", "FP32", [1, Tokens, Vocabulary]));
        return this with { Files = files, Measurement = Measurement with { Tensors = [.. tensors] } };
    }

    private static float[] Drawn(Random random, int count, double deviation) =>
    [
        .. Enumerable.Range(0, count).Select(_ =>
            (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))),
    ];
}
