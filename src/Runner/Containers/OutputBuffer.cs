using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;

namespace Adaptation.Runner;

/// <summary>Holds a backend's output until somebody reads it, at most so many bytes: the oldest goes first, and the reader is told how much.</summary>
/// <remarks>A backend that floods its log is thus never held up, which would change what is measured, and its last words are always kept. One writer, one reader.</remarks>
public sealed class OutputBuffer
{
    /// <summary>8 MiB, as much as a container engine is told to keep.</summary>
    public const int Limit = 8 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _chunks = new();
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _held;
    private long _dropped;
    private bool _ended;
    private Exception? _broken;

    /// <param name="chunk">Kept as it is: the caller may not write into it again.</param>
    public void Add(ReadOnlyMemory<byte> chunk)
    {
        lock (_gate)
        {
            _chunks.Enqueue(chunk);
            _held += chunk.Length;
            while (_held > Limit)
            {
                var oldest = _chunks.Dequeue().Length;
                (_held, _dropped) = (_held - oldest, _dropped + oldest);
            }
        }

        _news.Writer.TryWrite(true);
    }

    /// <param name="broken">Thrown to the reader behind what was held; null where the output ended well.</param>
    public void End(Exception? broken)
    {
        lock (_gate)
            (_ended, _broken) = (true, broken);
        _news.Writer.TryWrite(true);
    }

    /// <summary>Yields what is held and what comes, until the end. A line in square brackets stands where bytes were dropped.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            while (Take() is { } chunk)
                yield return chunk;
            lock (_gate)
            {
                if (_ended && _chunks.Count == 0)
                {
                    if (_broken is not null)
                        throw _broken;
                    yield break;
                }
            }

            await _news.Reader.ReadAsync(cancellationToken);
        }
    }

    private ReadOnlyMemory<byte>? Take()
    {
        lock (_gate)
        {
            if (_dropped > 0)
            {
                var note = string.Create(CultureInfo.InvariantCulture, $"\n[{_dropped} bytes of output dropped]\n");
                _dropped = 0;
                return Encoding.UTF8.GetBytes(note);
            }

            if (!_chunks.TryDequeue(out var chunk))
                return null;
            _held -= chunk.Length;
            return chunk;
        }
    }
}
