namespace Adaptation.Models;

/// <summary>Merges by the two symbols that they join. Filled once, then read by many.</summary>
/// <remarks>Open addressing, because tokenizing is little else than looking up here: a general dictionary takes twice the time.</remarks>
internal sealed class PairTable
{
    private readonly ulong[] _keys;
    private readonly (int Rank, int Joined)[] _values;
    private readonly int _shift;

    public PairTable(int capacity)
    {
        var bits = 4;
        while (1L << bits < capacity * 2L)
            bits++;
        _keys = new ulong[1 << bits];
        _values = new (int, int)[1 << bits];
        _shift = 64 - bits;
    }

    /// <summary>Adds a pair, or changes what it stands for.</summary>
    public void Set(int left, int right, int rank, int joined)
    {
        var slot = Slot(Key(left, right));
        _keys[slot] = Key(left, right);
        _values[slot] = (rank, joined);
    }

    public bool TryFind(int left, int right, out (int Rank, int Joined) merge)
    {
        var slot = Slot(Key(left, right));
        merge = _values[slot];
        return _keys[slot] != 0;
    }

    // never 0, which marks a free slot
    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) + 1;

    private int Slot(ulong key)
    {
        var slot = (int)(key * 0x9E3779B97F4A7C15 >> _shift); // Fibonacci hashing, Knuth 6.4
        while (_keys[slot] != key && _keys[slot] != 0)
            slot = slot + 1 & _keys.Length - 1;
        return slot;
    }
}
