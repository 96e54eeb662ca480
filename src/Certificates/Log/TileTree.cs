using System.Collections.Immutable;
using System.Numerics;

namespace Adaptation.Certificates;

/// <summary>The tree of a log of a known size, read from its tiles as far as a question needs it. What it answers is only as good as the files: check it against a root.</summary>
/// <remarks>Source: RFC 6962 sections 2.1.1 and 2.1.2, for the nodes of the two proofs.</remarks>
internal sealed class TileTree(ILogSource source, ulong size)
{
    private readonly Dictionary<(int Level, ulong Index), LogHash[]> _tiles = [];

    /// <exception cref="RejectedException">LOG_TILE.</exception>
    public LogHash Root() => size == 0 ? Merkle.EmptyRoot : Range(0, size);

    /// <summary>The siblings of an entry, from the lowest up.</summary>
    /// <param name="index">Below the size.</param>
    /// <exception cref="RejectedException">LOG_TILE.</exception>
    public ImmutableArray<LogHash> Inclusion(ulong index)
    {
        var path = new List<LogHash>();
        var (from, to) = (0UL, size);
        while (to - from > 1)
        {
            var middle = from + Left(to - from);
            path.Add(index < middle ? Range(middle, to) : Range(from, middle));
            (from, to) = index < middle ? (from, middle) : (middle, to);
        }

        path.Reverse();
        return [.. path];
    }

    /// <param name="older">From 1 to the size.</param>
    /// <exception cref="RejectedException">LOG_TILE.</exception>
    public ImmutableArray<LogHash> Consistency(ulong older)
    {
        var proof = new List<LogHash>();
        var (from, to, isWhole) = (0UL, size, true);
        while (older != to)
        {
            var middle = from + Left(to - from);
            proof.Add(older <= middle ? Range(middle, to) : Range(from, middle));
            (from, to, isWhole) = older <= middle ? (from, middle, isWhole) : (middle, to, false);
        }

        if (!isWhole)
            proof.Add(Range(from, to));
        proof.Reverse();
        return [.. proof];
    }

    /// <summary>The hash over entries from, inclusive, to to, exclusive; from is a multiple of the greatest power of 2 in the range.</summary>
    private LogHash Range(ulong from, ulong to)
    {
        var count = to - from;
        if (BitOperations.IsPow2(count))
            return Subtree(BitOperations.Log2(count), from / count);
        var middle = from + Left(count);
        return Merkle.Node(Range(from, middle), Range(middle, to));
    }

    /// <summary>A whole subtree of 2^height entries, the index-th of its height.</summary>
    private LogHash Subtree(int height, ulong index)
    {
        var (level, rest) = (height / 8, height % 8);
        var first = index << rest;
        if (!_tiles.TryGetValue((level, first / LogFiles.Width), out var tile))
        {
            var hashes = (size >> 8 * level) - first / LogFiles.Width * LogFiles.Width; // that this level has from the tile's start on
            _tiles[(level, first / LogFiles.Width)] = tile = source.Tile(level, first / LogFiles.Width, (int)Math.Min(LogFiles.Width, hashes));
        }

        return Fold(tile.AsSpan((int)(first % LogFiles.Width), 1 << rest));
    }

    /// <summary>The hash over a power of two of neighbours.</summary>
    internal static LogHash Fold(ReadOnlySpan<LogHash> hashes) =>
        hashes.Length == 1 ? hashes[0] : Merkle.Node(Fold(hashes[..(hashes.Length / 2)]), Fold(hashes[(hashes.Length / 2)..]));

    /// <summary>The greatest power of 2 below a count above 1.</summary>
    private static ulong Left(ulong count) => 1UL << BitOperations.Log2(count - 1);
}
