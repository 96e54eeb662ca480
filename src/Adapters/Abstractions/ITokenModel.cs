namespace Adaptation.Adapters.Abstractions;

/// <summary>A loaded decoder-only language model. One caller at a time: the host's scheduler owns it, and no other call overlaps with <see cref="Decode"/>.</summary>
/// <remarks>
/// The engine computes and knows its vocabulary; batching, sampling, stop strings and everything of the wire are the host's, the same for
/// every engine. <see cref="ITensorModel.InferAsync"/> of the same loaded weights takes <c>input_ids</c> INT32 or INT64 [B,T] and gives
/// <c>logits</c> FP32 [B,T,V] of a fresh context; the host does not call it while a decode is in flight.
/// </remarks>
public interface ITokenModel : ITensorModel
{
    /// <summary>What the model's own files say.</summary>
    TokenModelFacts Vocabulary { get; }

    /// <summary>Most sequences at a time; their numbers are 0 to this - 1.</summary>
    int Sequences { get; }

    /// <summary>Positions that one sequence can hold.</summary>
    int ContextLength { get; }

    /// <summary>Most positions of one <see cref="Decode"/>.</summary>
    int BatchCapacity { get; }

    /// <summary>The engine's own tokenizer; adds no begin-of-text token.</summary>
    /// <param name="parseSpecial">Whether the spelling of a special token stands for that token.</param>
    int[] Tokenize(string text, bool parseSpecial);

    /// <summary>The bytes that a token stands for; a special token is spelled out. Part of a character is allowed.</summary>
    byte[] Bytes(int token);

    /// <summary>Computes a batch on the calling thread.</summary>
    /// <returns>Logits of the positions that asked for them, in the batch's order: [<see cref="TokenBatch.Wanted"/>, V], good until the next call.</returns>
    /// <exception cref="AdapterException">The engine failed; sequences of the batch are to be forgotten.</exception>
    ReadOnlySpan<float> Decode(TokenBatch batch);

    /// <summary>Drops what is kept of a sequence from a position on; 0 drops all of it.</summary>
    void Forget(int sequence, int from);

    /// <summary>One vector per text, pooled and normalised as the model states it; null if the model embeds nothing.</summary>
    /// <exception cref="AdapterException">The tokens do not fit, or the engine failed.</exception>
    float[]? Embed(ReadOnlySpan<int> tokens);
}

/// <summary>What a host must know of a language model, read from the model's own files.</summary>
/// <param name="Size">V: number of token ids.</param>
/// <param name="BeginOfText">Null if the model has none.</param>
/// <param name="AddsBeginOfText">Whether a prompt starts with it.</param>
/// <param name="EndOfText">Every id that ends an answer: end of text, end of turn.</param>
/// <param name="ChatTemplate">Jinja source, or null if the model has none.</param>
/// <param name="Parameters">Number of weights.</param>
public sealed record TokenModelFacts(
    int Size, int? BeginOfText, bool AddsBeginOfText, IReadOnlySet<int> EndOfText, string? ChatTemplate, long Parameters);

/// <summary>Positions to compute in one pass, of any sequences in any mixture. Reused from step to step.</summary>
public sealed class TokenBatch
{
    private readonly List<Position> _positions = [];

    /// <summary>In the order of addition; good until the batch changes.</summary>
    public ReadOnlySpan<Position> Positions => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_positions);

    /// <summary>Number of positions.</summary>
    public int Count => _positions.Count;

    /// <summary>Number of positions whose logits are wanted.</summary>
    public int Wanted { get; private set; }

    /// <summary>Appends a position.</summary>
    /// <param name="at">Position in the sequence; those of one sequence are added in ascending order and without gaps.</param>
    public void Add(int sequence, int token, int at, bool wantsLogits)
    {
        _positions.Add(new(sequence, token, at, wantsLogits));
        Wanted += wantsLogits ? 1 : 0;
    }

    /// <summary>Empties the batch.</summary>
    public void Clear()
    {
        _positions.Clear();
        Wanted = 0;
    }

    /// <summary>One token at its place in one sequence.</summary>
    /// <param name="Sequence">0 to <see cref="ITokenModel.Sequences"/> - 1.</param>
    /// <param name="Token">0 to V - 1.</param>
    /// <param name="At">Place in the sequence, from 0.</param>
    /// <param name="WantsLogits">Whether the logits after this token are given back.</param>
    public readonly record struct Position(int Sequence, int Token, int At, bool WantsLogits);
}
