using System.Net;

namespace Adaptation.Conformance;

/// <summary>What every OpenAI-compatible server answers, whatever its model says.</summary>
public abstract class OpenAiSuite(ITextServer server)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_model_is_listed()
    {
        using var message = await server.Client.GetAsync(new Uri("v1/models", UriKind.Relative), Cancelled);
        var answer = await TextExchange.ReadAsync(message, Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("list", answer.Json.GetProperty("object").GetString());
        Assert.Contains(answer.Json.GetProperty("data").EnumerateArray(), model => model.GetProperty("id").GetString() == server.Model);
    }

    [Theory]
    [InlineData("\"temperature\":0")]
    [InlineData("\"temperature\":1,\"seed\":7")]
    [InlineData("\"temperature\":1.3,\"seed\":-9223372036854775808,\"top_p\":0.9,\"presence_penalty\":0.5,\"frequency_penalty\":-0.5")]
    [InlineData("\"temperature\":0.8,\"seed\":3,\"n\":3")]
    public async Task A_stream_says_what_the_whole_answer_says(string members)
    {
        var body = server.Completion(members + ",\"max_tokens\":24");
        var choices = members.Contains("\"n\":3", StringComparison.Ordinal) ? 3 : 1;

        var whole = await server.PostAsync(TextExchange.Completions, body, Cancelled);
        var stream = await server.StreamAsync(TextExchange.Completions, body, Cancelled);

        Assert.Equal(HttpStatusCode.OK, whole.Status);
        Assert.True(stream.HasEndMark);
        for (var choice = 0; choice < choices; choice++)
        {
            Assert.Equal(whole.Text(choice), stream.Text(choice));
            Assert.Equal(whole.Finish(choice), stream.Finish(choice));
        }
    }

    [Fact]
    public async Task Usage_comes_once_last_and_without_choices()
    {
        var body = server.Completion("\"temperature\":0,\"max_tokens\":8,\"stream_options\":{\"include_usage\":true}");

        var whole = await server.PostAsync(TextExchange.Completions, server.Completion("\"temperature\":0,\"max_tokens\":8"), Cancelled);
        var stream = await server.StreamAsync(TextExchange.Completions, body, Cancelled);

        Assert.Equal(0, stream.Events[^1].GetProperty("choices").GetArrayLength());
        Assert.All(stream.Events.SkipLast(1), each => Assert.Equal(System.Text.Json.JsonValueKind.Null, each.GetProperty("usage").ValueKind));
        foreach (var name in (string[])["prompt_tokens", "completion_tokens", "total_tokens"])
            Assert.Equal(whole.Usage(name), stream.Usage.GetProperty(name).GetInt32());
        Assert.Equal(whole.Usage("total_tokens"), whole.Usage("prompt_tokens") + whole.Usage("completion_tokens"));
    }

    [Fact]
    public async Task The_length_asked_for_ends_an_answer()
    {
        var answer = await server.PostAsync(TextExchange.Completions, server.Completion("\"temperature\":0,\"max_tokens\":1"), Cancelled);

        Assert.Equal(1, answer.Usage("completion_tokens"));
        Assert.Contains(answer.Finish(), new[] { "length", "stop" });
    }

    [Fact]
    public async Task A_stop_string_is_never_seen_wherever_it_lies()
    {
        var text = (await server.PostAsync(TextExchange.Completions, server.Completion("\"temperature\":0,\"max_tokens\":24"), Cancelled)).Text();
        for (var start = 1; start + 3 <= text.Length; start++)
        {
            var stop = text.Substring(start, 3);
            if (stop.Any(char.IsSurrogate))
                continue;
            var body = server.Completion($"\"temperature\":0,\"max_tokens\":24,\"stop\":{System.Text.Json.JsonSerializer.Serialize(stop)}");

            var (whole, stream) = (await server.PostAsync(TextExchange.Completions, body, Cancelled), await server.StreamAsync(TextExchange.Completions, body, Cancelled));

            Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], whole.Text());
            Assert.Equal(whole.Text(), stream.Text());
            Assert.Equal("stop", whole.Finish());
            Assert.Equal("stop", stream.Finish());
        }
    }

    [Fact]
    public async Task A_seed_gives_the_same_choices_again_and_another_gives_others()
    {
        async Task<string[]> AskAsync(int seed)
        {
            var answer = await server.PostAsync(TextExchange.Completions, server.Completion($"\"temperature\":2,\"n\":4,\"max_tokens\":24,\"seed\":{seed}"), Cancelled);
            return [.. Enumerable.Range(0, 4).Select(answer.Text)];
        }

        var (first, again, other) = (await AskAsync(1), await AskAsync(1), await AskAsync(2));

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.Equal(4, first.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task Answers_asked_at_once_are_those_asked_alone()
    {
        var bodies = Enumerable.Range(0, 12).Select(each =>
            server.Completion($"\"prompt\":\"{new string((char)('a' + each), each + 1)}\",\"temperature\":1,\"seed\":{each},\"max_tokens\":20")).ToArray();
        var alone = new List<string>();
        foreach (var body in bodies)
            alone.Add((await server.PostAsync(TextExchange.Completions, body, Cancelled)).Text());

        var together = await Task.WhenAll(bodies.Select(body => server.StreamAsync(TextExchange.Completions, body, Cancelled)));

        Assert.Equal(alone, together.Select(stream => stream.Text()));
    }

    [Fact]
    public async Task Every_generated_id_is_counted()
    {
        Assert.SkipUnless(server.HasExtensions, "the server does not show token ids");
        var body = server.Completion("\"temperature\":1,\"seed\":5,\"max_tokens\":24,\"return_token_ids\":true,\"stream_options\":{\"include_usage\":true}");

        var stream = await server.StreamAsync(TextExchange.Completions, body, Cancelled);

        Assert.Equal(stream.Usage.GetProperty("completion_tokens").GetInt32(), stream.Ids().Length);
        Assert.Equal(stream.Usage.GetProperty("prompt_tokens").GetInt32(), stream.Parts(0).First().GetProperty("prompt_token_ids").GetArrayLength());
        Assert.All(stream.Parts(0).Skip(1), part => Assert.False(part.TryGetProperty("prompt_token_ids", out _)));
    }

    [Fact]
    public async Task The_greedy_token_is_the_most_probable_one()
    {
        var answer = await server.PostAsync(TextExchange.Completions, server.Completion("\"temperature\":0,\"max_tokens\":6,\"logprobs\":5"), Cancelled);

        var shown = answer.Choice(0).GetProperty("logprobs");
        for (var at = 0; at < shown.GetProperty("tokens").GetArrayLength(); at++)
        {
            var chosen = shown.GetProperty("token_logprobs")[at].GetDouble();
            Assert.InRange(chosen, -100, 0);
            Assert.All(shown.GetProperty("top_logprobs")[at].EnumerateObject(), other => Assert.True(other.Value.GetDouble() <= chosen));
        }
    }

    [Fact]
    public async Task Another_model_is_not_found()
    {
        var answer = await server.PostAsync(TextExchange.Completions, server.Completion("\"model\":\"gpt-9\""), Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Equal("model_not_found", answer.Error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_request_beyond_the_context_is_refused()
    {
        var answer = await server.PostAsync(TextExchange.Completions, server.Completion("\"max_tokens\":2000000000"), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("context_length_exceeded", answer.Error.GetProperty("code").GetString());
    }
}
