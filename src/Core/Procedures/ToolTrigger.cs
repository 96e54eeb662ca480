using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>How well answers call a tool where a reference does: precision, recall and F1, the last bounded by drawing items anew.</summary>
/// <remarks>Sources: van Rijsbergen, Information Retrieval (1979), 7, for F; Efron (1979), percentile bootstrap. Draws come from <see cref="SplitMix64"/>.</remarks>
internal sealed class ToolTrigger
{
    private readonly byte[] _outcomes; // per item: 1 if the reference calls, 2 if the answer does

    public ToolTrigger(ImmutableArray<ToolScore> items)
    {
        _outcomes = [.. items.Select(item => (byte)((item.Item.Called ? 1 : 0) + (item.Triggered ? 2 : 0)))];
        foreach (var outcome in _outcomes)
            Outcomes[outcome]++;
    }

    private int[] Outcomes { get; } = new int[4];

    public int Items => _outcomes.Length;

    public int Missed => Outcomes[1];

    public int Needless => Outcomes[2];

    public int Called => Outcomes[1] + Outcomes[3];

    public double Recall => Outcomes[3] / (double)Math.Max(1, Called);

    /// <summary>0 where nothing is called.</summary>
    public double Precision => Outcomes[3] / (double)Math.Max(1, Outcomes[2] + Outcomes[3]);

    public double F1 => Of(Outcomes);

    /// <summary>Bounds F1, each bound alone with the given confidence.</summary>
    /// <param name="resamples">At least 1.</param>
    public (double Lower, double Upper) Bounds(double confidence, int resamples, ulong seed)
    {
        var (state, values) = (seed, new double[resamples]);
        Span<int> drawn = stackalloc int[4];
        foreach (ref var value in values.AsSpan())
        {
            drawn.Clear();
            for (var i = 0; i < _outcomes.Length; i++)
                drawn[_outcomes[SplitMix64.Below((uint)_outcomes.Length, ref state)]]++;
            value = Of(drawn);
        }

        Array.Sort(values);
        var tail = Math.Max(1, (int)((1 - confidence) * resamples));
        return (values[tail - 1], values[resamples - tail]);
    }

    /// <summary>0 where nobody calls anything.</summary>
    private static double Of(ReadOnlySpan<int> outcomes) => 2.0 * outcomes[3] / Math.Max(1, outcomes[1] + outcomes[2] + (2 * outcomes[3]));
}
