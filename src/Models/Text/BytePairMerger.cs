using System.Buffers;
using System.Runtime.InteropServices;

namespace Adaptation.Models;

/// <summary>Joins neighbouring symbols, lowest rank first and leftmost among equals, until no pair has a merge.</summary>
/// <remarks>Sennrich, Haddow and Birch (2016). A heap over a linked list: n log n, so that a line of a megabyte does not go quadratic.</remarks>
internal static class BytePairMerger
{
    /// <summary>Merges in place.</summary>
    /// <returns>How many symbols are left, at the start of <paramref name="symbols"/>.</returns>
    public static int Merge(PairTable merges, Span<int> symbols)
    {
        if (symbols.Length < 2)
            return symbols.Length;
        var links = ArrayPool<int>.Shared.Rent(symbols.Length * 2);
        try
        {
            var next = links.AsSpan(0, symbols.Length);
            var previous = links.AsSpan(symbols.Length, symbols.Length);
            Run(merges, symbols, next, previous);
            var count = 0;
            for (var i = 0; i < next.Length; i = next[i])
                symbols[count++] = symbols[i];
            return count;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(links);
        }
    }

    private static void Run(PairTable merges, Span<int> symbols, Span<int> next, Span<int> previous)
    {
        var queue = new PriorityQueue<Candidate, ulong>(symbols.Length);
        for (var i = 0; i < symbols.Length; i++)
        {
            (next[i], previous[i]) = (i + 1, i - 1);
            if (i > 0)
                Offer(merges, symbols, queue, i - 1, i);
        }

        while (queue.TryDequeue(out var candidate, out _))
        {
            var (left, right) = (candidate.Left, candidate.Right);
            if (symbols[left] != candidate.LeftSymbol || symbols[right] != candidate.RightSymbol)
                continue; // one of the two has been joined since
            symbols[left] = candidate.Joined;
            symbols[right] = -1;
            next[left] = next[right];
            if (next[left] < symbols.Length)
            {
                previous[next[left]] = left;
                Offer(merges, symbols, queue, left, next[left]);
            }

            if (previous[left] >= 0)
                Offer(merges, symbols, queue, previous[left], left);
        }
    }

    private static void Offer(PairTable merges, Span<int> symbols, PriorityQueue<Candidate, ulong> queue, int left, int right)
    {
        if (merges.TryFind(symbols[left], symbols[right], out var merge))
            queue.Enqueue(new(left, right, symbols[left], symbols[right], merge.Joined), (ulong)(uint)merge.Rank << 32 | (uint)left);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Candidate(int Left, int Right, int LeftSymbol, int RightSymbol, int Joined);
}
