using System.Buffers;
using System.IO.Pipelines;

namespace Adaptation.Adapters.Host;

/// <summary>Takes a request's body off the wire, part by part, straight into the memory that it is used from.</summary>
internal sealed class RequestBody(PipeReader pipe, long? length, long limit)
{
    private long _taken;

    /// <summary>What is left, as the client announced it; null if it did not.</summary>
    public long? Left => length - _taken;

    /// <exception cref="RefusedException">The body ends before, or passes the limit.</exception>
    public async ValueTask ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (target.Length > limit - _taken)
            throw TooLarge(limit);
        while (!target.IsEmpty)
        {
            var read = await pipe.ReadAsync(cancellationToken);
            var part = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, target.Length));
            part.CopyTo(target.Span);
            target = target[(int)part.Length..];
            _taken += part.Length;
            pipe.AdvanceTo(part.End);
            if (read.IsCompleted && !target.IsEmpty && read.Buffer.Length == part.Length)
                throw RefusedException.Bad($"the body ends after {_taken} bytes; {target.Length} more are announced");
        }
    }

    /// <summary>Reads all that is left of a body whose length is not announced.</summary>
    /// <exception cref="RefusedException">It passes the limit.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadToEndAsync(CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await pipe.ReadAsync(cancellationToken);
            _taken += read.Buffer.Length;
            if (_taken > limit)
                throw TooLarge(limit);
            foreach (var segment in read.Buffer)
                bytes.Write(segment.Span);
            pipe.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return bytes.WrittenMemory;
        }
    }

    /// <exception cref="RefusedException">There is more.</exception>
    public async ValueTask ExpectEndAsync(CancellationToken cancellationToken)
    {
        if (Left == 0)
            return;
        var read = await pipe.ReadAsync(cancellationToken);
        pipe.AdvanceTo(read.Buffer.Start);
        if (!read.Buffer.IsEmpty)
            throw RefusedException.Bad($"the body goes on behind the {_taken} bytes that the request announces");
    }

    public static RefusedException TooLarge(long limit) =>
        new(StatusCodes.Status413PayloadTooLarge, $"the body has more than {limit} bytes, the most that this server takes");
}
