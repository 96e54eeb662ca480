using System.Security.Cryptography;

namespace Adaptation.Certificates.Tests;

/// <summary>The tree of RFC 6962 section 2.1, word by word and slow: an implementation that shares nothing with the one under test, not even its hash type.</summary>
internal static class RfcTree
{
    public static byte[] LeafHash(byte[] entry) => SHA256.HashData([0x00, .. entry]);

    /// <summary>MTH(D[n]).</summary>
    public static byte[] Root(ReadOnlySpan<byte[]> leaves) => leaves.Length switch
    {
        0 => SHA256.HashData([]),
        1 => leaves[0],
        var n => SHA256.HashData([0x01, .. Root(leaves[..Split(n)]), .. Root(leaves[Split(n)..])]),
    };

    /// <summary>PATH(m, D[n]).</summary>
    public static List<byte[]> Path(int m, ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 1)
            return [];
        var k = Split(leaves.Length);
        return m < k ? [.. Path(m, leaves[..k]), Root(leaves[k..])] : [.. Path(m - k, leaves[k..]), Root(leaves[..k])];
    }

    /// <summary>PROOF(m, D[n]).</summary>
    public static List<byte[]> Proof(int m, ReadOnlySpan<byte[]> leaves) => SubProof(m, leaves, isWhole: true);

    private static List<byte[]> SubProof(int m, ReadOnlySpan<byte[]> leaves, bool isWhole)
    {
        if (m == leaves.Length)
            return isWhole ? [] : [Root(leaves)];
        var k = Split(leaves.Length);
        return m <= k ? [.. SubProof(m, leaves[..k], isWhole), Root(leaves[k..])] : [.. SubProof(m - k, leaves[k..], isWhole: false), Root(leaves[..k])];
    }

    /// <summary>The largest power of two below n.</summary>
    private static int Split(int n)
    {
        var k = 1;
        while (2 * k < n)
            k *= 2;
        return k;
    }
}
