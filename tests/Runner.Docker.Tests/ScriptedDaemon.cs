using System.Net.Sockets;
using System.Text;

namespace Adaptation.Runner.Docker.Tests;

/// <summary>Answers each request with what a test scripted, raw, and hangs up. A null answer is silence.</summary>
internal sealed class ScriptedDaemon : IAsyncDisposable
{
    private readonly Given.Folder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, string?> _answer;
    private readonly Task _serving;

    /// <param name="answer">Request line to raw response.</param>
    public ScriptedDaemon(Func<string, string?> answer)
    {
        _answer = answer;
        var path = Path.Combine(_folder.Path, "s");
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        Endpoint = new DockerEndpoint.Unix(path);
        _serving = ServeAsync();
    }

    public DockerEndpoint Endpoint { get; }

    public static string Json(int status, string body) =>
        $"HTTP/1.1 {status} X\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    /// <summary>A daemon that negotiates well and then answers as scripted.</summary>
    public static Func<string, string?> Sound(Func<string, string?> answer) => request =>
        request.Contains("/version ", StringComparison.Ordinal) ? Json(200, """{"ApiVersion":"1.41","MinAPIVersion":"1.12"}""") : answer(request);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
        _folder.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(AnswerAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        using var _ = connection;
        var buffer = new byte[64 * 1024];
        try
        {
            var read = await connection.ReceiveAsync(buffer, _stop.Token);
            if (_answer(Encoding.UTF8.GetString(buffer, 0, read).Split("\r\n")[0]) is { } answer)
                await connection.SendAsync(Encoding.UTF8.GetBytes(answer), _stop.Token);
            else
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException)
        {
            // the client hung up, or the test is over
        }
    }
}
