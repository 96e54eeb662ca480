using System.Collections.Immutable;
using System.Text;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Counts the tokens of answers on the runner's side and holds the server's claim against the count.</summary>
/// <remarks>
/// A load is counted in one way. <c>ids</c>: those that the server sent, where the model's tokenizer is at hand, they spell every text that was
/// received (<see cref="TokenIds"/>), and are at most a hundredth more than the tokenizer makes of it: a text cut into single bytes is spelled
/// right too. <c>tokenizer</c>: the text tokenized again, where they are not. Without a tokenizer nothing ties ids to text:
/// <c>claimed-ids</c> where the server sent some with each chunk, else <c>chunks</c>. Neither of these is a count of tokens, and evidence says so.
/// </remarks>
/// <param name="Way">One of those four words.</param>
/// <param name="ChunkTokens">Of each answer, tokens in each chunk; a token belongs to the chunk that brought its last byte.</param>
/// <param name="Textless">Of each answer, special tokens that were not counted, such as ends that <c>ignore_eos</c> went beyond; 0 but for <c>ids</c>.</param>
public sealed record TokenTally(string Way, ImmutableArray<ImmutableArray<long>> ChunkTokens, ImmutableArray<long> Textless)
{
    public static TokenTally Of(ImmutableArray<TextSample> samples, ITokenizer? tokenizer)
    {
        if (tokenizer is not null)
            return TryByIds(samples, tokenizer) ?? new("tokenizer", [.. samples.Select(sample => ByText(sample.Chunks, tokenizer))], None(samples));
        var haveIds = samples.Any(sample => sample.Chunks.Length > 0)
            && samples.All(sample => sample.Chunks.All(chunk => !chunk.TokenIds.IsDefaultOrEmpty));
        return new(
            haveIds ? "claimed-ids" : "chunks",
            [.. samples.Select(sample => sample.Chunks.Select(chunk => haveIds ? chunk.TokenIds.Length : 1L).ToImmutableArray())], None(samples));
    }

    /// <summary>Whether the claim lies more than a hundredth, and more than the one end token that some count, from the count.</summary>
    public static bool Disagrees(long counted, TextUsage? claim) =>
        claim is { CompletionTokens: var claimed } && Math.Abs((decimal)claimed - counted) > Allowed(claimed, counted);

    /// <returns>Null if the ids of one answer do not spell its text, or all together are more than there can be.</returns>
    private static TokenTally? TryByIds(ImmutableArray<TextSample> samples, ITokenizer tokenizer)
    {
        var (ids, counts) = (new TokenIds(tokenizer), ImmutableArray.CreateBuilder<ImmutableArray<long>>(samples.Length));
        var textless = ImmutableArray.CreateBuilder<long>(samples.Length);
        var (sent, made) = (0L, 0L);
        foreach (var sample in samples)
        {
            if (ids.TryCount(sample.Chunks) is not { } own)
            {
                if (sample.Failure is null)
                    return null;
                textless.Add(0);
                counts.Add(ByText(sample.Chunks, tokenizer)); // an answer that broke off may have brought ids ahead of their text
                continue;
            }

            counts.Add(own.ChunkTokens);
            (sent, made) = (sent + own.WithText, made + tokenizer.Encode(Text(sample.Chunks), parseSpecial: false).Length);
            textless.Add(own.Textless);
        }

        return sent > 0 && sent - made <= Allowed(sent, made) ? new("ids", counts.MoveToImmutable(), textless.MoveToImmutable()) : null;
    }

    private static ImmutableArray<long> None(ImmutableArray<TextSample> samples) => [.. new long[samples.Length]];

    private static string Text(ImmutableArray<TextChunk> chunks) => string.Concat(chunks.Select(chunk => chunk.Text));

    private static decimal Allowed(long one, long other) => Math.Max(1, Math.Max(one, other) / 100m);

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
        foreach (var id in tokenizer.Encode(Text(chunks), parseSpecial: false))
        {
            at += tokenizer.Decode([id]).Length;
            while (chunk < chunks.Length - 1 && at > ends[chunk])
                chunk++;
            counts[chunk]++;
        }

        return [.. counts];
    }
}
