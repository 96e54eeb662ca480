using System.Net;
using System.Text.Json;
using Adaptation.Conformance;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>Chats, embeddings and the routes around them.</summary>
public sealed class ChatTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_chat_is_what_the_template_makes_of_it()
    {
        await using var host = await TextHost.StartAsync(new());
        var body = host.ChatRequest("\"temperature\":0,\"max_tokens\":12,\"return_token_ids\":true");

        var chat = await host.PostAsync(TextExchange.Chat, body, Cancelled);
        var completion = await host.PostAsync(
            TextExchange.Completions, host.Completion($"\"prompt\":{chat.Json.GetProperty("prompt_token_ids").GetRawText()},\"temperature\":0,\"max_tokens\":12"), Cancelled);
        var stream = await host.StreamAsync(TextExchange.Chat, body, Cancelled);

        var rendered = string.Concat(chat.Json.GetProperty("prompt_token_ids").EnumerateArray().Select(id => (char)id.GetInt32()));
        Assert.Equal("user:hello</s>assistant:", rendered);
        Assert.Equal("assistant", chat.Choice(0).GetProperty("message").GetProperty("role").GetString());
        Assert.Equal(completion.Text(), chat.Text());
        Assert.Equal(chat.Text(), stream.Text());
        Assert.Equal(chat.Ids(), stream.Ids());
        Assert.Equal("assistant", stream.Parts(0).First().GetProperty("delta").GetProperty("role").GetString());
        Assert.Equal(chat.Json.GetProperty("prompt_token_ids").GetRawText(), stream.Events[0].GetProperty("prompt_token_ids").GetRawText());
        Assert.Equal("chat.completion.chunk", stream.Events[0].GetProperty("object").GetString());
    }

    [Theory]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", true)]
    [InlineData("\"tools\":[{\"type\":\"function\"}],\"tool_choice\":\"auto\"", true)]
    [InlineData("\"tools\":[{\"type\":\"function\"}],\"tool_choice\":\"none\"", false)]
    [InlineData("\"tool_choice\":\"none\"", false)]
    [InlineData("\"response_format\":{\"type\":\"text\"},\"user\":\"me\",\"max_completion_tokens\":3,\"max_tokens\":3", false)]
    public async Task Tools_reach_the_template_unless_none_may_be_called(string members, bool reach)
    {
        await using var host = await TextHost.StartAsync(new());

        var chat = await host.PostAsync(TextExchange.Chat, host.ChatRequest("\"max_tokens\":3,\"return_token_ids\":true," + members), Cancelled);

        Assert.Equal(HttpStatusCode.OK, chat.Status);
        Assert.Equal(reach ? '[' : 'u', (char)chat.Json.GetProperty("prompt_token_ids")[0].GetInt32());
    }

    [Theory]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{}}}", "response_format")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "response_format")]
    [InlineData("\"tools\":[{\"type\":\"function\"}],\"tool_choice\":\"required\"", "tool_choice")]
    [InlineData("\"tools\":[{\"type\":\"function\"}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "tool_choice")]
    [InlineData("\"tools\":[{\"type\":\"function\"}],\"parallel_tool_calls\":true", "parallel_tool_calls")]
    public async Task What_would_make_an_answer_a_call_or_a_structure_is_refused_and_not_ignored(string members, string parameter)
    {
        await using var host = await TextHost.StartAsync(new());

        var answer = await host.PostAsync(TextExchange.Chat, host.ChatRequest("\"max_tokens\":3," + members), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(parameter, answer.Error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task What_a_template_refuses_is_refused_in_its_words()
    {
        await using var host = await TextHost.StartAsync(new());

        var answer = await host.PostAsync(TextExchange.Chat, host.ChatRequest("\"messages\":[{\"role\":\"nobody\",\"content\":\"a\"}]"), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("the template knows no role nobody", answer.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_log_probabilities_name_bytes_and_as_many_alternatives_as_asked_for()
    {
        await using var host = await TextHost.StartAsync(new());

        var chat = await host.PostAsync(TextExchange.Chat, host.ChatRequest("\"temperature\":0,\"max_tokens\":3,\"logprobs\":true,\"top_logprobs\":4"), Cancelled);

        Assert.All(chat.Choice(0).GetProperty("logprobs").GetProperty("content").EnumerateArray(), token =>
        {
            Assert.Equal(4, token.GetProperty("top_logprobs").GetArrayLength());
            Assert.Equal(token.GetProperty("logprob").GetDouble(), token.GetProperty("top_logprobs")[0].GetProperty("logprob").GetDouble());
            Assert.Equal(token.GetProperty("bytes").GetRawText(), token.GetProperty("top_logprobs")[0].GetProperty("bytes").GetRawText());
        });
    }

    [Fact]
    public async Task Embeddings_are_the_same_numbers_in_both_encodings()
    {
        await using var host = await TextHost.StartAsync(new());

        var floats = await host.PostAsync(TextExchange.Embeddings, """{"model":"scripted","input":["a","b"]}""", Cancelled);
        var base64 = await host.PostAsync(TextExchange.Embeddings, """{"model":"scripted","input":[[256,97]],"encoding_format":"base64"}""", Cancelled);

        Assert.Equal("[353,0.5,-1]", floats.Json.GetProperty("data")[0].GetProperty("embedding").GetRawText());
        Assert.Equal(4, floats.Usage("total_tokens"));
        var bytes = base64.Json.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal([353f, 0.5f, -1f], System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    [Theory]
    [InlineData("""{"model":"scripted"}""", "input")]
    [InlineData("""{"model":"scripted","input":1}""", "input")]
    [InlineData("""{"model":"scripted","input":[]}""", "input")]
    [InlineData("""{"model":"scripted","input":"a","encoding_format":"int8"}""", "encoding_format")]
    [InlineData("""{"model":"scripted","input":"a","dimensions":2}""", "dimensions")]
    [InlineData("""{"input":"a"}""", "model")]
    public async Task A_request_for_embeddings_that_cannot_be_is_refused_by_name(string body, string parameter)
    {
        await using var host = await TextHost.StartAsync(new());

        var answer = await host.PostAsync(TextExchange.Embeddings, body, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(parameter, answer.Error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task A_model_that_embeds_nothing_says_so()
    {
        await using var host = await TextHost.StartAsync(new() { Embeds = false });

        var answer = await host.PostAsync(TextExchange.Embeddings, """{"model":"scripted","input":"a"}""", Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
    }

    [Fact]
    public async Task Nothing_but_health_is_told_without_the_key()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "secret-1\n", Cancelled);
        await using var host = await TextHost.StartAsync(new(), apiKeyFile: file);
        File.Delete(file);
        async Task<HttpStatusCode> AskAsync(string path, string? authorization)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var message = await host.Client.SendAsync(request, Cancelled);
            return message.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync("health", null));
        foreach (var path in (string[])["v1/models", "metrics", "v2", "v2/models/scripted"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(path, null));
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(path, "Bearer secret-2"));
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(path, "secret-1"));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(path, "Bearer secret-1"));
        }
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused()
    {
        await using var host = await TextHost.StartAsync(new());

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(TextExchange.Completions, UriKind.Relative));
        request.Content = new StringContent(host.Completion($"\"user\":\"{new string('a', 2 << 20)}\""));
        request.Headers.ExpectContinue = true; // so that the answer is read before anything breaks

        var answer = await TextExchange.ReadAsync(await host.Client.SendAsync(request, Cancelled), Cancelled);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
    }

    [Fact]
    public async Task The_tensor_face_answers_while_streams_run_and_never_at_the_same_time_as_a_step()
    {
        await using var host = await TextHost.StartAsync(new());
        var streams = Enumerable.Range(0, 4).Select(_ => host.StreamAsync(TextExchange.Completions, host.Completion("\"max_tokens\":200,\"ignore_eos\":true"), Cancelled)).ToArray();

        for (var round = 0; round < 20; round++)
        {
            using var content = new StringContent("""{"inputs":[{"name":"input_ids","shape":[1,2],"datatype":"INT64","data":[1,2]}]}""");
            using var message = await host.Client.PostAsync(new Uri("v2/models/scripted/infer", UriKind.Relative), content, Cancelled);
            using var json = JsonDocument.Parse(await message.Content.ReadAsStringAsync(Cancelled));
            Assert.Equal(2 * ScriptedModel.Size, json.RootElement.GetProperty("outputs")[0].GetProperty("data").GetArrayLength());
        }

        Assert.All(await Task.WhenAll(streams), stream => Assert.Equal("length", stream.Finish()));
    }
}
