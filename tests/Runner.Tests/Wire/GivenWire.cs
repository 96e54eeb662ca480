using System.Collections.Immutable;
using System.Text;

namespace Adaptation.Runner.Tests;

/// <summary>Requests and answers that are right, for tests to bend.</summary>
internal static class GivenWire
{
    public static readonly TimeSpan Ample = TimeSpan.FromSeconds(60);

    /// <summary>A right answer's body by the binary extension: y FP32[2] with the bytes 0 to 7.</summary>
    public const string Json =
        """{"model_name":"echo","outputs":[{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}]}""";

    public static readonly byte[] EightBytes = [0, 1, 2, 3, 4, 5, 6, 7];

    public static InferRequest Request(Transport transport, int bytes = 8) => InferRequest.Create(
        transport, "echo", [new WireTensor("x", "FP32", [bytes / 4], new byte[bytes])], ["y"]);

    public static byte[] Ascii(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Good() => Binary(Json, EightBytes);

    public static byte[] Binary(string json, byte[] data) => [
        .. Ascii($"HTTP/1.1 200 OK\r\nInference-Header-Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\nContent-Length: {Encoding.UTF8.GetByteCount(json) + data.Length}\r\n\r\n{json}"),
        .. data];

    public static byte[] PlainJson(string json, int status = 200) =>
        Ascii($"HTTP/1.1 {status} Whatever\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    /// <summary>The good answer, its body cut into chunks of that many bytes.</summary>
    public static byte[] Chunked(int size, string extension = "", string trailers = "")
    {
        byte[] body = [.. Ascii(Json), .. EightBytes];
        var bytes = new List<byte>(Ascii($"HTTP/1.1 200 OK\r\nInference-Header-Content-Length: {Json.Length}\r\nTransfer-Encoding: chunked\r\n\r\n"));
        foreach (var chunk in body.Chunk(size))
            bytes.AddRange([.. Ascii($"{chunk.Length:X}{extension}\r\n"), .. chunk, .. Ascii("\r\n")]);
        bytes.AddRange(Ascii($"0{extension}\r\n{trailers}\r\n"));
        return [.. bytes];
    }

    /// <summary>What one inference gives against a server that follows the script.</summary>
    public static ImmutableArray<WireTensor> InferOnce(Action<Peer> script, WireLimits? limits = null)
    {
        using var server = ScriptedServer.OnUnixSocket(script);
        using var client = new OipClient(server.Transport, TimeProvider.System, limits ?? WireLimits.Default);
        return client.Infer(Request(server.Transport), new AnswerBuffer(), Ample, TestContext.Current.CancellationToken).Parse();
    }

    public static ImmutableArray<WireTensor> InferOnce(byte[] answer, WireLimits? limits = null) => InferOnce(
        peer =>
        {
            peer.ReadRequest();
            peer.Send(answer);
            peer.WaitForHangUp();
        },
        limits);

    /// <summary>How one inference fails against a server that sends this, then closes.</summary>
    public static WireException Failure(byte[] answer, WireLimits? limits = null) => Assert.Throws<WireException>(() => InferOnce(
        peer =>
        {
            peer.ReadRequest();
            peer.Send(answer);
        },
        limits));
}
