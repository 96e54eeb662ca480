namespace Adaptation.Runner;

/// <summary>The order in which one stream of a load asks its requests: shuffled cycles, each with every request once.</summary>
/// <remarks>
/// The same seed and stream give the same order on any machine and any version of the platform, so that it can be computed again from the evidence.
/// Sources: SplitMix64 (Steele, Lea, Flood 2014); Fisher and Yates.
/// </remarks>
/// <param name="count">At least 1.</param>
/// <param name="seed">Of the whole load; recorded with its result.</param>
/// <param name="stream">Streams of one load go through different orders.</param>
internal sealed class RequestOrder(int count, ulong seed, int stream)
{
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;
    private readonly int[] _cycle = [.. Enumerable.Range(0, count)];
    private ulong _state = Mixed(seed + ((ulong)stream + 1) * Golden);
    private int _next = count;

    /// <returns>0 to count - 1.</returns>
    public int Next()
    {
        if (_next == _cycle.Length)
            Shuffle();
        return _cycle[_next++];
    }

    private void Shuffle()
    {
        for (var last = _cycle.Length - 1; last > 0; last--)
        {
            var other = (int)Math.BigMul(Mixed(_state += Golden), (ulong)last + 1, out _);
            (_cycle[last], _cycle[other]) = (_cycle[other], _cycle[last]);
        }

        _next = 0;
    }

    private static ulong Mixed(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
