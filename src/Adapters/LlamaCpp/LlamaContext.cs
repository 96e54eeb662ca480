using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>What every context of one model shares.</summary>
/// <param name="Weights">Owned by the model.</param>
/// <param name="Path">Of the model's file, for messages.</param>
/// <param name="Room">Asked before a context is made.</param>
internal sealed record LlamaRuntime(LlamaLibrary Library, ModelHandle Weights, LlamaCppSpec Spec, string Path, CacheRoom Room)
{
    public nint this[LlamaSymbol symbol] => Library[symbol];
}

/// <summary>Keys and values of some sequences, and the batch that goes in. One caller at a time.</summary>
internal sealed unsafe class LlamaContext : IDisposable
{
    private readonly LlamaRuntime _runtime;
    private readonly ContextHandle _native;
    private readonly CancelFlag _cancel = new();
    private readonly NativeBatch _batch;
    private readonly int _size;
    private readonly int[] _next;
    private readonly LayerTap? _tap;

    /// <param name="size">V: token ids of the vocabulary.</param>
    /// <param name="tap">Shown what every layer computes; null for a context that only computes. It outlives the context.</param>
    /// <exception cref="AdapterException">Memory is short, the engine refuses, or it understood something else.</exception>
    public LlamaContext(LlamaRuntime runtime, ContextShape shape, int size, LayerTap? tap)
    {
        (_runtime, _size, Shape, _tap) = (runtime, size, shape, tap);
        _next = new int[shape.Sequences];
        _batch = new(shape.Batch);
        try
        {
            _native = Create();
        }
        catch
        {
            _batch.Dispose();
            _cancel.Dispose();
            throw;
        }
    }

    public ContextShape Shape { get; }

    public nint Native => _native.Native;

    /// <summary>Computes positions; where one asks for logits, they come back in order, good until the next call.</summary>
    /// <exception cref="ArgumentException">The batch is too large, or its positions do not follow those that are kept.</exception>
    /// <exception cref="AdapterException">A sequence outgrows the context, a token does not exist, or the engine failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what the sequences kept before is kept.</exception>
    public ReadOnlySpan<float> Decode(TokenBatch batch, CancellationToken cancellationToken)
    {
        var native = _native.Native;
        Check(batch);
        if (batch.Count == 0)
            return [];
        _batch.Fill(batch.Positions);
        _cancel.Clear();
        var mark = _runtime.Library.Log.Mark;
        int status;
        using (_cancel.Follow(cancellationToken))
            status = ((delegate* unmanaged<nint, NativeBatch.Layout, int>)_runtime[LlamaSymbol.llama_decode])(native, _batch.Native);
        Follow(batch, status);
        if (status == 2)
            cancellationToken.ThrowIfCancellationRequested();
        if (status != 0)
            throw _runtime.Library.Log.Failure(_runtime.Library, $"Model {_runtime.Path} cannot compute {batch.Count} positions (status {status})", mark);
        if (batch.Wanted == 0)
            return [];
        var logits = ((delegate* unmanaged<nint, float*>)_runtime[LlamaSymbol.llama_get_logits])(native);
        return logits is null
            ? throw new AdapterException($"Model {_runtime.Path} computed {batch.Count} positions and gives no logits.")
            : new(logits, checked(batch.Wanted * _size));
    }

