using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Puts the columns of a text load together and refuses what contradicts itself.</summary>
internal static class TextLoadReader
{
    /// <param name="columns">due, sent, first_byte, ended, status, prompt_tokens, output_tokens, chunks: of one length, none negative.</param>
    public static TextLoad? TryBuild(
        TextTerms terms, ImmutableArray<ImmutableArray<long>> columns, ImmutableArray<long> arrivals, ImmutableArray<long> tokens, out string problem)
    {
        problem = "";
        var requests = ImmutableArray.CreateBuilder<TextRecord>(columns[0].Length);
        var next = 0L;
        if (arrivals.Length != tokens.Length)
            problem = $"{arrivals.Length} arrivals and {tokens.Length} counts of tokens";
        for (var i = 0; i < columns[0].Length && problem.Length == 0; i++)
        {
            if (columns[4][i] > byte.MaxValue || columns[5][i] > int.MaxValue || columns[6][i] > int.MaxValue || columns[7][i] > arrivals.Length - next)
            {
                problem = $"request {i + 1} holds a count that cannot be: more than there are chunks, or more than 2^31";
                break;
            }

            var request = new TextRecord
            {
                Due = columns[0][i],
                Sent = columns[1][i],
                FirstByte = columns[2][i],
                Ended = columns[3][i],
                Status = (int)columns[4][i],
                PromptTokens = (int)columns[5][i],
                OutputTokens = (int)columns[6][i],
                FirstChunk = (int)next,
                Chunks = (int)columns[7][i],
            };
            next += request.Chunks;
            problem = Contradiction(request, i, terms, arrivals, tokens) ?? "";
            requests.Add(request);
        }

        if (problem.Length == 0 && next != arrivals.Length)
            problem = $"{arrivals.Length} chunks arrived and the requests claim {next}";
        return problem.Length > 0 ? null
            : new TextLoad { Terms = terms, Requests = requests.ToImmutable(), Arrivals = arrivals, ChunkTokens = tokens };
    }

    private static string? Contradiction(TextRecord request, int index, TextTerms terms, ImmutableArray<long> arrivals, ImmutableArray<long> tokens)
    {
        var who = $"request {index + 1}";
        if (request.Sent < request.Due)
            return $"{who} was sent before it was due";
        if (request.Ended < request.Sent || request.Ended > terms.DurationNanos)
            return $"{who} ended before it was sent, or after the load";
        if (request.Chunks > 0 && (request.FirstByte > request.Ended || request.FirstByte < request.Sent))
            return $"{who} brought content, and its first byte lies outside it";
        var (before, sum) = (request.FirstByte, 0L);
        for (var chunk = request.FirstChunk; chunk < request.FirstChunk + request.Chunks; chunk++)
        {
            if (arrivals[chunk] < before || arrivals[chunk] > request.Ended)
                return $"{who} has a chunk that arrived before the one ahead of it, or after its end";
            before = arrivals[chunk];
            sum = tokens[chunk] > int.MaxValue ? int.MaxValue + 1L : sum + tokens[chunk];
        }

        return sum == request.OutputTokens ? null : $"{who} has {request.OutputTokens} tokens, and its chunks have {sum}";
    }
}
