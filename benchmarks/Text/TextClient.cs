using System.Net.Sockets;
using System.Text;

namespace Adaptation.Benchmarks.Text;

/// <summary>
/// One connection that asks for streamed completions and receives them in blocking calls. While the clock runs it only looks for the end;
/// what arrived is taken apart afterwards, so that the client costs the server's machine as little as a client can.
/// </summary>
internal sealed class TextClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private byte[] _answer = new byte[1 << 20];

    /// <exception cref="SocketException">Nobody listens.</exception>
    public TextClient(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    public bool IsReady()
    {
        _socket.Send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
        var filled = 0;
        for (var count = 1; count > 0 && filled < _answer.Length; filled += count)
            count = _socket.Receive(_answer.AsSpan(filled));
        return _answer.AsSpan(0, filled).StartsWith("HTTP/1.1 200"u8);
    }

    /// <summary>Asks, and waits for the whole answer.</summary>
    /// <returns>Seconds from the first byte sent to the last one received.</returns>
    /// <exception cref="IOException">The answer is not what was asked for.</exception>
    public double Complete(Completion asked)
    {
        var sent = TimeProvider.System.GetTimestamp();
        _socket.Send(asked.Bytes);
        var filled = 0;
        do
        {
            if (filled == _answer.Length)
                Array.Resize(ref _answer, 2 * _answer.Length);
            var count = _socket.Receive(_answer.AsSpan(filled));
            filled += count > 0 ? count : throw new IOException($"the server closed after: {Encoding.UTF8.GetString(_answer, 0, Math.Min(filled, 500))}");
        }
        while (!IsWhole(_answer.AsSpan(0, filled)));
        var seconds = TimeProvider.System.GetElapsedTime(sent).TotalSeconds;
        asked.Check(_answer.AsSpan(0, filled));
        return seconds;
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The last chunk of a chunked answer ends it; an answer with a length is a refusal, which <see cref="Completion.Check"/> shows.</summary>
    private static bool IsWhole(ReadOnlySpan<byte> answer) =>
        answer.EndsWith("\r\n0\r\n\r\n"u8) || (answer.Length > 12 && !answer.StartsWith("HTTP/1.1 200"u8) && answer.IndexOf("\r\n\r\n"u8) > 0);
}
