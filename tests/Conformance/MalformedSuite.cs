using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Adaptation.Conformance;

/// <summary>What no client may get a server to accept, to fall over or to spend memory on.</summary>
public abstract class MalformedSuite(Backend backend)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Requests that are JSON alone.</summary>
    public static TheoryData<string> Json => new(
        "", " ", "null", "[]", "1", "\"x\"", "{", "{}", """{"inputs":null}""", """{"inputs":{}}""", """{"inputs":[]}""", """{"inputs":[1]}""",
        """{"inputs":[{}]}""", """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]} trailing""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}{}""",
        """{"id":7,"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"id":"\ud800","inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"parameters":[],"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"parameters":{"binary_data_output":"yes"},"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"z","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":1,"shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"fp32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FLOAT","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":1,"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":["1"],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1.5],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[-1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[9223372036854775808],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[9223372036854775807],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[4294967296,4294967296],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[2000000000],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1,2]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":1}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":["1"]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[true]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[null]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[NaN]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1e999]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[[[1]]]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]},{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]},{"name":"z","shape":[1],"datatype":"FP32","data":[1]}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"outputs":[{"name":"z"}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"outputs":[{}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"outputs":{}}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"outputs":[{"name":"y"},{"name":"y"}]}""",
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"outputs":[{"name":"y","parameters":{"binary_data":1}}]}""",
        $$$"""{"inputs":[{"name":"x","shape":[{{{string.Join(',', Enumerable.Repeat(1, 100))}}}],"datatype":"FP32","data":[1]}]}""",
        string.Concat(Enumerable.Repeat("""{"inputs":[""", 200)),
        new string('[', 100_000));

    /// <summary>Announced elements, announced size and bytes that follow; the JSON part itself is right.</summary>
    public static TheoryData<long, long, int> Sizes => new()
    {
        { 2, 7, 8 }, { 2, 12, 12 }, { 2, 8, 7 }, { 2, 8, 9 }, { 2, 8, 0 }, { 2, -8, 8 }, { 0, 4, 4 }, { 1, 0, 0 },
        { 1L << 61, 8, 8 }, { 1L << 40, 1L << 42, 8 }, { 60_000_000, 240_000_000, 8 }, { long.MaxValue, long.MaxValue, 0 },
    };

    [Theory, MemberData(nameof(Json))]
    public async Task A_request_that_is_not_as_the_protocol_says_is_refused(string json) => await RefusedAsync(await backend.InferAsync(json, Cancelled));

    [Theory, MemberData(nameof(Sizes))]
    public async Task Sizes_that_do_not_agree_are_refused(long elements, long announced, int sent) =>
        await RefusedAsync(await backend.InferAsync(Exchange.Binary(elements, announced), new byte[sent], Cancelled));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1")]
    [InlineData("999999")]
    [InlineData("99999999999999999999")]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("12, 12")]
    public async Task A_length_of_the_JSON_part_that_cannot_be_is_refused(string length) =>
        await RefusedAsync(await backend.InferAsync(Encoding.UTF8.GetBytes(Exchange.Binary(2)), new byte[8], length, Cancelled));

    [Fact]
    public async Task Both_kinds_of_data_for_one_input_are_refused() => await RefusedAsync(await backend.InferAsync(
        """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}}]}""", new byte[4], Cancelled));

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused() =>
        await RefusedAsync(await backend.InferAsync([.. "{\"id\":\""u8, 0xFF, 0xC0, .. "\",\"inputs\":[]}"u8], [], null, Cancelled));

    [Fact]
    public async Task A_length_that_no_server_should_take_is_refused_before_it_is_sent()
    {
        var answer = await SendRawAsync("POST /v2/models/echo/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 300000000000\r\n\r\n{", shutdown: false);

        Assert.Contains(" 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("error", answer, StringComparison.Ordinal);
        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_body_that_breaks_off_harms_nobody()
    {
        var answer = await SendRawAsync("POST /v2/models/echo/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"inputs\":[", shutdown: true);

        Assert.DoesNotContain(" 200 ", answer, StringComparison.Ordinal);
        await StillAnswersAsync();
    }

    [Theory]
    [InlineData("GET / HTTP/9.9\r\n\r\n")]
    [InlineData("\0\0\0\0\0\0\0\0\r\n\r\n")]
    [InlineData("POST /v2/models/echo/infer HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /v2/models/echo/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")]
    [InlineData("POST /v2/models/%ff%00/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")]
    public async Task What_is_no_HTTP_harms_nobody(string bytes)
    {
        var answer = await SendRawAsync(bytes, shutdown: true);

        Assert.DoesNotContain(" 200 ", answer, StringComparison.Ordinal);
        await StillAnswersAsync();
    }

    [Fact]
    public async Task Five_hundred_random_mutations_of_a_good_request_leave_the_server_answering()
    {
        const int Seed = 20260501;
        var random = new Random(Seed);
        var json = Encoding.UTF8.GetBytes(Exchange.Binary(64));
        var statuses = new Dictionary<HttpStatusCode, int>();
        for (var round = 0; round < 500; round++)
        {
            var (mutated, length) = Mutate(random, [.. json, .. new byte[256]], json.Length);
            var answer = await backend.InferAsync(mutated, [], length, Cancelled);
            statuses[answer.Status] = statuses.GetValueOrDefault(answer.Status) + 1;
            Assert.True((int)answer.Status is 200 or (>= 400 and < 500), $"seed {Seed}, round {round}: {(int)answer.Status}");
        }

        Assert.True(statuses.GetValueOrDefault(HttpStatusCode.BadRequest) > 100, $"seed {Seed}: hardly anything was malformed");
        await StillAnswersAsync();
    }

    private static (byte[] Body, string Length) Mutate(Random random, byte[] body, int jsonLength)
    {
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var at = random.Next(random.Next(4) == 0 ? body.Length : Math.Min(jsonLength, body.Length));
            body = random.Next(5) switch
            {
                0 => [.. body[..at], (byte)random.Next(256), .. body[(at + 1)..]],
                1 => [.. body[..at], .. body[(at + 1)..]],
                2 => [.. body[..at], (byte)"{}[]\",:0123456789-e"[random.Next(19)], .. body[at..]],
                3 => [.. body[..at], .. body[random.Next(at + 1)..]],
                _ => body[..Math.Max(1, at)],
            };
            if (body.Length == 0)
                body = [0];
        }
        return (body, (random.Next(4) == 0 ? random.Next(-2, 2 * body.Length) : jsonLength).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private async Task RefusedAsync(Answer answer)
    {
        Assert.InRange((int)answer.Status, 400, 499);
        Assert.NotEmpty(answer.Error);
        await StillAnswersAsync();
    }

    private async Task StillAnswersAsync()
    {
        var answer = await backend.InferAsync(Exchange.Binary(2), Exchange.Floats(1, 2), Cancelled);

        Assert.Equal(Exchange.Floats(1, 2), answer.Binary);
    }

    /// <summary>Sends bytes as they are and reads until the server closes or has answered.</summary>
    private async Task<string> SendRawAsync(string text, bool shutdown)
    {
        using var socket = await backend.Process.ConnectAsync(Cancelled);
        await socket.SendAsync(Encoding.Latin1.GetBytes(text), Cancelled);
        if (shutdown)
            socket.Shutdown(SocketShutdown.Send);
        var (answer, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            for (int got; (got = await socket.ReceiveAsync(buffer, Cancelled)) > 0;)
                answer.Append(Encoding.Latin1.GetString(buffer, 0, got));
        }
        catch (SocketException)
        {
            answer.Append(" (reset)");
        }
        return answer.ToString();
    }
}
