using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Asks an OpenAI-compatible server one request at a time and hands its whole answer over. Blocks its thread; not safe for concurrent use.</summary>
/// <remarks>For checks of what is said; <see cref="ITextLoadDriver"/> is for when it arrives. Throws as <see cref="OipClient"/> does.</remarks>
internal sealed class TextClient(Transport transport, TimeProvider time, WireLimits limits) : IDisposable
{
    private readonly HttpConnection _connection = new(transport, time, limits);
    private readonly AnswerBuffer _buffer = new();

    /// <param name="write">Writes the members of the request's JSON object.</param>
    public TextAnswer Post(string path, Action<Utf8JsonWriter> write, TimeSpan limit, CancellationToken cancellationToken) =>
        Post(path, Body(write), limit, cancellationToken);

    public TextAnswer Post(string path, ReadOnlySpan<byte> body, TimeSpan limit, CancellationToken cancellationToken)
    {
        var head = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {transport.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n");
        var answer = _connection.Exchange(new HttpRequest((byte[])[.. head, .. body], MayRepeat: true), _buffer, limit, cancellationToken);
        return new TextAnswer(answer.Head.Status, answer.Body.ToArray(), answer.Done);
    }

    /// <summary>A JSON object of the members that <paramref name="write"/> writes.</summary>
    public static byte[] Body(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    public void Dispose() => _connection.Dispose();
}

/// <param name="Done">Ticks of the runner's clock, right after the last byte.</param>
internal sealed record TextAnswer(int Status, ReadOnlyMemory<byte> Body, long Done)
{
    /// <summary>The answer as a JSON object.</summary>
    /// <exception cref="WireException">Its status is not 200, or it is no JSON object.</exception>
    public JsonDocument Json(WireLimits limits) => Status == 200
        ? StrictJson.Object(Body, limits)
        : throw new WireException(WireFailure.ServerError, $"The server answered status {Status}: {Clip.Text(Body.Span)}") { Status = Status };
}
