using System.Text;

namespace Adaptation.Runner.Tests;

/// <summary>Each way of misbehaving, told apart: what the sample says of it, and that nothing hangs, grows or crashes.</summary>
public sealed class HostileAnswerTests
{
    private const string Chunks = GivenText.StreamHead + "Transfer-Encoding: chunked\r\n\r\n";

    /// <summary>Answers with a name, what they are classed as, and a part of the explanation.</summary>
    public static TheoryData<string, string, TextFailure, string> Wrong => new()
    {
        { "content after [DONE]", GivenText.Chunked(GivenText.GoodEvents + GivenText.Events(GivenText.Chat("more"))), TextFailure.Protocol, "behind [DONE]" },
        { "content after the finish reason", GivenText.Chunked(GivenText.Events(GivenText.Chat("a"), GivenText.Finish, GivenText.Chat("b"), GivenText.Done)), TextFailure.Protocol, "finish reason" },
        { "no [DONE]", GivenText.Chunked(GivenText.Events(GivenText.Chat("a"), GivenText.Finish)), TextFailure.Truncated, "without [DONE]" },
        { "no finish reason", GivenText.Chunked(GivenText.Events(GivenText.Chat("a"), GivenText.Done)), TextFailure.Truncated, "finish reason" },
        { "cut within an event", GivenText.Chunked(GivenText.GoodEvents + "data: {"), TextFailure.Truncated, "within an event" },
        { "nothing at all", GivenText.Chunked(), TextFailure.Truncated, "without [DONE]" },
        { "invalid JSON", GivenText.Chunked(GivenText.Events("{\"choices\":[}", GivenText.Done)), TextFailure.Protocol, "not JSON" },
        { "a key twice", GivenText.Chunked(GivenText.Events("""{"choices":[],"choices":[]}""", GivenText.Done)), TextFailure.Protocol, "not JSON" },
        { "JSON that is no object", GivenText.Chunked(GivenText.Events("[]", GivenText.Done)), TextFailure.Protocol, "expected an object" },
        { "no choices", GivenText.Chunked(GivenText.Events("{}", GivenText.Done)), TextFailure.Protocol, "choices" },
        { "content that is no string", GivenText.Chunked(GivenText.Events("""{"choices":[{"index":0,"delta":{"content":7}}]}""", GivenText.Done)), TextFailure.Protocol, "content" },
        { "a token id that is none", GivenText.Chunked(GivenText.Events("""{"choices":[{"index":0,"text":"a","token_ids":[1.5]}]}""", GivenText.Done)), TextFailure.Protocol, "token_ids" },
        { "a token id beyond all vocabularies", GivenText.Chunked(GivenText.Events("""{"choices":[{"index":0,"text":"a","token_ids":[4294967296]}]}""", GivenText.Done)), TextFailure.Protocol, "token_ids" },
        { "usage that is no integer", GivenText.Chunked(GivenText.Events("""{"choices":[],"usage":{"prompt_tokens":1.5,"completion_tokens":1,"total_tokens":2}}""", GivenText.Done)), TextFailure.Protocol, "prompt_tokens" },
        { "negative usage", GivenText.Chunked(GivenText.Events("""{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":-1,"total_tokens":2}}""", GivenText.Done)), TextFailure.Protocol, "completion_tokens" },
        { "an error inside the stream", GivenText.Chunked(GivenText.Events(GivenText.Chat("a"), """{"error":{"message":"out of memory on npu 3"}}""", GivenText.Done)), TextFailure.Refused, "out of memory on npu 3" },
        { "half a surrogate pair", GivenText.Chunked(GivenText.Events(GivenText.Chat("x\\ud83d"), GivenText.Finish, GivenText.Done)), TextFailure.Protocol, "surrogate" },
        { "wrong content type", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", TextFailure.Protocol, "text/html" },
        { "no content type", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", TextFailure.Protocol, "Content-Type" },
        { "JSON where a stream was asked for", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", TextFailure.Protocol, "application/json" },
        { "gzip", GivenText.StreamHead + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi", TextFailure.Protocol, "gzip" },
        { "a redirect", "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", TextFailure.Refused, "302" },
        { "no content", "HTTP/1.1 204 No Content\r\n\r\n", TextFailure.Refused, "204" },
        { "status 500 with an error object", Encoding.UTF8.GetString(GivenText.Json("""{"error":{"message":"kernel panic"}}""", 500)), TextFailure.Refused, "kernel panic" },
        { "status 429", Encoding.UTF8.GetString(GivenText.Json("""{"error":"slow down"}""", 429, "Retry-After: 1\r\n")), TextFailure.Refused, "slow down" },
        { "status 503 in plain words", "HTTP/1.1 503 Busy\r\nContent-Length: 8\r\n\r\nno slots", TextFailure.Refused, "no slots" },
        { "Content-Length twice", GivenText.StreamHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", TextFailure.Protocol, "twice" },
        { "Content-Length and chunks", GivenText.StreamHead + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", TextFailure.Protocol, "both" },
        { "a chunk size that is none", Chunks + "xyz\r\n", TextFailure.Protocol, "chunk" },
        { "a chunk longer than its size", Chunks + "1\r\nab\r\n", TextFailure.Protocol, "chunk" },
        { "a switch of protocols", "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", TextFailure.Protocol, "101" },
        { "no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", TextFailure.Protocol, "SSH-2.0" },
        { "garbage behind the last chunk", GivenText.Chunked(GivenText.GoodEvents) + "HTTP/1.1 200 OK\r\n", TextFailure.Protocol, "behind its end" },
        { "a length beyond the limit", GivenText.StreamHead + "Content-Length: 999999999999\r\n\r\n", TextFailure.TooLarge, "999999999999" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_wrong_answer_is_told_apart(string what, string answer, TextFailure failure, string explanation)
    {
        var sample = await GivenText.AskAsync(answer);

        Assert.Equal((what, failure), (what, sample.Failure));
        Assert.Contains(explanation, sample.Explanation, StringComparison.Ordinal);
        Assert.InRange(sample.Explanation!.Length, 1, 600);
        Assert.True(sample.Sent >= sample.Due && sample.FirstByte >= sample.Sent && sample.Ended >= sample.FirstByte);
    }

    [Theory]
    [InlineData("", "before any answer")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-", "headers")]
    [InlineData(Chunks + "5\r\nab", "chunked body")]
    [InlineData(GivenText.StreamHead + "Content-Length: 9\r\n\r\nabc", "3 of the 9 bytes")]
    public async Task A_connection_that_ends_within_an_answer_is_broken(string answer, string explanation)
    {
        var sample = await GivenText.AskInPartsAsync(GivenText.Bytes(answer));

        Assert.Equal(TextFailure.Broken, sample.Failure);
        Assert.Contains(explanation, sample.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reset_is_broken_and_what_came_before_it_is_kept()
    {
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.Socket.Receive(new byte[1]); // closing with bytes unread resets a Unix socket
            peer.Send(GivenText.Bytes(Chunks + GivenText.Chunk(GivenText.Events(GivenText.Chat("Hello")))));
            peer.WaitUntilReceived();
        });

        var sample = await GivenText.AskAsync(server);

        Assert.Equal((TextFailure.Broken, "Hello"), (sample.Failure, GivenText.Text(sample)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData(Chunks + "5\r\nab")]
    public async Task A_server_that_stalls_is_a_timeout(string answer)
    {
        var sample = await GivenText.AskAsync(GivenText.Bytes(answer), spec => spec with { RequestLimit = TimeSpan.FromMilliseconds(300) });

        Assert.Equal(TextFailure.Timeout, sample.Failure);
        Assert.True(sample.Ended - sample.Due >= 300_000_000);
    }

    [Fact]
    public async Task A_stream_that_never_ends_its_answer_after_done_is_a_timeout_and_its_text_is_kept()
    {
        var answer = GivenText.Bytes(Chunks + GivenText.Chunk(GivenText.GoodEvents));

        var sample = await GivenText.AskAsync(answer, spec => spec with { RequestLimit = TimeSpan.FromSeconds(2) });

        Assert.Equal((TextFailure.Timeout, "Hello world"), (sample.Failure, GivenText.Text(sample)));
    }

    [Theory]
    [InlineData("data: x")]
    [InlineData(": still here\n\n")]
    public async Task A_stream_without_end_is_read_up_to_the_limit_and_no_further(string unit)
    {
        var block = GivenText.Bytes(GivenText.Chunk(string.Concat(Enumerable.Repeat(unit, 4096))));

        var sample = await GivenText.AskAsync(
            peer =>
            {
                peer.ReadRequest();
                peer.Send(GivenText.Bytes(Chunks));
                for (var sent = 0L; sent < 100 << 20; sent += block.Length)
                    peer.Send(block);
            },
            spec => spec with { AnswerLimit = 1 << 20 });

        Assert.Equal(TextFailure.TooLarge, sample.Failure);
        Assert.Empty(sample.Chunks);
    }

    [Fact]
    public async Task Headers_without_end_are_cut_off()
    {
        var sample = await GivenText.AskAsync("HTTP/1.1 200 OK\r\nX: " + new string('x', 100_000));

        Assert.Equal(TextFailure.Protocol, sample.Failure);
        Assert.Contains("65536", sample.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF_8_are_refused_and_recorded_as_replacement_characters()
    {
        var body = GivenText.Bytes(GivenText.Events(GivenText.Chat("a\u0001b"), GivenText.Finish, GivenText.Done)).Select(one => one == 1 ? (byte)0xE4 : one).ToArray();

        var sample = await GivenText.AskAsync(GivenText.Sized(body));

        Assert.Equal((TextFailure.Protocol, "a\uFFFDb"), (sample.Failure, GivenText.Text(sample)));
        Assert.Contains("UTF-8", sample.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_pair_keeps_the_rest_of_its_text()
    {
        var sample = await GivenText.AskAsync(GivenText.Chunked(GivenText.Events(GivenText.Chat("a\\ud83d\\n"), GivenText.Chat("\\ude00\\ud83d\\ude00"), GivenText.Finish, GivenText.Done)));

        Assert.Equal(["a\uFFFD\n", "\uFFFD\U0001F600"], sample.Chunks.Select(chunk => chunk.Text));
    }

    [Fact]
    public async Task An_early_refusal_of_a_large_request_is_read()
    {
        var sample = await GivenText.AskAsync(
            peer =>
            {
                peer.Socket.Receive(new byte[10]);
                peer.Send(GivenText.Json("""{"error":"too large"}""", 413));
                peer.WaitForHangUp();
            },
            spec => spec with { Requests = [new("/v1/completions", new byte[32 << 20])] });

        Assert.Equal((TextFailure.Refused, 413), (sample.Failure, sample.Status));
        Assert.Contains("too large", sample.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_comes_before_the_request_is_through_is_no_answer()
    {
        using var answered = new ManualResetEventSlim();

        var sample = await GivenText.AskAsync(
            peer =>
            {
                peer.Socket.Receive(new byte[10]);
                peer.Send(GivenText.Bytes(GivenText.Chunked(GivenText.GoodEvents)));
                answered.Wait(TestContext.Current.CancellationToken); // and takes no more of the request
            },
            spec => spec with { Requests = [new("/v1/completions", new byte[32 << 20])] });

        answered.Set();
        Assert.Equal(TextFailure.Protocol, sample.Failure);
        Assert.Contains("before it had the whole request", sample.Explanation, StringComparison.Ordinal);
    }
}
