using System.Net;

namespace Adaptation.Conformance;

/// <summary>What must be refused, with the name of the parameter, rather than ignored.</summary>
public abstract class OpenAiRefusalSuite(ITextServer server)
{
    private static readonly string[] WrongForAll = ["{}", "[{}]", "\"x\"", "true", "1e999", "-1e999", "99999999999999999999", "1.5"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A parameter and a value that it cannot have.</summary>
    public static TheoryData<string, string> Completions
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var value in WrongForAll)
            {
                foreach (var name in (string[])["max_tokens", "n", "seed", "logprobs"])
                    cases.Add(name, value);
                if (value != "1.5")
                {
                    foreach (var name in (string[])["temperature", "presence_penalty", "frequency_penalty"])
                        cases.Add(name, value);
                }
                if (value != "\"x\"")
                    cases.Add("stop", value == "{}" ? "[\"a\",\"b\",\"c\",\"d\",\"e\"]" : value);
            }
            foreach (var (name, value) in Others)
                cases.Add(name, value);
            return cases;
        }
    }

    private static (string Name, string Value)[] Others =>
    [
        ("temperature", "-0.1"), ("temperature", "2.1"), ("top_p", "-0.1"), ("top_p", "1.1"), ("top_p", "\"1\""), ("max_tokens", "0"), ("max_tokens", "-1"),
        ("n", "0"), ("n", "129"), ("stop", "\"\""), ("stop", "[\"\"]"), ("stop", "[1]"), ("presence_penalty", "2.1"), ("frequency_penalty", "-2.1"),
        ("logprobs", "21"), ("logprobs", "-1"), ("logprobs", "true"), ("logit_bias", "[]"), ("logit_bias", "{\"x\":1}"), ("logit_bias", "{\"-1\":1}"),
        ("logit_bias", "{\"1\":101}"), ("logit_bias", "{\"1\":\"1\"}"), ("logit_bias", "{\"99999999\":1}"), ("stream", "1"), ("stream", "\"true\""),
        ("stream_options", "{\"include_usage\":true}"), ("echo", "1"), ("best_of", "2"), ("suffix", "\"end\""), ("user", "1"),
        ("prompt", "null"), ("prompt", "[]"), ("prompt", "1"), ("prompt", "{}"), ("prompt", "[[]]"), ("prompt", "[1,\"a\"]"), ("prompt", "[\"a\",1]"),
        ("prompt", "[-1]"), ("prompt", "[99999999]"), ("prompt", "[1.5]"), ("prompt", "[[1],2]"), ("prompt", "\"\\ud800\""), ("model", "1"), ("model", "null"),
        ("beams", "3"), ("guided_json", "{}"), ("use_beam_search", "false"), ("Temperature", "1"),
    ];

    /// <summary>A parameter of chats and a value that it cannot have.</summary>
    public static TheoryData<string, string> Chats => new()
    {
        { "messages", "null" }, { "messages", "[]" }, { "messages", "{}" }, { "messages", "[1]" }, { "messages", "[{}]" },
        { "messages.role", "[{\"role\":1,\"content\":\"a\"}]" }, { "messages.content", "[{\"role\":\"user\",\"content\":1}]" },
        { "messages.content", "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"a\"}}]}]" },
        { "messages", "[{\"role\":\"user\",\"content\":\"\\udc00\"}]" }, { "tools", "{}" }, { "tools", "[1]" }, { "tool_choice", "\"required\"" },
        { "tool_choice", "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}" }, { "tool_choice", "\"auto\"" },
        { "response_format", "{\"type\":\"json_object\"}" }, { "response_format", "{\"type\":\"json_schema\",\"json_schema\":{}}" },
        { "response_format", "\"text\"" }, { "logprobs", "1" }, { "top_logprobs", "1" }, { "max_completion_tokens", "0" }, { "functions", "[]" },
        { "audio", "{}" }, { "modalities", "[\"text\",\"audio\"]" }, { "prediction", "{}" }, { "prompt", "\"a\"" }, { "echo", "true" },
    };

    public static TheoryData<string> NoJson => new(
        "", " ", "null", "[]", "1", "\"x\"", "{", "{\"model\":", "{} {}", "{\"a\":1,\"a\":2}", "{'a':1}", "{\"prompt\":\"\u0001\"}", "\uFEFF{", new string('[', 100_000),
        string.Concat(Enumerable.Repeat("{\"a\":", 5000)));

    [Theory, MemberData(nameof(Completions))]
    public async Task A_parameter_that_cannot_be_is_refused_by_name(string name, string value) =>
        await RefusedAsync(TextExchange.Completions, server.Completion($"\"{name}\":{value}"), name);

    [Theory, MemberData(nameof(Chats))]
    public async Task A_parameter_of_a_chat_that_cannot_be_is_refused_by_name(string name, string value) =>
        await RefusedAsync(TextExchange.Chat, server.ChatRequest($"\"{name.Split('.')[0]}\":{value}"), name);

    [Theory, MemberData(nameof(NoJson))]
    public async Task What_is_no_JSON_object_is_refused(string body)
    {
        foreach (var path in (string[])[TextExchange.Completions, TextExchange.Chat, TextExchange.Embeddings])
        {
            var answer = await server.PostAsync(path, body, Cancelled);

            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.NotEmpty(answer.Error.GetProperty("message").GetString()!);
        }
    }

    [Theory]
    [InlineData("GET", "v1/completions", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "v1/chat/completions", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "v1/models", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "v1/edits", HttpStatusCode.NotFound)]
    public async Task What_is_not_there_says_so_as_the_API_has_it(string method, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(path, UriKind.Relative));
        using var message = await server.Client.SendAsync(request, Cancelled);
        var answer = await TextExchange.ReadAsync(message, Cancelled);

        Assert.Equal(status, answer.Status);
        Assert.Equal("invalid_request_error", answer.Error.GetProperty("type").GetString());
    }

    private async Task RefusedAsync(string path, string body, string name)
    {
        var answer = await server.PostAsync(path, body, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(name, answer.Error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", answer.Error.GetProperty("type").GetString());
        Assert.NotEmpty(answer.Error.GetProperty("message").GetString()!);
    }
}
