using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>One set of weights with up to four contexts: for live sequences, and once they are asked for, for logits, for hidden states and for embeddings.</summary>
/// <remarks>Every call holds one lock, so that calls may come from several threads and disposing waits for the one in flight.</remarks>
internal sealed unsafe class LlamaCppModel : ITokenModel, ISelectiveModel
{
    private const int LogitsPlace = 0, StatesPlace = 1;

    private readonly Lock _gate = new();
    private readonly LlamaRuntime _runtime;
    private readonly LlamaVocabulary _vocabulary;
    private readonly Pooling _pooling;
    private readonly LlamaContext _live;
    private readonly TokenBatch _batch = new();
    private readonly LayerTap _tap;
    private readonly int _layers, _width;
    private LlamaContext? _tensors;
    private LlamaContext? _tapped;
    private LlamaContext? _embeddings;

    /// <param name="runtime">Its weights belong to this model from now on, unless the constructor throws.</param>
    public LlamaCppModel(LlamaRuntime runtime, GgufHeader header)
    {
        _runtime = runtime;
        _vocabulary = new(runtime, header);
        _pooling = runtime.Spec.Pooling ?? Stated(header);
        var trained = ((delegate* unmanaged<nint, int>)runtime[LlamaSymbol.llama_model_n_ctx_train])(runtime.Weights.Native);
        ContextLength = trained > 0 ? Math.Min(runtime.Spec.ContextLength, trained) : runtime.Spec.ContextLength;
        _live = Create(runtime.Spec.Sequences, runtime.Spec.MicroBatch, Pooling.None);
        _layers = ((delegate* unmanaged<nint, int>)runtime[LlamaSymbol.llama_model_n_layer])(runtime.Weights.Native);
        _width = ((delegate* unmanaged<nint, int>)runtime[LlamaSymbol.llama_model_n_embd])(runtime.Weights.Native);
        _tap = new(runtime.Library, _layers, _width);
        var logits = new TensorSpec("logits", DataType.FP32, [-1, -1, Vocabulary.Size]);
        var states = new TensorSpec("hidden_states", DataType.FP32, [-1, _layers, -1, _width]);
        Signature = new([new("input_ids", DataType.Int64, [-1, -1])], LayerTap.Names(header.Text("general.architecture")) ? [logits, states] : [logits]);
    }

    public TensorSignature Signature { get; }

    /// <summary>The native context of the live sequences, valid while the model is.</summary>
    internal nint Native => _live.Native;

    public TokenModelFacts Vocabulary => _vocabulary.Facts;

    public int Sequences => _live.Shape.Sequences;

    public int ContextLength { get; }

    public int BatchCapacity => _live.Shape.Batch;

    public int[] Tokenize(string text, bool parseSpecial)
    {
        lock (_gate)
            return _vocabulary.Tokenize(text, parseSpecial);
    }

    public byte[] Bytes(int token)
    {
        lock (_gate)
            return _vocabulary.Bytes(token);
    }

    public ReadOnlySpan<float> Decode(TokenBatch batch)
    {
        lock (_gate)
            return _live.Decode(batch, CancellationToken.None);
    }

    public void Forget(int sequence, int from)
    {
        lock (_gate)
            _live.Forget(sequence, from);
    }

