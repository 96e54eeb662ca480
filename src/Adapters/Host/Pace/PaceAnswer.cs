using System.Globalization;
using System.Text;

namespace Adaptation.Adapters.Host;

/// <summary>The bytes of one answer. Each token's text is its own send stamp: nanoseconds of CLOCK_MONOTONIC, 17 digits behind a blank.</summary>
/// <remarks>So a client on the same machine can be held to when each token really left, with no field that other servers lack.</remarks>
internal sealed class PaceAnswer
{
    public const string StreamHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";

    private const int StampDigits = 17, IdDigits = 5;
    private const int FirstId = 10_000, Ids = 50_000;
    private const int EventBytes = 221; // about what servers send
    private readonly byte[] _frame;
    private readonly int _stampAt;
    private readonly int _idAt;
    private readonly PaceRequest _request;

    public PaceAnswer(PaceRequest request)
    {
        _request = request;
        var data = $"data: {Chunk(request.IsChat, request.WantsIds)}\n\n";
        if (data.Length < EventBytes)
            data = data.Replace("\"fp\"", $"\"fp{new string('0', EventBytes - data.Length)}\"", StringComparison.Ordinal);
        _frame = Encoding.ASCII.GetBytes(Framed(data));
        _stampAt = _frame.AsSpan().IndexOf(Encoding.ASCII.GetBytes(new string('#', StampDigits)));
        _idAt = _frame.AsSpan().IndexOf("[@@@@@]"u8) + 1;
    }

    public int FrameBytes => _frame.Length;

    /// <summary>Writes the frame of one token.</summary>
    /// <param name="number">Its place in the answer, from 0.</param>
    /// <param name="stamp">Nanoseconds.</param>
    public void Write(Span<byte> frame, int number, long stamp)
    {
        _frame.CopyTo(frame);
        Digits(frame.Slice(_stampAt, StampDigits), stamp);
        if (_idAt > 0)
            Digits(frame.Slice(_idAt, IdDigits), FirstId + number % Ids);
    }

    /// <summary>What follows the last token: finish reason, usage, end mark.</summary>
    public byte[] Tail()
    {
        var (kind, empty) = _request.IsChat ? ("chat.completion.chunk", "\"delta\":{}") : ("text_completion", "\"text\":\"\"");
        var tail = $$"""data: {"id":"pace","object":"{{kind}}","created":1,"model":"pace","choices":[{"index":0,{{empty}},"finish_reason":"length"}]}""" + "\n\n";
        if (_request.WantsUsage)
            tail += $$"""data: {"id":"pace","object":"{{kind}}","created":1,"model":"pace","choices":[],"usage":{{Usage()}}}""" + "\n\n";
        return Encoding.ASCII.GetBytes(Framed(tail + "data: [DONE]\n\n") + "0\r\n\r\n");
    }

    /// <summary>The answer to a request for no stream.</summary>
    public byte[] Whole(long stamp)
    {
        var text = string.Concat(Enumerable.Repeat(string.Create(CultureInfo.InvariantCulture, $" {stamp:D17}"), _request.Tokens));
        var (kind, content) = _request.IsChat
            ? ("chat.completion", $"\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"}}") : ("text_completion", $"\"text\":\"{text}\"");
        var choice = $$"""{"index":0,{{content}},"finish_reason":"length"}""";
        return Json(200, $$"""{"id":"pace","object":"{{kind}}","created":1,"model":"pace","choices":[{{choice}}],"usage":{{Usage()}}}""");
    }

    public static byte[] Json(int status, string json) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 {status} {(status == 200 ? "OK" : "Error")}\r\nContent-Type: application/json\r\n"
        + $"Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}"));

    private string Usage()
    {
        var prompt = _request.Length / 4; // it has no tokenizer: about four bytes each
        return $$"""{"prompt_tokens":{{prompt}},"completion_tokens":{{_request.Tokens}},"total_tokens":{{prompt + _request.Tokens}}}""";
    }

    private static string Chunk(bool isChat, bool withIds)
    {
        var stamp = $" {new string('#', StampDigits)}";
        var ids = withIds ? ",\"token_ids\":[@@@@@]" : "";
        var (kind, text) = isChat ? ("chat.completion.chunk", $"\"delta\":{{\"content\":\"{stamp}\"}}") : ("text_completion", $"\"text\":\"{stamp}\"");
        return $$"""{"id":"pace","object":"{{kind}}","created":1,"model":"pace","system_fingerprint":"fp","choices":[{"index":0,{{text}}{{ids}},"finish_reason":null}]}""";
    }

    private static string Framed(string text) => string.Create(CultureInfo.InvariantCulture, $"{text.Length:x}\r\n{text}\r\n");

    private static void Digits(Span<byte> room, long value)
    {
        for (var at = room.Length - 1; at >= 0; at--, value /= 10)
            room[at] = (byte)('0' + value % 10);
    }
}
