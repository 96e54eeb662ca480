using System.Buffers;

namespace Adaptation.Models;

/// <summary>A tensor that is to be written.</summary>
/// <param name="Elements">A multiple of the type's block; so is every row.</param>
/// <param name="Read">Fills with the elements from an index on, in the order of the file. Called from several threads.</param>
internal sealed record OutgoingTensor(string Name, IReadOnlyList<long> Shape, WeightType Type, long Elements, ReadElements Read)
{
    /// <summary>Turns elements, a whole number of blocks, into exactly the bytes that they take. Called from several threads.</summary>
    public EncodeElements Encode { get; init; } = (from, to) => WeightCodec.Encode(Type, from, to, vectorized: true);

    public long Bytes => Type.Bytes(Elements);
}

internal delegate void ReadElements(long first, Span<float> into);

internal delegate void EncodeElements(ReadOnlySpan<float> from, Span<byte> to);

/// <summary>How far the writing of a file has come.</summary>
/// <param name="Tensor">What is being written.</param>
public readonly record struct WriteProgress(string Tensor, long BytesWritten, long BytesInAll);

/// <summary>How a file is to be written.</summary>
public sealed record WriteOptions
{
    /// <summary>Threads that compute, at least 1; one more hashes and writes. The bytes are the same for any number.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether a file that is there may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Lowercase hex that the whole file must have before it gets its name; null where none is known.</summary>
    public string? ExpectedSha256 { get; init; }

    /// <summary>Called after every few MiB, on the caller's thread.</summary>
    public Action<WriteProgress>? Progress { get; init; }
}

/// <summary>Encodes tensors piece by piece, several threads at a time, while one more thread hashes and writes the pieces before, in order.</summary>
/// <remarks>One caller at a time. What was given is in the file after <see cref="Finish"/>.</remarks>
internal sealed class TensorStream
{
    /// <summary>Elements that one thread encodes before the others are waited for: long enough to make waiting cheap.</summary>
    private const int Portion = 1 << 18;

    /// <summary>Elements encoded at a time: 32 KiB of float32, so that they are still in the first cache when they are encoded.</summary>
    private const int Piece = 1 << 13;

    private readonly NewFile _file;
    private readonly WriteOptions _options;
    private readonly long _bytesInAll;

    /// <summary>What is encoded and not yet in the file; then what is being encoded. They change places.</summary>
    private (byte[] Bytes, int Length)[] _ready, _making;
    private int _readyCount;
    private string _tensor = "";

    public TensorStream(NewFile file, WriteOptions options, long bytesInAll)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        (_file, _options, _bytesInAll) = (file, options, bytesInAll);
        (_ready, _making) = (new (byte[], int)[options.Threads], new (byte[], int)[options.Threads]);
    }

    public void Write(OutgoingTensor tensor, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Threads + 1, CancellationToken = cancellationToken };
        for (long first = 0; first < tensor.Elements; first += (long)Portion * _options.Threads)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = first;
            var portions = (int)Math.Min(_options.Threads, (tensor.Elements - first + Portion - 1) / Portion);
            RunAll(portions + 1, parallel, number =>
            {
                if (number == 0)
                    WriteReady();
                else
                    EncodePortion(tensor, start + ((long)(number - 1) * Portion), ref _making[number - 1]);
            });
            (_ready, _making, _readyCount, _tensor) = (_making, _ready, portions, tensor.Name);
            Report();
        }
    }

    /// <summary>Zeros after what was written last.</summary>
    public void WriteZeros(int count)
    {
        if (count == 0)
            return;
        Finish();
        _file.WriteZeros(count);
    }

    public void Finish()
    {
        WriteReady();
        _readyCount = 0;
        Report();
    }

    private void Report() => _options.Progress?.Invoke(new(_tensor, _file.Written, _bytesInAll));

    private void WriteReady()
    {
        foreach (var (bytes, length) in _ready.AsSpan(0, _readyCount))
            _file.Write(bytes.AsSpan(0, length));
    }

    /// <summary>What a piece threw comes out as itself: callers know exceptions by type.</summary>
    private static void RunAll(int count, ParallelOptions options, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, options, body);
        }
        catch (AggregateException several)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }

    private static void EncodePortion(OutgoingTensor tensor, long first, ref (byte[] Bytes, int Length) into)
    {
        var elements = (int)Math.Min(Portion, tensor.Elements - first);
        into.Length = (int)tensor.Type.Bytes(elements);
        if (into.Bytes is null || into.Bytes.Length < into.Length)
            into.Bytes = GC.AllocateUninitializedArray<byte>(into.Length);
        var values = ArrayPool<float>.Shared.Rent(Piece);
        try
        {
            for (var done = 0; done < elements; done += Piece)
            {
                var piece = values.AsSpan(0, Math.Min(Piece, elements - done));
                tensor.Read(first + done, piece);
                tensor.Encode(piece, into.Bytes.AsSpan((int)tensor.Type.Bytes(done), (int)tensor.Type.Bytes(piece.Length)));
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
        }
    }
}
