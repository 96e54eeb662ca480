namespace Adaptation.Runner.Tests;

/// <summary>Answers that are unusual and right, and those that lie in a way that only a later stage can see: recorded as they came.</summary>
public sealed class FaithfulAnswerTests
{
    private static readonly byte[] Good = GivenText.Bytes(GivenText.Chunked(GivenText.GoodEvents));

    public static TheoryData<string, string> Unusual => new()
    {
        { "chunked", GivenText.Chunked(GivenText.GoodEvents) },
        { "one chunk an event", GivenText.Chunked([.. GivenText.GoodEvents.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(one => one + "\n\n")]) },
        { "sized", System.Text.Encoding.UTF8.GetString(GivenText.Sized(GivenText.GoodEvents)) },
        { "carriage returns", GivenText.Chunked(GivenText.GoodEvents.Replace('\n', '\r')) },
        { "both", GivenText.Chunked(GivenText.GoodEvents.Replace("\n", "\r\n", StringComparison.Ordinal)) },
        { "a byte order mark", GivenText.Chunked("\uFEFF" + GivenText.GoodEvents) },
        { "comments and other fields", GivenText.Chunked(": hello\n\nid: 7\nretry: 10\nevent: message\n" + GivenText.GoodEvents + ": bye\n\n") },
        { "no blank behind the colon", GivenText.Chunked(GivenText.GoodEvents.Replace("data: ", "data:", StringComparison.Ordinal)) },
        { "data over several lines", GivenText.Chunked(GivenText.GoodEvents.Replace(",\"choices\"", ",\ndata: \"choices\"", StringComparison.Ordinal)) },
        { "interim answers", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + GivenText.Chunked(GivenText.GoodEvents) },
        { "extensions and trailers", GivenText.Chunked(GivenText.GoodEvents).Replace("\r\n0\r\n\r\n", "\r\n0;a=b\r\nX-Trailer: 1\r\n\r\n", StringComparison.Ordinal) },
        { "a role first, other choices, nulls", GivenText.Chunked(GivenText.Events(
            """{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}""",
            """{"choices":[{"index":1,"delta":{"content":"not this"}}],"error":null}""") + GivenText.GoodEvents) },
    };

