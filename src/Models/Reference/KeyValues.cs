namespace Adaptation.Models;

/// <summary>Keys and values of one layer, of every position so far: [capacity, K * D] each, keys rotated.</summary>
internal sealed class KeyValues(DecoderShape shape, int capacity)
{
    private readonly int _width = shape.KeyValueHeads * shape.HeadSize;
    private readonly double[] _keys = new double[checked(capacity * shape.KeyValueHeads * shape.HeadSize)];
    private readonly double[] _values = new double[checked(capacity * shape.KeyValueHeads * shape.HeadSize)];

    /// <param name="input">[count, H]: normed states of the positions from <paramref name="start"/> on.</param>
    public void Append(double[] input, int count, LayerWeights layer, int start, DecoderShape shape)
    {
        var (keys, values) = (new double[count * _width], new double[count * _width]);
        layer.Key.Multiply(input, count, layer.KeyBias, keys);
        layer.Value.Multiply(input, count, layer.ValueBias, values);
        for (var at = 0; at < keys.Length; at += shape.HeadSize)
            ExactMath.Rotate(keys.AsSpan(at, shape.HeadSize), start + (at / _width), shape.RopeTheta);
        keys.CopyTo(_keys, start * _width);
        values.CopyTo(_values, start * _width);
    }

    /// <summary>Attends over the first positions: the values, weighed by softmax(q k / sqrt(D)), summed in the order of positions.</summary>
    /// <remarks>Source: Vaswani et al., Attention Is All You Need (2017), 3.2.1.</remarks>
    /// <param name="query">D elements, rotated.</param>
    /// <param name="head">Of keys and values.</param>
    /// <param name="into">D elements, zero.</param>
    public void Mix(ReadOnlySpan<double> query, int head, int positions, Span<double> into)
    {
        var (first, size, root) = (head * query.Length, query.Length, Math.Sqrt(query.Length));
        var scores = new double[positions];
        for (var s = 0; s < positions; s++)
            scores[s] = ExactMath.Dot(query, _keys.AsSpan((s * _width) + first, size)) / root;
        ExactMath.Softmax(scores);
        for (var s = 0; s < positions; s++)
            ExactMath.AddScaled(scores[s], _values.AsSpan((s * _width) + first, size), into);
    }
}
