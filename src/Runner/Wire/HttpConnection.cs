using System.Net.Sockets;

namespace Adaptation.Runner;

/// <param name="Bytes">All that goes over the wire: head and body.</param>
/// <param name="MayRepeat">
/// True for a request that changes nothing at the server (GET, a question for text): where a kept connection turns out to be closed before a byte of the
/// answer, it is asked once more on a new one, and its time runs from the first sending.
/// </param>
internal sealed record HttpRequest(ReadOnlyMemory<byte> Bytes, bool MayRepeat);

/// <summary>One whole answer. The memory is the buffer's, and good until the buffer's next use.</summary>
/// <param name="Sent">Ticks of the connection's clock, right before the first byte was handed to the kernel.</param>
/// <param name="Done">Ticks, right after the last byte was had from the kernel, before any of it was parsed.</param>
internal readonly record struct HttpAnswer(long Sent, long Done, HttpHead Head, ReadOnlyMemory<byte> HeadBytes, ReadOnlyMemory<byte> Body);

/// <summary>One HTTP/1.1 connection over a blocking socket, made when first needed and kept alive. Not safe for concurrent use.</summary>
/// <remarks>
/// Every byte that comes in is the vendor's: all sizes are bounded, all waits are limited, what is ambiguous is refused. Bytes that come before
/// they were asked for are refused too, or an answer sent ahead of its request would look like one that took no time.
/// </remarks>
internal sealed class HttpConnection(Transport transport, TimeProvider time, WireLimits limits) : IDisposable
{
    private readonly CallWatch _watch = new(time);
    private readonly string _where = transport.ToString();
    private Func<HttpAnswer>? _ask; // made once: a call allocates nothing before its last stamp
    private Socket? _socket;
    private HttpRequest _request = new(default, MayRepeat: false);
    private AnswerBuffer _buffer = null!;
    private long _sent;
    private long _done;
    private int _filled;

    /// <summary>Connects now, so that the first request need not.</summary>
    /// <inheritdoc cref="Exchange"/>
    public void Open(TimeSpan limit, CancellationToken cancellationToken) => Guarded(
        () =>
        {
            if (_socket is null || IsGone(_socket))
                Connect();
            return true;
        },
        limit,
        cancellationToken);

    /// <summary>Sends a request and receives its whole answer, whatever its status.</summary>
    /// <param name="limit">For all of it, connecting included.</param>
    /// <exception cref="WireException">There was no whole, well-framed answer; the connection is closed and the next call makes another.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the connection is closed.</exception>
    /// <exception cref="Core.BrokenEnvironmentException">This machine does not let us connect.</exception>
    public HttpAnswer Exchange(HttpRequest request, AnswerBuffer buffer, TimeSpan limit, CancellationToken cancellationToken)
    {
        (_request, _buffer) = (request, buffer);
        return Guarded(_ask ??= Ask, limit, cancellationToken);
    }

    public void Dispose()
    {
        Close();
        _watch.Dispose();
    }

    private T Guarded<T>(Func<T> call, TimeSpan limit, CancellationToken cancellationToken)
    {
        var succeeded = false;
        _watch.Start(limit, cancellationToken);
        try
        {
            var result = call();
            _watch.Stop();
            _watch.ThrowIfInterrupted(_where);
            succeeded = true;
            return result;
        }
        catch (Exception failure) when (failure is SocketException or WireException)
        {
            _watch.Stop();
            _watch.ThrowIfInterrupted(_where); // the cause of what looks like a broken connection
            throw failure as WireException ?? Broken($"it failed ({failure.Message})", failure);
        }
        finally
        {
            _watch.Stop();
            if (!succeeded)
                Close();
        }
    }

    private HttpAnswer Ask()
    {
        // A connection that was closed while idle is replaced before anything is sent: nothing was asked of it, so nothing is repeated.
        var isReused = _socket is { } idle && !IsGone(idle);
        if (isReused)
            _watch.Guard(_socket!);
        else
            Connect();
        _sent = time.GetTimestamp();
        try
        {
            return AskOnce();
        }
        catch (WireException ended) when (ended.Kind == WireFailure.Broken && isReused && _filled == 0 && _request.MayRepeat)
        {
            _watch.ThrowIfInterrupted(_where);
            Connect();
            return AskOnce();
        }
    }

    private HttpAnswer AskOnce()
    {
        _filled = 0;
        var refusal = Send(_request.Bytes.Span);
        var (start, end, head) = ReceiveHead(refusal);
        var body = head.HasNoBody ? end
            : head.IsChunked ? ReceiveChunks(end)
            : ReceiveLength(end, head.ContentLength ?? throw WireException.Protocol(
                "The answer has neither Content-Length nor chunks, so that its end cannot be told from a broken connection."));
        _watch.ThrowIfLate(_done, _where);
        if (refusal is not null && head.Status < 400)
            throw Broken($"it answered {head.Status} and closed before it had taken the whole request", refusal);
        if (!head.KeepsAlive || refusal is not null)
            Close();
        return new(_sent, _done, head, _buffer.Bytes.AsMemory(start, end - start), _buffer.Bytes.AsMemory(end, body - end));
    }

