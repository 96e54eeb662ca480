using Adaptation.Adapters.Abstractions;
using Adaptation.Adapters.LlamaCpp;
using Adaptation.Core;

namespace Adaptation.Benchmarks.Perplexity;

/// <summary>The figures of one comparison, in llama-perplexity's units.</summary>
/// <param name="SameTop">Percent.</param>
internal sealed record Scores(double Perplexity, double BasePerplexity, double LnRatio, double MeanDivergence, double P999Divergence, double SameTop)
{
    public static Scores Of(IReadOnlyCollection<PositionScore> positions)
    {
        var (candidate, reference) = (positions.Average(score => score.CandidateLoss), positions.Average(score => score.ReferenceLoss));
        var sorted = positions.Select(score => score.Divergence).Order().ToArray();
        // linear interpolation between ranks, as llama-perplexity takes its percentiles
        var rank = 0.999 * (sorted.Length - 1);
        var below = (int)rank;
        var p999 = sorted[below] + ((rank - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
        return new(
            Math.Exp(candidate), Math.Exp(reference), candidate - reference, sorted.Average(), p999,
            100.0 * positions.Count(score => score.SameTop) / positions.Count);
    }
}

/// <summary>Computes both models' logits through the adapter and scores them as the checks COR-07 to COR-09 do.</summary>
internal static class Agreement
{
    /// <param name="stored">The base as llama-perplexity kept it, to 16 bits: what its own figures are made from.</param>
    /// <returns>Scores by llama-perplexity's arithmetic, and by the runner's on the base's logits as the engine gave them.</returns>
    public static async Task<(Scores Theirs, Scores Ours)> MeasureAsync(string library, string reference, string candidate, BaseLogits stored)
    {
        var spec = new LlamaCppSpec
        {
            Library = library,
            Threads = 1,
            ContextLength = stored.Context,
            Sequences = 1,
            Batch = stored.Context,
            MicroBatch = stored.Context,
        };
        await using var adapter = LlamaCppAdapter.Load(spec);
        var bases = await LogitsAsync(adapter, reference, stored);
        var candidates = await LogitsAsync(adapter, candidate, stored);
        var (theirs, ours) = (new List<PositionScore>(), new List<PositionScore>());
        for (var chunk = 0; chunk < stored.Chunks; chunk++)
        {
            for (var at = 0; at < stored.Scored; at++)
            {
                var (position, next) = (stored.First + at, stored.Tokens(chunk)[stored.First + at + 1]);
                var row = candidates[chunk].AsSpan(position * stored.Vocabulary, stored.Vocabulary);
                theirs.Add(LlamaArithmetic.Score(stored.Stored(chunk, at), row, next));
                ours.Add(PositionScore.Of(Widened(bases[chunk].AsSpan(position * stored.Vocabulary, stored.Vocabulary)), Widened(row), next));
            }
        }

        return (Scores.Of(theirs), Scores.Of(ours));
    }

    private static async Task<float[][]> LogitsAsync(LlamaCppAdapter adapter, string file, BaseLogits stored)
    {
        await using var model = (ITensorModel)await adapter.OpenAsync(new ModelFolder(file), CancellationToken.None);
        var logits = new float[stored.Chunks][];
        for (var chunk = 0; chunk < stored.Chunks; chunk++)
        {
            long[] ids = [.. stored.Tokens(chunk).ToArray().Select(id => (long)id)];
            var input = new Tensor(DataType.Int64, [1, ids.Length], Bytes(ids));
            var answer = await model.InferAsync([input], CancellationToken.None);
            logits[chunk] = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(answer[0].Data.Span).ToArray();
        }

        return logits;
    }

    private static double[] Widened(ReadOnlySpan<float> logits)
    {
        var row = new double[logits.Length];
        for (var id = 0; id < row.Length; id++)
            row[id] = logits[id];
        return row;
    }

    private static byte[] Bytes(long[] ids) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(ids.AsSpan()).ToArray();
}
