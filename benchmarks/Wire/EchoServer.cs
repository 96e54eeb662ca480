using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Adaptation.Benchmarks.Wire;

/// <summary>The least that a server can do: blocking sockets, a thread per connection, and as much HTTP as the benchmark's own requests need.</summary>
internal sealed class EchoServer : IDisposable
{
    private const int MostBytes = (16 << 20) + 65536;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private EchoServer(string path) => Path = path;

    public string Path { get; }

    public static EchoServer Start(string path)
    {
        var server = new EchoServer(path);
        server._listener.Bind(new UnixDomainSocketEndPoint(path));
        server._listener.Listen(16);
        new Thread(server.Accept) { IsBackground = true }.Start();
        return server;
    }

    public void Dispose() => _listener.Dispose();

    private void Accept()
    {
        try
        {
            while (true)
            {
                var connection = _listener.Accept();
                connection.SendBufferSize = 4 << 20;
                new Thread(() => Serve(connection)) { IsBackground = true }.Start();
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // the benchmark is over
        }
    }

    private static void Serve(Socket connection)
    {
        using (connection)
        {
            var bytes = GC.AllocateUninitializedArray<byte>(MostBytes);
            try
            {
                while (ServeOne(connection, bytes))
                {
                }
            }
            catch (SocketException)
            {
                // the client hung up
            }
        }
    }

    private static bool ServeOne(Socket connection, byte[] bytes)
    {
        var (filled, body) = (0, -1);
        while (body < 0)
        {
            var count = connection.Receive(bytes.AsSpan(filled));
            if (count == 0)
                return false;
            filled += count;
            body = bytes.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
        }

        var head = bytes.AsSpan(0, body);
        body += 4;
        var json = Number(head, "\r\nInference-Header-Content-Length: "u8);
        var end = body + Number(head, "\r\nContent-Length: "u8);
        while (filled < end)
            filled += connection.Receive(bytes.AsSpan(filled, end - filled));
        Answer(connection, bytes, body + json, end);
        return true;
    }

    /// <summary>Writes the answer's head over the request's, right before the tensor, if it fits there.</summary>
    private static void Answer(Socket connection, byte[] bytes, int from, int to)
    {
        var size = to - from;
        var json = $$$"""{"model_name":"echo","outputs":[{"name":"y","datatype":"FP32","shape":[{{{size / 4}}}],"parameters":{"binary_data_size":{{{size}}}}}]}""";
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nInference-Header-Content-Length: {json.Length}\r\nContent-Length: {json.Length + size}\r\n\r\n{json}");
        if (head.Length <= from)
        {
            head.CopyTo(bytes, from - head.Length);
            connection.Send(bytes.AsSpan(from - head.Length, head.Length + size));
        }
        else
        {
            connection.Send(head);
            connection.Send(bytes.AsSpan(from, size));
        }
    }

    private static int Number(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name) =>
        Utf8Parser.TryParse(head[(head.IndexOf(name) + name.Length)..], out int number, out _) ? number : throw new FormatException("no length");
}
