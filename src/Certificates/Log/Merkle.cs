using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;

namespace Adaptation.Certificates;

/// <summary>Hashes of a log's tree, and the two proofs about it. Pure.</summary>
/// <remarks>Sources: RFC 6962 section 2.1 (hashes), RFC 9162 sections 2.1.3.2 (inclusion) and 2.1.4.2 (consistency).</remarks>
public static class Merkle
{
    /// <summary>The root of a log without entries: SHA-256 of nothing.</summary>
    public static LogHash EmptyRoot { get; } = LogHash.Of(SHA256.HashData([]));

    /// <summary>SHA-256 of 0x00 and the entry.</summary>
    public static LogHash Leaf(ReadOnlySpan<byte> entry)
    {
        var rented = ArrayPool<byte>.Shared.Rent(1 + entry.Length);
        try
        {
            rented[0] = 0;
            entry.CopyTo(rented.AsSpan(1));
            Span<byte> hash = stackalloc byte[LogHash.Bytes];
            SHA256.HashData(rented.AsSpan(0, 1 + entry.Length), hash);
            return LogHash.Of(hash);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>SHA-256 of 0x01 and the two subtrees' hashes.</summary>
    public static LogHash Node(LogHash left, LogHash right)
    {
        Span<byte> message = stackalloc byte[1 + 2 * LogHash.Bytes];
        message[0] = 1;
        left.CopyTo(message[1..]);
        right.CopyTo(message[(1 + LogHash.Bytes)..]);
        Span<byte> hash = stackalloc byte[LogHash.Bytes];
        SHA256.HashData(message, hash);
        return LogHash.Of(hash);
    }

    /// <summary>Whether the entry of this hash stands at this index of the tree of this root.</summary>
    /// <param name="path">From the leaf's sibling up to a child of the root.</param>
    public static bool Includes(LogHash root, ulong size, ulong index, LogHash leaf, ReadOnlySpan<LogHash> path)
    {
        if (index >= size)
            return false;
        var (at, last, hash) = (index, size - 1, leaf);
        foreach (var sibling in path)
        {
            if (last == 0)
                return false; // longer than the tree is high
            if ((at & 1) == 1 || at == last)
            {
                hash = Node(sibling, hash);
                var up = (at & 1) == 1 ? 0 : BitOperations.TrailingZeroCount(at); // levels where it has no sibling
                (at, last) = (Shift(at, up), Shift(last, up));
            }
            else
            {
                hash = Node(hash, sibling);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 && hash == root;
    }

    /// <summary>Whether the newer tree begins with all of the older one. Size 0 has no proof: whoever meets it decides by its own rules.</summary>
    public static bool IsConsistent(ulong olderSize, LogHash olderRoot, ulong newerSize, LogHash newerRoot, ReadOnlySpan<LogHash> proof)
    {
        if (olderSize == newerSize)
            return olderSize > 0 && proof.IsEmpty && olderRoot == newerRoot;
        if (olderSize == 0 || olderSize > newerSize || proof.IsEmpty)
            return false;

        var (at, last) = (olderSize - 1, newerSize - 1);
        var complete = BitOperations.TrailingZeroCount(~at); // levels at which the older tree is a whole subtree
        (at, last) = (Shift(at, complete), Shift(last, complete));
        var first = BitOperations.IsPow2(olderSize) ? olderRoot : proof[0];
        var (older, newer) = (first, first);
        foreach (var hash in BitOperations.IsPow2(olderSize) ? proof : proof[1..])
        {
            if (last == 0)
                return false;
            if ((at & 1) == 1 || at == last)
            {
                (older, newer) = (Node(hash, older), Node(hash, newer));
                var up = (at & 1) == 1 ? 0 : BitOperations.TrailingZeroCount(at);
                (at, last) = (Shift(at, up), Shift(last, up));
            }
            else
            {
                newer = Node(newer, hash);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 && older == olderRoot && newer == newerRoot;
    }

    /// <summary>The shift of C# takes its distance modulo 64; 64 trailing zeros are those of the number 0.</summary>
    private static ulong Shift(ulong value, int by) => by >= 64 ? 0 : value >> by;
}