    public float[]? Embed(ReadOnlySpan<int> tokens)
    {
        if (_pooling == Pooling.None)
            return null;
        lock (_gate)
        {
            _ = _runtime.Weights.Native;
            _embeddings ??= Create(1, BatchCapacity, _pooling);
            if (tokens.Length < 1 || tokens.Length > Math.Min(ContextLength, _embeddings.Shape.MicroBatch))
                throw new AdapterException($"{tokens.Length} tokens are to be embedded; 1 to {Math.Min(ContextLength, _embeddings.Shape.MicroBatch)} is expected.");
            _batch.Clear();
            for (var at = 0; at < tokens.Length; at++)
                _batch.Add(0, tokens[at], at, wantsLogits: true);
            _embeddings.Forget(0, 0);
            _ = _embeddings.Decode(_batch, CancellationToken.None);
            return Normalised(TakeEmbedding());
        }
    }

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken) =>
        InferAsync(inputs, [.. Enumerable.Range(0, Signature.Outputs.Length)], cancellationToken);

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, IReadOnlyList<int> outputs, CancellationToken cancellationToken)
    {
        if (outputs.Count == 0 || outputs.Any(place => place < 0 || place >= Signature.Outputs.Length))
            throw new ArgumentException($"places 0 to {Signature.Outputs.Length - 1} are expected", nameof(outputs));
        if (inputs is not [{ Type: DataType.Int32 or DataType.Int64, Shape.Length: 2 } ids])
            throw new ArgumentException("one tensor of INT32 or INT64 and two dimensions is expected", nameof(inputs));
        try
        {
            var (logits, states) = Infer(ids, outputs.Contains(LogitsPlace), outputs.Contains(StatesPlace), cancellationToken);
            return Task.FromResult<IReadOnlyList<Tensor>>([.. outputs.Select(place => place == LogitsPlace ? logits! : states!)]);
        }
        catch (AdapterException failure)
        {
            return Task.FromException<IReadOnlyList<Tensor>>(failure);
        }
        catch (OperationCanceledException cancelled)
        {
            return Task.FromCanceled<IReadOnlyList<Tensor>>(cancelled.CancellationToken);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _live.Dispose();
            _tensors?.Dispose();
            _tapped?.Dispose();
            _tap.Dispose();
            _embeddings?.Dispose();
            _runtime.Weights.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>0 and the other numbers of <c>llama_pooling_type</c>; 4 ranks, which is no embedding.</summary>
    private static Pooling Stated(GgufHeader header) =>
        header.Numbers($"{header.Text("general.architecture")}.pooling_type") is [>= 1 and <= 3 and var number] ? (Pooling)number : Pooling.None;

    private LlamaContext Create(int sequences, int microBatch, Pooling pooling) =>
        new(_runtime, ContextShape.Of(sequences, ContextLength, _runtime.Spec.Batch, microBatch, pooling), Vocabulary.Size, tap: null);

    /// <summary>Row by row, each as a sequence that nothing was kept of.</summary>
    /// <returns>Null for what is not wanted.</returns>
    private (Tensor? Logits, Tensor? States) Infer(Tensor ids, bool wantsLogits, bool wantsStates, CancellationToken cancellationToken)
    {
        var (rows, length) = (ids.Shape[0], ids.Shape[1]);
        if (length > ContextLength)
            throw new AdapterException($"input_ids has rows of {length}; the context of {_runtime.Path} holds {ContextLength}. Shorten them, or raise context_length.");
        var logits = wantsLogits ? Room(ids, Vocabulary.Size, "logits") : null;
        var states = wantsStates ? Room(ids, (long)_layers * _width, "hidden states") : null;
        lock (_gate)
        {
            _ = _runtime.Weights.Native;
            if (ids.Elements > 0)
                Compute(ids, wantsStates ? Tapped((int)length) : _tensors ??= Create(1, _runtime.Spec.MicroBatch, Pooling.None), logits, states, cancellationToken);
        }
        return (
            logits is null ? null : new(DataType.FP32, [rows, length, Vocabulary.Size], logits),
            states is null ? null : new(DataType.FP32, [rows, _layers, length, _width], states));
    }

    private void Compute(Tensor ids, LlamaContext context, byte[]? logits, byte[]? states, CancellationToken cancellationToken)
    {
        var length = ids.Shape[1];
        var rest = MemoryMarshal.Cast<byte, float>(logits.AsSpan());
        fixed (byte* pinned = states)
        {
            for (var element = 0; element < ids.Elements;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var at = (int)(element % length);
                if (at == 0)
                    context.Forget(0, 0);
                var count = Take(ids, element, at, (int)Math.Min(length - at, context.Shape.Batch));
                if (states is not null)
                    _tap.Begin((float*)pinned + (((element / length * _layers * length) + at) * _width), length * _width, count);
                var decoded = context.Decode(_batch, cancellationToken);
                if (states is not null)
                    _tap.End(_runtime.Path);
                if (logits is not null)
                    decoded.CopyTo(rest);
                rest = logits is null ? rest : rest[decoded.Length..];
                element += count;
            }
        }
    }

    /// <summary>A context that shows what its layers compute, as long as it has to be: it keeps keys and values of its own, beside those that serve.</summary>
    private LlamaContext Tapped(int length)
    {
        const int Step = 256;
        if (_tapped is { } kept && kept.Shape.Length >= length)
            return kept;
        _tapped?.Dispose();
        _tapped = null;
        var room = Math.Min(ContextLength, (length + Step - 1) / Step * Step);
        return _tapped = new(_runtime, ContextShape.Of(1, room, _runtime.Spec.Batch, _runtime.Spec.MicroBatch, Pooling.None), Vocabulary.Size, _tap);
    }

    /// <param name="each">Values of one token.</param>
    private static byte[] Room(Tensor ids, long each, string what)
    {
        var bytes = checked(ids.Elements * each * sizeof(float));
        return bytes <= Array.MaxLength ? GC.AllocateUninitializedArray<byte>((int)bytes) : throw new AdapterException(
            $"The {what} of [{ids.Shape[0]}, {ids.Shape[1]}] take {bytes} bytes; {Array.MaxLength} can be carried. Ask for fewer rows.");
    }

    private int Take(Tensor ids, int element, int at, int count)
    {
        _batch.Clear();
        for (var index = 0; index < count; index++)
        {
            var token = ids.Type == DataType.Int64
                ? MemoryMarshal.Cast<byte, long>(ids.Data.Span)[element + index]
                : MemoryMarshal.Cast<byte, int>(ids.Data.Span)[element + index];
            _batch.Add(0, (int)Math.Clamp(token, -1, int.MaxValue), at + index, wantsLogits: true);
        }
        return count;
    }

    private float[] TakeEmbedding()
    {
        var width = ((delegate* unmanaged<nint, int>)_runtime[LlamaSymbol.llama_model_n_embd_out])(_runtime.Weights.Native);
        var vector = ((delegate* unmanaged<nint, int, float*>)_runtime[LlamaSymbol.llama_get_embeddings_seq])(_embeddings!.Native, 0);
        return vector is null
            ? throw new AdapterException($"Model {_runtime.Path} computed a text and gives no embedding for it.")
            : new ReadOnlySpan<float>(vector, width).ToArray();
    }

    private static float[] Normalised(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(value => (double)value * value));
        return length > 0 ? Array.ConvertAll(vector, value => (float)(value / length)) : vector;
    }
}
