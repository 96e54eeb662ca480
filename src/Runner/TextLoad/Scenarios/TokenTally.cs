using System.Collections.Immutable;
using System.Text;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Counts the tokens of answers on the runner's side and holds the server's claim against the count.</summary>
/// <remarks>
/// By the ids that the server returned, if every answer has them; else by the model's tokenizer over the text; else there are only chunks,
/// which are no tokens, and evidence says so.
/// </remarks>
public static class TokenTally
{
    /// <param name="ChunkTokens">Tokens in each chunk; of one that ended in the middle of a token, that token is the next one's.</param>
    public sealed record Count(ImmutableArray<long> ChunkTokens)
    {
        public long Total => ChunkTokens.Sum();
    }

    /// <returns><c>ids</c>, <c>tokenizer</c> or <c>chunks</c>: one way for a whole load.</returns>
    public static string Way(ImmutableArray<TextSample> samples, ITokenizer? tokenizer)
    {
        var answered = samples.Where(sample => sample.Chunks.Length > 0).ToArray();
        return answered.Length > 0 && answered.All(sample => sample.Chunks.All(chunk => !chunk.TokenIds.IsDefaultOrEmpty)) ? "ids"
            : tokenizer is not null ? "tokenizer" : "chunks";
    }

    public static Count Of(TextSample sample, string way, ITokenizer? tokenizer) => new(way switch
    {
        "ids" => [.. sample.Chunks.Select(chunk => (long)chunk.TokenIds.Length)],
        "tokenizer" when tokenizer is not null => ByText(sample.Chunks, tokenizer),
        _ => [.. sample.Chunks.Select(_ => 1L)],
    });

    /// <summary>Whether the claim lies more than a hundredth, and more than the one end token that some count, from the count.</summary>
    public static bool Disagrees(long counted, TextUsage? claim) =>
        claim is { CompletionTokens: var claimed } && Math.Abs((decimal)claimed - counted) > Math.Max(1, Math.Max(claimed, counted) / 100m);

    /// <summary>Each token belongs to the chunk that brought its last byte.</summary>
    private static ImmutableArray<long> ByText(ImmutableArray<TextChunk> chunks, ITokenizer tokenizer)
    {
        var counts = new long[chunks.Length];
        if (chunks.IsEmpty)
            return [];
        var ends = new long[chunks.Length];
        var length = 0L;
        for (var i = 0; i < chunks.Length; i++)
            ends[i] = length += Encoding.UTF8.GetByteCount(chunks[i].Text);
        var (at, chunk) = (0L, 0);
        foreach (var id in tokenizer.Encode(string.Concat(chunks.Select(part => part.Text)), parseSpecial: false))
        {
            at += tokenizer.Decode([id]).Length;
            while (chunk < chunks.Length - 1 && at > ends[chunk])
                chunk++;
            counts[chunk]++;
        }

        return [.. counts];
    }
}
