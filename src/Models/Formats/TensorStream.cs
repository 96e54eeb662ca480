using System.Buffers;

namespace Adaptation.Models;

/// <summary>A tensor that is to be written.</summary>
/// <param name="Elements">A multiple of the type's block; so is every row.</param>
/// <param name="Read">Fills with the elements from an index on, in the order of the file. Called from several threads.</param>
internal sealed record OutgoingTensor(string Name, IReadOnlyList<long> Shape, WeightType Type, long Elements, ReadElements Read)
{
    public long Bytes => Type.Bytes(Elements);
}

internal delegate void ReadElements(long first, Span<float> into);

/// <summary>How far the writing of a file has come.</summary>
/// <param name="Tensor">What is being written.</param>
public readonly record struct WriteProgress(string Tensor, long BytesWritten, long BytesInAll);

/// <summary>How a file is to be written.</summary>
public sealed record WriteOptions
{
    /// <summary>Threads that compute; at least 1. The bytes are the same for any number.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether a file that is there may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Lowercase hex that the whole file must have before it gets its name; null where none is known.</summary>
    public string? ExpectedSha256 { get; init; }

    /// <summary>Called after every few MiB, on the caller's thread.</summary>
    public Action<WriteProgress>? Progress { get; init; }
}

/// <summary>Encodes tensors piece by piece, several threads at a time, and writes the pieces in order.</summary>
internal static class TensorStream
{
    /// <summary>Elements that one thread encodes before the others are waited for: long enough to make waiting cheap.</summary>
    private const int Portion = 1 << 18;

    /// <summary>Elements encoded at a time: 32 KiB of float32, so that they are still in the first cache when they are encoded.</summary>
    private const int Piece = 1 << 13;

    public static void Write(NewFile file, OutgoingTensor tensor, WriteOptions options, long bytesInAll, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads, CancellationToken = cancellationToken };
        var buffers = new byte[options.Threads][];
        for (long first = 0; first < tensor.Elements; first += (long)Portion * options.Threads)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = first;
            var portions = (int)Math.Min(options.Threads, (tensor.Elements - first + Portion - 1) / Portion);
            var lengths = new int[portions];
            void Encode(int number) => lengths[number] = EncodePortion(tensor, start + ((long)number * Portion), buffers[number] ??= new byte[tensor.Type.Bytes(Math.Min(Portion, tensor.Elements))]);
            if (portions == 1)
                Encode(0);
            else
                RunAll(portions, parallel, Encode);
            for (var number = 0; number < portions; number++)
                file.Write(buffers[number].AsSpan(0, lengths[number]));
            options.Progress?.Invoke(new(tensor.Name, file.Written, bytesInAll));
        }
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

    private static int EncodePortion(OutgoingTensor tensor, long first, byte[] into)
    {
        var values = ArrayPool<float>.Shared.Rent(Piece);
        try
        {
            var elements = (int)Math.Min(Portion, tensor.Elements - first);
            var written = 0;
            for (var done = 0; done < elements; done += Piece)
            {
                var piece = values.AsSpan(0, Math.Min(Piece, elements - done));
                tensor.Read(first + done, piece);
                var bytes = (int)tensor.Type.Bytes(piece.Length);
                WeightCodec.Encode(tensor.Type, piece, into.AsSpan(written, bytes), vectorized: true);
                written += bytes;
            }

            return written;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
        }
    }
}
