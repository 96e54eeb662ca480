namespace Adaptation.Models;

/// <summary>One sequence on its way through the exact decoder, with the keys and values of what came before. One caller at a time.</summary>
/// <remarks>
/// Every position is computed by itself from the weights and what lies before it, so the logits of a position are the same bits however
/// the sequence is cut into calls, whatever comes after it, and with any number of threads.
/// </remarks>
/// <param name="capacity">Most positions.</param>
internal sealed class ExactSession(DecoderShape shape, ExactWeights weights, int capacity)
{
    // Positions whose logits are computed at once: enough to make use of each row of the output matrix, few enough for any vocabulary.
    private const int LogitBlock = 16;

    private readonly ExactWeights.Reader _reader = weights.Open();
    private readonly KeyValues[] _cache = [.. Enumerable.Range(0, shape.Layers).Select(_ => new KeyValues(shape, capacity))];

    /// <summary>Positions so far.</summary>
    public int Length { get; private set; }

    /// <summary>Goes on with some tokens; nobody wants to know what the layers give.</summary>
    /// <inheritdoc cref="Append(ReadOnlySpan{int}, int, LogitSink, StateSink, CancellationToken)"/>
    public void Append(ReadOnlySpan<int> ids, int from, LogitSink sink, CancellationToken cancellationToken) =>
        Append(ids, from, sink, states: null, cancellationToken);

    /// <param name="ids">At least one.</param>
    /// <param name="from">The first of these positions, 0-based among <paramref name="ids"/>, whose logits are wanted.</param>
    /// <param name="states">Told what each layer gives; null if nobody wants to know.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary, there is none, or there are too many.</exception>
    public void Append(ReadOnlySpan<int> ids, int from, LogitSink sink, StateSink? states, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(ids.Length, nameof(ids));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ids.Length, capacity - Length, nameof(ids));
        var stream = Embed(ids);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var at = _reader.Layer(layer);
            Attend(stream, ids.Length, at, _cache[layer]);
            FeedForward(stream, ids.Length, at);
            states?.Invoke(layer, stream);
        }

        Read(stream, from, ids.Length, sink, cancellationToken);
        Length += ids.Length;
    }

    private double[] Embed(ReadOnlySpan<int> ids)
    {
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, shape.VocabularySize, nameof(ids));
        }

        var states = new double[ids.Length * shape.HiddenSize];
        for (var t = 0; t < ids.Length; t++)
            _reader.Embedding.Row(ids[t]).CopyTo(states.AsSpan(t * shape.HiddenSize));
        return states;
    }

    // states += Output(attention(norm(states)))
    private void Attend(double[] states, int count, LayerWeights layer, KeyValues cache)
    {
        var width = shape.AttentionHeads * shape.HeadSize;
        var (input, query, mixed) = (Norm(states, count, layer.AttentionNorm), new double[count * width], new double[count * width]);
        layer.Query.Multiply(input, count, layer.QueryBias, query);
        cache.Append(input, count, layer, Length, shape);
        for (var t = 0; t < count; t++)
            for (var head = 0; head < shape.AttentionHeads; head++)
                ExactMath.Rotate(query.AsSpan((t * width) + (head * shape.HeadSize), shape.HeadSize), Length + t, shape.RopeTheta);

        var positions = (long)(Length + count) * count * width;
        if (positions < 1 << 20)
            for (var i = 0; i < count * shape.AttentionHeads; i++)
                Mix(i);
        else
            Parallel.For(0, count * shape.AttentionHeads, Mix);
        Add(layer.Output, mixed, count, states);

        void Mix(int i)
        {
            var (t, head) = (i / shape.AttentionHeads, i % shape.AttentionHeads);
            var place = (t * width) + (head * shape.HeadSize);
            cache.Mix(
                query.AsSpan(place, shape.HeadSize), head / (shape.AttentionHeads / shape.KeyValueHeads), Length + t + 1, mixed.AsSpan(place, shape.HeadSize));
        }
    }

    // states += Down(silu(Gate(norm(states))) * Up(norm(states)))
    private void FeedForward(double[] states, int count, LayerWeights layer)
    {
        var input = Norm(states, count, layer.FeedForwardNorm);
        var (gate, up) = (new double[count * shape.IntermediateSize], new double[count * shape.IntermediateSize]);
        layer.Gate.Multiply(input, count, bias: null, gate);
        layer.Up.Multiply(input, count, bias: null, up);
        for (var i = 0; i < gate.Length; i++)
            gate[i] = ExactMath.Silu(gate[i]) * up[i];
        Add(layer.Down, gate, count, states);
    }

    private void Read(double[] states, int from, int count, LogitSink sink, CancellationToken cancellationToken)
    {
        if (from >= count)
            return;
        var wanted = Norm(states[(from * shape.HiddenSize)..], count - from, weights.FinalNorm);
        var logits = new double[Math.Min(LogitBlock, count - from) * shape.VocabularySize];
        for (var t = 0; t < count - from; t += LogitBlock)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var block = Math.Min(LogitBlock, count - from - t);
            _reader.Head.Multiply(wanted[(t * shape.HiddenSize)..((t + block) * shape.HiddenSize)], block, bias: null, logits);
            for (var i = 0; i < block; i++)
                sink(Length + from + t + i, logits.AsSpan(i * shape.VocabularySize, shape.VocabularySize));
        }
    }

    private double[] Norm(double[] states, int count, double[] weight)
    {
        var normed = new double[count * shape.HiddenSize];
        for (var at = 0; at < normed.Length; at += shape.HiddenSize)
            ExactMath.RmsNorm(states.AsSpan(at, shape.HiddenSize), weight, shape.NormEpsilon, normed.AsSpan(at, shape.HiddenSize));
        return normed;
    }

    private static void Add(Matrix matrix, double[] x, int count, double[] states)
    {
        var product = new double[count * matrix.Rows];
        matrix.Multiply(x, count, bias: null, product);
        for (var i = 0; i < product.Length; i++)
            states[i] += product[i];
    }
}
