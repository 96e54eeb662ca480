namespace Adaptation.Core;

/// <summary>The distribution that a sampler of known settings draws the next token from.</summary>
/// <remarks>
/// In this order: logits over temperature; the k greatest; softmax over those; the likeliest of them until they reach p together (Holtzman et
/// al., The Curious Case of Neural Text Degeneration (2020)); softmax over what is left. Among equal logits the lower id comes first.
/// A token at the edge that an ulp of difference would let in or keep out is at the boundary: drawing it is excused, and probabilities are
/// those given that no token at the boundary is drawn, which they are the same for whichever of them a sampler admits.
/// </remarks>
internal sealed class SamplingLaw
{
    private readonly bool[] _admitted;
    private readonly bool[] _boundary;

    private SamplingLaw(double[] weights, int[] order, int admitted, bool[] boundary)
    {
        (_admitted, _boundary, Probabilities) = (new bool[weights.Length], boundary, new double[weights.Length]);
        foreach (var id in order.AsSpan(0, admitted))
            _admitted[id] = true;
        var sum = order.Take(admitted).Where(id => !boundary[id]).Sum(id => weights[id]);
        for (var id = 0; id < weights.Length && sum > 0; id++)
            Probabilities[id] = _admitted[id] && !boundary[id] ? weights[id] / sum : 0;
        var all = order.Take(admitted).Sum(id => weights[id]);
        var next = admitted < order.Length && !boundary[order[admitted]] ? weights[order[admitted]] : 0;
        (OneMoreShare, TokenCount) = (next / (all + next), order.Take(admitted).Count(id => !boundary[id]));
    }

    /// <summary>Per token, given that no token at the boundary is drawn; they sum to 1, or are all 0 if there is no other.</summary>
    public double[] Probabilities { get; }

    /// <summary>Tokens that can be drawn and are not at the boundary.</summary>
    public int TokenCount { get; }

    /// <summary>How often a sampler that admits one token too many draws it, as a fraction; 0 where that token is at the boundary.</summary>
    public double OneMoreShare { get; }

    /// <param name="temperature">In place of the cell's, above 0; null for the cell's.</param>
    public static SamplingLaw Of(ReadOnlySpan<double> logits, SamplingCell cell, Edge edge, double? temperature = null) =>
        Of(logits, temperature ?? (cell.TemperatureMilli / 1000.0), cell.TopK, cell.TopPPpm / 1e6, edge);

    /// <param name="logits">V, finite.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="topK">0 for all.</param>
    /// <param name="topP">1 for all.</param>
    public static SamplingLaw Of(ReadOnlySpan<double> logits, double temperature, int topK, double topP, Edge edge)
    {
        var values = logits.ToArray();
        var order = Enumerable.Range(0, values.Length).OrderByDescending(id => values[id]).ToArray(); // stable: the lower id first
        var weights = Array.ConvertAll(values, logit => Math.Exp((logit - values[order[0]]) / temperature));
        var boundary = new bool[values.Length];
        var admitted = topK > 0 ? Math.Min(topK, values.Length) : values.Length;
        if (topP < 1)
            admitted = Nucleus(weights, order.AsSpan(0, admitted), topP, edge.Share, boundary);
        MarkEqual(values, order, admitted, edge.Tie, boundary);
        return new(weights, order, admitted, boundary);
    }

    /// <summary>Whether a draw of the token shows nothing, either way.</summary>
    public bool IsAtBoundary(long id) => id < _boundary.Length && _boundary[id];

    /// <summary>Whether a right sampler may draw the token.</summary>
    public bool Allows(long id) => id < _admitted.Length && (_admitted[id] || _boundary[id]);

    /// <summary>Half the sum of absolute differences: the most that the probabilities of one event can differ.</summary>
    public double Distance(SamplingLaw other) => Probabilities.Zip(other.Probabilities, (p, q) => Math.Abs(p - q)).Sum() / 2;

    private static int Nucleus(double[] weights, ReadOnlySpan<int> order, double topP, double near, bool[] boundary)
    {
        var (sum, reached) = (0.0, 0.0);
        foreach (var id in order)
            sum += weights[id];
        var admitted = order.Length;
        for (var rank = 0; rank < order.Length; rank++)
        {
            if (rank > 0 && Math.Abs(reached - topP) <= near)
                boundary[order[rank]] = true;
            if (rank > 0 && reached >= topP)
                admitted = Math.Min(admitted, rank);
            reached += weights[order[rank]] / sum;
        }

        return admitted;
    }

    // If a token beyond the edge is as good as equal to the last one before it, so may all of their like be.
    private static void MarkEqual(double[] logits, int[] order, int admitted, double tie, bool[] boundary)
    {
        if (admitted >= order.Length || logits[order[admitted - 1]] - logits[order[admitted]] > tie)
            return;
        var edge = logits[order[admitted - 1]];
        foreach (var id in order)
            boundary[id] |= Math.Abs(logits[id] - edge) <= tie;
    }

    /// <summary>How near the edge of what may be drawn is as good as on it: the same engine's logits differ that much from batch to batch.</summary>
    /// <param name="Tie">Of two logits.</param>
    /// <param name="Share">Of a probability that tokens reach together, and top-p.</param>
    internal sealed record Edge(double Tie, double Share);
}
