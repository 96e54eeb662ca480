using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Adaptation.Runner;

namespace Adaptation.Benchmarks.Wire;

/// <summary>One client on one connection.</summary>
internal interface IRoundTrip : IDisposable
{
    /// <summary>Gets ready to send that many bytes again and again.</summary>
    void Prepare(int bytes);

    /// <summary>Sends the tensor and has it back.</summary>
    /// <returns>Ticks of the stopwatch that it took.</returns>
    long Once();
}

/// <summary>The product's own client, as checks use it.</summary>
/// <param name="reuses">False to receive every answer into new memory: what its page faults cost.</param>
internal sealed class WireContender(string path, bool reuses = true) : IRoundTrip
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Transport _transport = new Transport.UnixSocket(path);
    private readonly OipClient _client = new(new Transport.UnixSocket(path), TimeProvider.System, WireLimits.Default);
    private readonly AnswerBuffer _buffer = new();
    private readonly CancellationTokenSource _cancel = new(); // one that could cancel, as in a real run
    private InferRequest? _request;

    public void Prepare(int bytes) => _request = InferRequest.Create(
        _transport, "echo", [new WireTensor("x", "FP32", [bytes / 4], new byte[bytes])], ["y"]);

    public long Once()
    {
        var answer = _client.Infer(_request!, reuses ? _buffer : new AnswerBuffer(), Limit, _cancel.Token);
        _ = answer.Parse();
        return answer.Done - answer.Sent;
    }

    public void Dispose()
    {
        _client.Dispose();
        _cancel.Dispose();
    }
}

/// <summary>Send, receive, nothing else: it knows the answer's length after the first round and trusts it.</summary>
internal sealed class RawContender(string path) : IRoundTrip
{
    private readonly byte[] _answer = GC.AllocateUninitializedArray<byte>((16 << 20) + 65536);
    private Socket? _socket;
    private byte[] _request = [];
    private int _length;

    public void Prepare(int bytes)
    {
        _socket ??= Sockets.Connect(path);
        _request = [.. Encoding.ASCII.GetBytes(Requests.Head(bytes)), .. Requests.Json(bytes), .. new byte[bytes]];
        _socket.Send(_request);
        var filled = 0;
        while (filled < bytes || !_answer.AsSpan(0, filled).EndsWith(new byte[bytes]))
            filled += _socket.Receive(_answer.AsSpan(filled));
        _length = filled;
    }

    public long Once()
    {
        var sent = TimeProvider.System.GetTimestamp();
        _socket!.Send(_request);
        for (var filled = 0; filled < _length;)
        {
            var count = _socket.Receive(_answer.AsSpan(filled));
            filled += count > 0 ? count : throw new IOException("the server closed");
        }

        return TimeProvider.System.GetTimestamp() - sent;
    }

    public void Dispose() => _socket?.Dispose();
}

/// <summary>The platform's client, synchronously, the answer read into memory that is used again.</summary>
internal sealed class HttpClientContender : IRoundTrip
{
    private readonly byte[] _answer = GC.AllocateUninitializedArray<byte>((16 << 20) + 65536);
    private readonly HttpMessageInvoker _client;
    private byte[] _body = [];
    private string _jsonLength = "";

    public HttpClientContender(string path) => _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(Sockets.Connect(path), ownsSocket: true)),
    });

    public void Prepare(int bytes)
    {
        var json = Requests.Json(bytes);
        _body = [.. json, .. new byte[bytes]];
        _jsonLength = $"{json.Length}";
    }

    public long Once()
    {
        var sent = TimeProvider.System.GetTimestamp();
        OnceAsync().GetAwaiter().GetResult();
        return TimeProvider.System.GetTimestamp() - sent;
    }

    public void Dispose() => _client.Dispose();

    private async Task OnceAsync()
    {
        using var content = new ByteArrayContent(_body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var message = new HttpRequestMessage(HttpMethod.Post, "http://localhost/v2/models/echo/infer") { Content = content };
        message.Headers.TryAddWithoutValidation("Inference-Header-Content-Length", _jsonLength);
        using var answer = await _client.SendAsync(message, CancellationToken.None);
        answer.EnsureSuccessStatusCode();
        await using var stream = await answer.Content.ReadAsStreamAsync();
        var length = (int)answer.Content.Headers.ContentLength!.Value;
        await stream.ReadExactlyAsync(_answer.AsMemory(0, length));
        if (await stream.ReadAsync(_answer.AsMemory(length)) != 0)
            throw new IOException("the answer goes on behind its length");
    }
}

internal static class Sockets
{
    public static Socket Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendBufferSize = 4 << 20, ReceiveBufferSize = 4 << 20 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }
}

internal static class Requests
{
    public static byte[] Json(int bytes) => Encoding.UTF8.GetBytes(
        $$$"""{"inputs":[{"name":"x","shape":[{{{bytes / 4}}}],"datatype":"FP32","parameters":{"binary_data_size":{{{bytes}}}}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}""");

    public static string Head(int bytes) =>
        "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        + $"Inference-Header-Content-Length: {Json(bytes).Length}\r\nContent-Length: {Json(bytes).Length + bytes}\r\n\r\n";
}
