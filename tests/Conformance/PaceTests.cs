using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Adaptation.Conformance;

/// <summary>The server of known delay, as a client of any such server sees it.</summary>
public sealed class PaceTests
{
    private const long Millisecond = 1_000_000;
    private static readonly string[] Paced = ["--adapter", "pace", "--first-ms", "8", "--gap-ms", "4", "--tokens", "7"];
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/completions", (int)HostProcess.EndPointKind.Tcp)]
    [InlineData("/v1/chat/completions", (int)HostProcess.EndPointKind.Unix)]
    public async Task Tokens_say_when_they_left_and_that_is_never_before_they_were_due(string path, int kind)
    {
        await using var host = await HostProcess.StartAsync((HostProcess.EndPointKind)kind, Paced);

        var asked = Stopwatch.GetTimestamp(); // the same clock, in the same nanoseconds
        var events = await AskAsync(host, path, """{"stream":true,"max_tokens":5,"return_token_ids":true,"stream_options":{"include_usage":true}}""");

        var stamps = events.Take(5).Select(one => Choice(one)).Select(choice => Text(choice)).Select(text => long.Parse(text, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture)).ToArray();
        Assert.All(stamps.Index(), token => Assert.True(token.Item - asked >= (8 + 4 * token.Index) * Millisecond));
        Assert.Equal(stamps.Order(), stamps);
        Assert.Equal([10000, 10001, 10002, 10003, 10004], events.Take(5).Select(one => Choice(one).GetProperty("token_ids")[0].GetInt32()));
        Assert.Equal("length", Choice(events[5]).GetProperty("finish_reason").GetString());
        Assert.Equal(5, JsonDocument.Parse(events[6]).RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(["[DONE]"], events.Skip(7));
    }

    [Theory]
    [InlineData("""{"stream":true}""", 7)]
    [InlineData("""{"stream":true,"max_tokens":1}""", 1)]
    [InlineData("""{"stream":true,"max_completion_tokens":2}""", 2)]
    public async Task An_answer_is_as_long_as_was_asked(string body, int tokens)
    {
        await using var host = await HostProcess.StartAsync(HostProcess.EndPointKind.Unix, Paced);

        Assert.Equal(tokens + 2, (await AskAsync(host, "/v1/completions", body)).Count); // finish reason and end mark
    }

    [Fact]
    public async Task Without_a_gap_all_tokens_come_however_many()
    {
        await using var host = await HostProcess.StartAsync(HostProcess.EndPointKind.Unix, "--adapter", "pace", "--first-ms", "0", "--gap-ms", "0");

        Assert.Equal(50_002, (await AskAsync(host, "/v1/completions", """{"stream":true,"max_tokens":50000}""")).Count);
    }

    [Theory]
    [InlineData("/v1/completions", """{"max_tokens":0}""", 400)]
    [InlineData("/v1/completions", """{"max_tokens":"two"}""", 400)]
    [InlineData("/v1/completions", """{"max_tokens":""", 400)]
    [InlineData("/v1/nothing", "{}", 404)]
    public async Task What_cannot_be_answered_is_refused_with_an_error_object(string path, string body, int status)
    {
        await using var host = await HostProcess.StartAsync(HostProcess.EndPointKind.Unix, Paced);

        using var answer = await host.Client.PostAsync(path, new StringContent(body), Token);

        Assert.Equal(status, (int)answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal(status, json.RootElement.GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task It_ends_when_asked_to_and_leaves_no_socket()
    {
        await using var host = await HostProcess.StartAsync(HostProcess.EndPointKind.Unix, Paced);

        Assert.Equal(0, await host.TerminateAsync());
        Assert.False(File.Exists(host.Address));
    }

    [Theory]
    [InlineData("--gap-ms -1")]
    [InlineData("--tokens 0")]
    [InlineData("--listen unix:relative")]
    [InlineData("--library x")]
    public async Task Wrong_arguments_of_it_are_named_and_end_with_3(string wrong)
    {
        var (exitCode, error, _) = await HostProcess.RunAsync(["--adapter", "pace", .. wrong.Split(' ')]);

        Assert.Equal(3, exitCode);
        Assert.Contains(wrong, error, StringComparison.Ordinal);
    }

    private static async Task<List<string>> AskAsync(HostProcess host, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await host.Client.PostAsync(path, content, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(one => one["data: ".Length..])];
    }

    private static JsonElement Choice(string data) => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0];

    private static string Text(JsonElement choice) => choice.TryGetProperty("delta", out var delta) ? delta.GetProperty("content").GetString()! : choice.GetProperty("text").GetString()!;
}