    /// <returns>Why not all could be sent, or null. A server may refuse a request early, with an answer worth reading.</returns>
    private SocketException? Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[_socket!.Send(bytes)..];
            return null;
        }
        catch (SocketException closed)
        {
            return closed;
        }
    }

    private (int Start, int End, HttpHead Head) ReceiveHead(SocketException? refusal)
    {
        var (start, searched) = (0, 0);
        while (true)
        {
            var found = _buffer.Bytes.AsSpan(searched, _filled - searched).IndexOf("\r\n\r\n"u8);
            var end = searched + found + 4;
            if (found < 0 ? _filled > limits.HeaderBytes : end > limits.HeaderBytes)
                throw WireException.Protocol($"The answer's headers have more than {limits.HeaderBytes} bytes, which is the limit.");
            if (found >= 0)
            {
                var head = HttpHead.Parse(_buffer.Bytes.AsSpan(start, end - 2 - start));
                if (head.Status == 101)
                    throw WireException.Protocol("The answer switches to another protocol (status 101), which was not asked for.");
                if (!head.IsInterim)
                    return (start, end, head);
                (start, searched) = (end, end); // 100 Continue and its like say nothing of the answer
                continue;
            }

            searched = Math.Max(start, _filled - 3);
            if (Receive() == 0)
                throw Broken(_filled == 0 && refusal is null ? "it was closed before any answer" : "it was closed within the answer's headers", refusal);
            RefuseWhatIsNotHttp(_buffer.Bytes.AsSpan(start, Math.Min(_filled - start, 7)));
        }
    }

    private static void RefuseWhatIsNotHttp(ReadOnlySpan<byte> beginning)
    {
        if (!"HTTP/1."u8.StartsWith(beginning))
            throw WireException.Protocol($"The answer begins with '{Clip.Text(beginning)}'; expected a status line such as 'HTTP/1.1 200 OK'.");
    }

    private int ReceiveLength(int start, long length)
    {
        if (length > limits.BodyBytes)
            throw WireException.Protocol($"The answer's body has {length} bytes; the limit is {limits.BodyBytes}.");
        var end = start + length;
        while (_filled < end)
        {
            if (Receive() == 0)
                throw Broken($"it was closed after {_filled - start} of the {length} bytes of the answer's body");
        }

        return _filled == end
            ? (int)end
            : throw WireException.Protocol($"The answer goes on for at least {_filled - end} bytes behind its Content-Length of {length}.");
    }

    private int ReceiveChunks(int start)
    {
        var chunks = new ChunkDecoder(limits);
        var (read, write) = (start, start);
        while (!chunks.Decode(_buffer.Bytes, ref read, _filled, ref write))
        {
            _filled = write; // all is decoded: the next bytes go right behind the body, which mostly saves moving them
            read = write;
            if (Receive() == 0)
                throw Broken($"it was closed after {write - start} bytes of a chunked body, before its last chunk");
        }

        return read == _filled
            ? write
            : throw WireException.Protocol($"The answer goes on for at least {_filled - read} bytes behind its last chunk.");
    }

    /// <returns>Bytes received; 0 at the end of the connection, which includes a reset.</returns>
    private int Receive()
    {
        _buffer.Grow(_filled);
        try
        {
            var count = _socket!.Receive(_buffer.Bytes.AsSpan(_filled));
            _done = time.GetTimestamp();
            _filled += count;
            return count;
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown)
        {
            return 0;
        }
    }

    private void Connect()
    {
        Close();
        try
        {
            _socket = transport.Connect(_watch);
        }
        catch (SocketException refused)
        {
            _watch.ThrowIfInterrupted(_where);
            throw new WireException(
                WireFailure.Refused, $"No connection to {_where}: {refused.Message}. Nothing listens there (yet, or any more).", refused);
        }
    }

    /// <returns>True if the server closed it.</returns>
    /// <exception cref="WireException">The server sent what nobody asked for.</exception>
    private static bool IsGone(Socket socket)
    {
        try
        {
            if (!socket.Poll(0, SelectMode.SelectRead))
                return false;
            var unasked = socket.Available;
            return unasked == 0
                ? true
                : throw WireException.Protocol($"The server sent {unasked} bytes or more before the request that they would answer.");
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private WireException Broken(string how, Exception? cause = null) =>
        new(WireFailure.Broken, $"The connection to {_where} broke: {how}. The server died, or gave the request up.", cause);

    private void Close()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
