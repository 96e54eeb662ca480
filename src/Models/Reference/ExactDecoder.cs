namespace Adaptation.Models;

/// <summary>Receives the logits of one position.</summary>
/// <param name="position">0-based; ascending from call to call.</param>
/// <param name="logits">[V], good until the call returns.</param>
public delegate void LogitSink(int position, ReadOnlySpan<double> logits);

/// <summary>Receives the hidden states of all positions after one layer.</summary>
/// <param name="layer">0-based; ascending from call to call.</param>
/// <param name="states">[T, H], row-major: the residual stream, before any norm; good until the call returns.</param>
public delegate void StateSink(int layer, ReadOnlySpan<double> states);

/// <summary>One greedy step of the exact decoder.</summary>
/// <param name="Id">The likeliest token; among equals the lowest id.</param>
/// <param name="Margin">Its logit less the runner-up's: how far any other arithmetic may be off and still choose it. 0 in a tie.</param>
public sealed record ExactStep(int Id, double Margin);

/// <summary>Computes a decoder-only language model in float64, independent of every engine. Safe for concurrent use.</summary>
/// <remarks>
/// Semantics are those of published Llama and Qwen2 checkpoints: RMSNorm before attention and feed-forward, rotary embedding of halves, grouped
/// queries, SwiGLU, and for Qwen2 biases on query, key and value. Every sum runs in one fixed order (see <see cref="ExactMath"/>), so a position's
/// logits are the same bits for any number of threads, any length of what follows, and with or without a cache. Between machines they agree to the
/// last places only, because the platform's exp, pow, sine and cosine differ there.
/// Error: about 1e-16 for each rounding, against 6e-8 for float32; on the models at hand below 1e-12 of a logit's magnitude.
/// </remarks>
public sealed class ExactDecoder
{
    private const long DefaultResidentBytes = 1L << 30;

    private readonly DecoderShape _shape;
    private readonly ExactWeights _weights;

    /// <summary>Holds the weights in float64 if that takes no more than 1 GiB; a larger model is read layer by layer in each call.</summary>
    /// <exception cref="ModelException">The weights are not those of the shape, all of them and no other, or the file is damaged.</exception>
    public ExactDecoder(DecoderShape shape, IWeights weights)
        : this(shape, weights, DefaultResidentBytes)
    {
    }

    internal ExactDecoder(DecoderShape shape, IWeights weights, long residentBytes)
    {
        _weights = new ExactWeights(shape, weights, residentBytes);
        _shape = shape;
    }

    /// <param name="ids">T token ids, 1 to <see cref="DecoderShape.MaxPositions"/> of them.</param>
    /// <returns>[T, V], row-major: row t scores what follows token t.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary, or T is 0 or too large.</exception>
    public double[] Logits(ReadOnlySpan<int> ids, CancellationToken cancellationToken)
    {
        var all = new double[checked(ids.Length * _shape.VocabularySize)];
        Logits(ids, (position, logits) => logits.CopyTo(all.AsSpan(position * _shape.VocabularySize)), cancellationToken);
        return all;
    }

    /// <summary>Hands out one position's logits after the other, so that a large vocabulary need not be held T times.</summary>
    /// <inheritdoc cref="Logits(ReadOnlySpan{int}, CancellationToken)"/>
    public void Logits(ReadOnlySpan<int> ids, LogitSink sink, CancellationToken cancellationToken) =>
        Start(ids.Length).Append(ids, from: 0, sink, cancellationToken);

    /// <summary>Hands out the hidden states after one layer after the other. The final norm and the output matrix are not computed.</summary>
    /// <inheritdoc cref="Logits(ReadOnlySpan{int}, CancellationToken)"/>
    public void States(ReadOnlySpan<int> ids, StateSink sink, CancellationToken cancellationToken) =>
        Start(ids.Length).Append(ids, from: ids.Length, static (_, _) => { }, sink, cancellationToken);

    /// <summary>Continues a prompt, always with the likeliest token.</summary>
    /// <param name="prompt">At least one token id.</param>
    /// <param name="count">Most tokens to add; with the prompt no more than <see cref="DecoderShape.MaxPositions"/>.</param>
    /// <param name="ends">Tokens that end the text; the one that did is the last step returned.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary, or there are no tokens or too many.</exception>
    public ExactStep[] Continue(ReadOnlySpan<int> prompt, int count, IReadOnlySet<int> ends, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var session = Start(checked(prompt.Length + count));
        var steps = new List<ExactStep>(count);
        for (var input = prompt; steps.Count < count; input = new[] { steps[^1].Id })
        {
            session.Append(input, from: input.Length - 1, (_, logits) => steps.Add(Best(logits)), cancellationToken);
            if (ends.Contains(steps[^1].Id))
                break;
        }

        return [.. steps];
    }

    /// <param name="capacity">1 to <see cref="DecoderShape.MaxPositions"/>.</param>
    internal ExactSession Start(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, _shape.MaxPositions);
        return new(_shape, _weights, capacity);
    }

    internal static ExactStep Best(ReadOnlySpan<double> logits)
    {
        var (best, highest, second) = (0, double.NegativeInfinity, double.NegativeInfinity);
        for (var id = 0; id < logits.Length; id++)
        {
            if (logits[id] > highest)
                (best, highest, second) = (id, logits[id], highest);
            else if (logits[id] > second)
                second = logits[id];
        }

        return new(best, highest - second);
    }
}
