using System.Security.Cryptography;

namespace Adaptation.Certificates.Tests;

/// <summary>The tree of RFC 6962 section 2.1, word by word: it shares nothing with the one under test, not even its hash type. It remembers the hashes of ranges, or it would be too slow for many sizes.</summary>
internal sealed class RfcTree(byte[][] leaves)
{
    private readonly Dictionary<(int From, int To), byte[]> _hashes = [];

    public static byte[] LeafHash(byte[] entry) => SHA256.HashData([0x00, .. entry]);

    /// <summary>MTH(D[0:n]).</summary>
    public byte[] Root(int n) => n == 0 ? SHA256.HashData([]) : Hash(0, n);

    /// <summary>PATH(m, D[0:n]).</summary>
    public List<byte[]> Path(int m, int n) => Path(m, 0, n);

    /// <summary>PROOF(m, D[0:n]).</summary>
    public List<byte[]> Proof(int m, int n) => SubProof(m, 0, n, isWhole: true);

    private byte[] Hash(int from, int to)
    {
        if (to - from == 1)
            return leaves[from];
        if (_hashes.TryGetValue((from, to), out var known))
            return known;
        var k = Split(to - from);
        return _hashes[(from, to)] = SHA256.HashData([0x01, .. Hash(from, from + k), .. Hash(from + k, to)]);
    }

    private List<byte[]> Path(int m, int from, int to)
    {
        if (to - from == 1)
            return [];
        var k = Split(to - from);
        return m < k ? [.. Path(m, from, from + k), Hash(from + k, to)] : [.. Path(m - k, from + k, to), Hash(from, from + k)];
    }

    private List<byte[]> SubProof(int m, int from, int to, bool isWhole)
    {
        if (m == to - from)
            return isWhole ? [] : [Hash(from, to)];
        var k = Split(to - from);
        return m <= k ? [.. SubProof(m, from, from + k, isWhole), Hash(from + k, to)] : [.. SubProof(m - k, from + k, to, isWhole: false), Hash(from, from + k)];
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