    [Theory]
    [MemberData(nameof(Unusual))]
    public async Task An_unusual_answer_says_the_same(string what, string answer)
    {
        var sample = await GivenText.AskAsync(answer);

        Assert.Equal((what, null, null), (what, sample.Failure, sample.Explanation));
        Assert.Equal(["Hello", " world"], sample.Chunks.Select(chunk => chunk.Text));
        Assert.Equal(("stop", new TextUsage(5, 2, 7, null), 200), (sample.FinishReason, sample.Usage, sample.Status));
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")]
    public async Task The_end_of_the_connection_ends_an_answer_that_says_no_length(string head)
    {
        var sample = await GivenText.AskInPartsAsync(GivenText.Bytes(head), GivenText.Bytes(GivenText.GoodEvents));

        Assert.Equal((null, "Hello world"), (sample.Failure, GivenText.Text(sample)));
    }

    [Fact]
    public async Task An_answer_without_length_that_is_cut_short_is_seen_by_its_missing_end_mark()
    {
        var sample = await GivenText.AskInPartsAsync(GivenText.Bytes(GivenText.StreamHead + "\r\n"), GivenText.Bytes(GivenText.Events(GivenText.Chat("a"), GivenText.Finish)));

        Assert.Equal(TextFailure.Truncated, sample.Failure);
    }

    [Fact]
    public async Task One_byte_at_a_time_says_the_same_with_a_stamp_for_every_chunk()
    {
        var sample = await GivenText.AskInPartsAsync([.. Good.Select(one => new[] { one })]);

        Assert.Null(sample.Explanation);
        Assert.Equal(["Hello", " world"], sample.Chunks.Select(chunk => chunk.Text));
        Assert.All(sample.Chunks, chunk => Assert.True(chunk.IsExact));
        Assert.True(sample.FirstByte < sample.Chunks[0].At && sample.Chunks[0].At < sample.Chunks[1].At && sample.Chunks[1].At < sample.Ended);
    }

    [Fact]
    public async Task A_character_split_between_receives_is_whole()
    {
        var answer = GivenText.Bytes(GivenText.Chunked(GivenText.Events(GivenText.Chat("床前明月光"), GivenText.Finish, GivenText.Done)));
        var within = answer.AsSpan().IndexOf("明"u8) + 1;

        var sample = await GivenText.AskInPartsAsync(answer[..within], answer[within..]);

        Assert.Equal((null, "床前明月光"), (sample.Failure, GivenText.Text(sample)));
    }

    [Fact]
    public async Task Replacement_characters_that_the_server_wrote_itself_are_kept_as_its_text()
    {
        var sample = await GivenText.AskAsync(GivenText.Chunked(GivenText.Events(GivenText.Chat("月\uFFFD"), GivenText.Chat("\\ufffd光"), GivenText.Finish, GivenText.Done)));

        Assert.Equal((null, "月\uFFFD\uFFFD光"), (sample.Failure, GivenText.Text(sample)));
    }

    [Fact]
    public async Task Chunks_that_share_a_receive_say_so()
    {
        var answer = GivenText.Bytes(GivenText.Chunked(GivenText.Events(GivenText.Chat("a")), GivenText.Events(GivenText.Chat("b")), GivenText.Events(GivenText.Finish, GivenText.Done)));
        var split = answer.AsSpan().IndexOf("\"b\""u8);
        var next = answer.AsSpan().IndexOf("\"stop\""u8) - 80;
        next = answer.AsSpan(0, next + 80).LastIndexOf("data: "u8) - 4; // before the size of the chunk that finishes

        var sample = await GivenText.AskInPartsAsync(answer[..split], answer[split..next], answer[next..]);

        Assert.Equal([("a", false), ("b", true)], sample.Chunks.Select(chunk => (chunk.Text, chunk.IsExact)));
        Assert.True(sample.Chunks[0].At < sample.Chunks[1].At);
    }

    [Fact]
    public async Task Two_tokens_in_a_chunk_and_a_count_that_is_off_by_one_stand_as_they_were_sent()
    {
        var sample = await GivenText.AskAsync(GivenText.Chunked(GivenText.Events(
            GivenText.Completion("two words", ",\"token_ids\":[11,12]"), GivenText.Completion("", ",\"token_ids\":[13]"), GivenText.Completion("!", ",\"token_ids\":[14]"),
            """{"choices":[{"index":0,"text":"","token_ids":[2],"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":6,"total_tokens":9,"prompt_tokens_details":{"cached_tokens":1}}}""",
            GivenText.Done)));

        Assert.Null(sample.Explanation);
        Assert.Equal(["two words", "!"], sample.Chunks.Select(chunk => chunk.Text));
        Assert.Equal([11, 12], sample.Chunks[0].TokenIds);
        Assert.Equal([13, 14, 2], sample.Chunks[1].TokenIds);
        Assert.Equal(new TextUsage(1, 6, 9, 1), sample.Usage);
    }

    [Fact]
    public async Task An_answer_without_usage_has_none()
    {
        var sample = await GivenText.AskAsync(GivenText.Chunked(GivenText.Events(GivenText.Chat("a"), GivenText.Finish, GivenText.Done)));

        Assert.Equal((null, null), (sample.Failure, sample.Usage));
    }

    [Theory]
    [InlineData("""{"choices":[{"index":0,"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""", null)]
    [InlineData("""{"choices":[{"index":0,"text":"whole","finish_reason":"stop"}]}""", null)]
    [InlineData("""{"choices":[{"index":0,"text":"whole","finish_reason":null}]}""", TextFailure.Truncated)]
    public async Task An_answer_that_is_no_stream_is_one_chunk(string json, TextFailure? failure)
    {
        var sample = await GivenText.AskAsync(GivenText.Json(json), spec => spec with { Requests = GivenText.Streamless });

        Assert.Equal((failure, "whole"), (sample.Failure, Assert.Single(sample.Chunks).Text));
        Assert.Equal(sample.Ended, sample.Chunks[0].At);
    }

    [Fact]
    public async Task A_whole_answer_of_garbage_is_refused()
    {
        var sample = await GivenText.AskAsync(GivenText.Json("{\"choices\""), spec => spec with { Requests = GivenText.Streamless });

        Assert.Equal(TextFailure.Protocol, sample.Failure);
    }

    [Fact]
    public async Task A_stream_where_none_was_asked_for_is_refused()
    {
        var sample = await GivenText.AskAsync(Good, spec => spec with { Requests = GivenText.Streamless });

        Assert.Equal(TextFailure.Protocol, sample.Failure);
    }
}