    /// <summary>Drops what is kept of a sequence from a position on.</summary>
    /// <exception cref="AdapterException">The model keeps a state that cannot be cut there.</exception>
    public void Forget(int sequence, int from)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sequence, Shape.Sequences);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var dropped = ((delegate* unmanaged<nint, int, int, int, byte>)_runtime[LlamaSymbol.llama_memory_seq_rm])(Memory(_native.Native), sequence, from, -1);
        if (dropped == 0)
            throw new AdapterException($"Model {_runtime.Path} cannot forget a part of a sequence. Forget all of it, from position 0.");
        _next[sequence] = Math.Min(_next[sequence], from);
    }

    public void Dispose()
    {
        _native.Dispose();
        _batch.Dispose();
        _cancel.Dispose();
    }

    private ContextHandle Create()
    {
        _runtime.Room.Check(Shape);
        var block = LlamaAbi.ContextDefaults(_runtime.Library);
        block.Write(LlamaAbi.Context, (long)Shape.Reserved * Shape.Sequences);
        block.Write(LlamaAbi.Batch, Shape.Batch);
        block.Write(LlamaAbi.MicroBatch, Shape.MicroBatch);
        block.Write(LlamaAbi.Sequences, Shape.Sequences);
        block.Write(LlamaAbi.Threads, _runtime.Spec.Threads);
        block.Write(LlamaAbi.BatchThreads, _runtime.Spec.Threads);
        block.Write(LlamaAbi.Pooling, (int)Shape.Pooling);
        block.Write(LlamaAbi.FlashAttention, _runtime.Spec.FlashAttention ? 1 : 0);
        block.Write(LlamaAbi.KeyType, (int)_runtime.Spec.Cache);
        block.Write(LlamaAbi.ValueType, (int)_runtime.Spec.Cache);
        block.Write(LlamaAbi.AbortCallback, CancelFlag.StopCallback);
        block.Write(LlamaAbi.AbortData, _cancel.Address);
        block.Write(LlamaAbi.Embeddings, Shape.Pooling == Pooling.None ? 0 : 1);
        if (_tap is not null)
        {
            block.Write(LlamaAbi.EvalCallback, LayerTap.Callback);
            block.Write(LlamaAbi.EvalData, _tap.Address);
        }
        var mark = _runtime.Library.Log.Mark;
        var native = ((delegate* unmanaged<nint, LlamaBlock, nint>)_runtime[LlamaSymbol.llama_init_from_model])(_runtime.Weights.Native, block);
        if (native == 0)
        {
            throw _runtime.Library.Log.Failure(
                _runtime.Library, $"Model {_runtime.Path} gets no context of {Shape.Sequences} sequences of {Shape.Length} positions", mark,
                "Lower sequences or context_length if memory is short");
        }
        var handle = new ContextHandle(_runtime.Library, _runtime.Weights, native);
        try
        {
            Prove(native);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Asks the context for everything that was asked of it, where the library has a function for that.</summary>
    private void Prove(nint native)
    {
        ((delegate* unmanaged<nint, int, int, void>)_runtime[LlamaSymbol.llama_set_n_threads])(native, _runtime.Spec.Threads, _runtime.Spec.Threads);
        ((delegate* unmanaged<nint, nint, nint, void>)_runtime[LlamaSymbol.llama_set_abort_callback])(native, CancelFlag.StopCallback, _cancel.Address);
        LlamaAbi.CheckContext(
            _runtime.Library, native,
            (LlamaSymbol.llama_n_seq_max, LlamaAbi.Sequences, Shape.Sequences),
            (LlamaSymbol.llama_n_ctx_seq, LlamaAbi.Context, Shape.Reserved),
            (LlamaSymbol.llama_n_ctx, LlamaAbi.Context, Shape.Reserved * Shape.Sequences),
            (LlamaSymbol.llama_n_batch, LlamaAbi.Batch, Shape.Batch),
            (LlamaSymbol.llama_n_ubatch, LlamaAbi.MicroBatch, Shape.MicroBatch),
            (LlamaSymbol.llama_n_threads, LlamaAbi.Threads, _runtime.Spec.Threads),
            (LlamaSymbol.llama_n_threads_batch, LlamaAbi.BatchThreads, _runtime.Spec.Threads),
            (LlamaSymbol.llama_pooling_type, LlamaAbi.Pooling, (int)Shape.Pooling));
        if (Memory(native) == 0)
            throw new AdapterException($"Model {_runtime.Path} keeps nothing between tokens: it is an encoder. Give a decoder-only language model.");
    }

    private nint Memory(nint native) => ((delegate* unmanaged<nint, nint>)_runtime[LlamaSymbol.llama_get_memory])(native);

    /// <summary>Refuses what the engine would answer by ending the process, before anything has changed.</summary>
    private void Check(TokenBatch batch)
    {
        if (batch.Count > Shape.Batch)
            throw new ArgumentException($"{batch.Count} positions in a batch that holds {Shape.Batch}", nameof(batch));
        Span<int> next = stackalloc int[_next.Length];
        _next.CopyTo(next);
        foreach (var position in batch.Positions)
        {
            if (position.Sequence < 0 || position.Sequence >= next.Length)
                throw new ArgumentException($"sequence {position.Sequence} of {next.Length}", nameof(batch));
            if (position.At != next[position.Sequence])
                throw new ArgumentException($"position {position.At} of sequence {position.Sequence}, where {next[position.Sequence]} comes next", nameof(batch));
            if (position.At >= Shape.Length)
            {
                throw new AdapterException(
                    $"Sequence {position.Sequence} has no position {position.At}: its context holds {Shape.Length}. Shorten the text, or raise context_length.");
            }
            if (position.Token < 0 || position.Token >= _size)
                throw new AdapterException($"Token {position.Token} does not exist; 0 to {_size - 1} is expected.");
            next[position.Sequence]++;
        }
    }

    private void Follow(TokenBatch batch, int status)
    {
        foreach (var position in batch.Positions)
        {
            _next[position.Sequence] = status == 0
                ? position.At + 1
                : ((delegate* unmanaged<nint, int, int>)_runtime[LlamaSymbol.llama_memory_seq_pos_max])(Memory(_native.Native), position.Sequence) + 1;
        }
    }
}

/// <summary>How much a context holds.</summary>
/// <param name="Length">Positions of one sequence.</param>
/// <param name="Batch">Positions of one call; at most what all sequences hold.</param>
/// <param name="MicroBatch">Positions computed in one go; at most <paramref name="Batch"/>.</param>
internal sealed record ContextShape(int Sequences, int Length, int Batch, int MicroBatch, Pooling Pooling)
{
    /// <summary>The engine keeps room in steps of so many positions.</summary>
    private const int Step = 256;

    public int Reserved => checked((Length + Step - 1) / Step * Step);

    /// <summary>A shape that the engine takes as it is.</summary>
    public static ContextShape Of(int sequences, int length, int batch, int microBatch, Pooling pooling)
    {
        var shape = new ContextShape(sequences, length, batch, microBatch, pooling);
        var room = (long)shape.Reserved * sequences;
        if (room > int.MaxValue)
            throw new AdapterException($"{sequences} sequences of {length} positions are more than the engine can count. Lower sequences or context_length.");
        var fitting = (int)Math.Min(batch, room);
        return shape with { Batch = fitting, MicroBatch = Math.Min(microBatch, fitting) };
    }
}
