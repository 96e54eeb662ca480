using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Adaptation.Runner.Tests;

/// <summary>Text answers that are right, for tests to bend, and what the driver makes of them.</summary>
internal static class GivenText
{
    public const string Usage = """{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""";
    public const string Finish = """{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    public const string Done = "[DONE]";
    public const string StreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    public static string Chat(string content) => $$"""{"id":"c","choices":[{"index":0,"delta":{"content":"{{content}}"},"finish_reason":null}]}""";

    public static string Completion(string text, string more = "") => $$"""{"id":"c","choices":[{"index":0,"text":"{{text}}"{{more}},"finish_reason":null}]}""";

    public static string Events(params string[] data) => string.Concat(data.Select(one => $"data: {one}\n\n"));

    /// <summary>Two words, a finish reason, usage and the end mark.</summary>
    public static string GoodEvents => Events(Chat("Hello"), Chat(" world"), Finish, Usage, Done);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Sized(byte[] body, string head = StreamHead) => [.. Bytes($"{head}Content-Length: {body.Length}\r\n\r\n"), .. body];

    public static byte[] Sized(string body, string head = StreamHead) => Sized(Bytes(body), head);

    public static string Chunk(string body) => string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(body):x}\r\n{body}\r\n");

    public static string Chunked(params string[] parts) => $"{StreamHead}Transfer-Encoding: chunked\r\n\r\n{string.Concat(parts.Select(Chunk))}0\r\n\r\n";

    public static byte[] Json(string json, int status = 200, string more = "") =>
        Sized(json, $"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n{more}");

    public static TextRequest Request(bool stream = true) => new("/v1/chat/completions", Bytes(stream ? """{"model":"m","stream":true}""" : """{"model":"m"}"""));

    public static TextLoadSpec Spec(Transport transport, int requests = 1) => new()
    {
        Transport = transport,
        Requests = [.. Enumerable.Repeat(Request(), requests)],
        Arrivals = new Arrivals.Concurrent(1, null, TimeSpan.Zero),
        RequestLimit = TimeSpan.FromMinutes(10),
        MaxConnections = 8,
    };

    public static Task<TextLoadResult> DriveAsync(TextLoadSpec spec) => TextLoadDriver.DriveAsync(spec, null, Token);

    /// <summary>What one request gives against a server that follows the script; over TCP.</summary>
    public static async Task<TextSample> AskAsync(Action<Peer> script, Func<TextLoadSpec, TextLoadSpec>? bend = null)
    {
        using var server = ScriptedServer.OnTcp(script);
        return await AskAsync(server, bend);
    }

    public static async Task<TextSample> AskAsync(ScriptedServer server, Func<TextLoadSpec, TextLoadSpec>? bend = null)
    {
        var result = await DriveAsync((bend ?? (spec => spec))(Spec(server.Transport)));
        Assert.Null(result.BrokenOff);
        return Assert.Single(result.Samples);
    }

    /// <summary>What one request gives when the server sends this and keeps the connection.</summary>
    public static Task<TextSample> AskAsync(byte[] answer, Func<TextLoadSpec, TextLoadSpec>? bend = null) => AskAsync(
        peer =>
        {
            peer.ReadRequest();
            peer.Send(answer);
            peer.WaitForHangUp();
        },
        bend);

    public static Task<TextSample> AskAsync(string answer) => AskAsync(Bytes(answer));

    /// <summary>What one request gives when the server sends this, each part received before the next one leaves, and closes.</summary>
    /// <remarks>Over a Unix socket, which alone tells when the other side has received.</remarks>
    public static async Task<TextSample> AskInPartsAsync(params byte[][] parts)
    {
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.ReadRequest();
            foreach (var part in parts)
            {
                peer.Send(part);
                peer.WaitUntilReceived();
            }
        });
        return await AskAsync(server);
    }

    public static string Text(TextSample sample) => string.Concat(sample.Chunks.Select(chunk => chunk.Text));

    public static ImmutableArray<TextRequest> Streamless => [Request(stream: false)];
}
