using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The order in which one stream of a load asks its requests: shuffled cycles, each with every request once.</summary>
/// <remarks>
/// The same seed and stream give the same order on any machine and any version of the platform, so that it can be computed again from the evidence.
/// Sources: <see cref="SplitMix64"/>; Fisher and Yates.
/// </remarks>
/// <param name="count">At least 1.</param>
/// <param name="seed">Of the whole load; recorded with its result.</param>
/// <param name="stream">Streams of one load go through different orders.</param>
internal sealed class RequestOrder(int count, ulong seed, int stream)
{
    private readonly int[] _cycle = [.. Enumerable.Range(0, count)];
    private ulong _state = SplitMix64.At(seed, (ulong)stream);
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
            var other = SplitMix64.Below((uint)last + 1, ref _state);
            (_cycle[last], _cycle[other]) = (_cycle[other], _cycle[last]);
        }

        _next = 0;
    }
}
