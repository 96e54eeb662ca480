using System.Net;
using System.Text;
using System.Text.Json;

namespace Adaptation.Conformance;

/// <summary>An OpenAI-compatible server under test, wherever it runs. Requests and answers are written by hand: no code is shared with a server.</summary>
public interface ITextServer
{
    /// <summary>Its base address is the server's root.</summary>
    HttpClient Client { get; }

    string Model { get; }

    /// <summary>Whether it takes <c>top_k</c>, <c>min_tokens</c>, <c>ignore_eos</c> and <c>return_token_ids</c>, which vLLM adds to the API.</summary>
    bool HasExtensions { get; }
}

/// <summary>An answer that is one JSON object.</summary>
public sealed record TextAnswer(HttpStatusCode Status, JsonElement Json, HttpResponseMessage Message)
{
    public JsonElement Error => Json.GetProperty("error");

    public string Text(int choice = 0) => Choice(choice) is var found && found.TryGetProperty("text", out var text)
        ? text.GetString()! : found.GetProperty("message").GetProperty("content").GetString()!;

    public JsonElement Choice(int index) => Json.GetProperty("choices").EnumerateArray().Single(choice => choice.GetProperty("index").GetInt32() == index);

    public string Finish(int choice = 0) => Choice(choice).GetProperty("finish_reason").GetString()!;

    public int[] Ids(int choice = 0) => [.. Choice(choice).GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32())];

    public int Usage(string name) => Json.GetProperty("usage").GetProperty(name).GetInt32();
}

/// <summary>A stream, whole.</summary>
public sealed record TextStream(IReadOnlyList<JsonElement> Events, bool HasEndMark)
{
    public IEnumerable<JsonElement> Parts(int choice) => Events
        .SelectMany(each => each.TryGetProperty("choices", out var choices) ? choices.EnumerateArray() : default)
        .Where(part => part.GetProperty("index").GetInt32() == choice);

    public string Text(int choice = 0) => string.Concat(Parts(choice).Select(PartText));

    public string? Finish(int choice = 0) => Parts(choice).Select(part => part.GetProperty("finish_reason").GetString()).Single(reason => reason is not null);

    public int[] Ids(int choice = 0) => [.. Parts(choice).SelectMany(part => part.GetProperty("token_ids").EnumerateArray()).Select(id => id.GetInt32())];

    public JsonElement Usage => Events[^1].GetProperty("usage");

    public static string PartText(JsonElement part)
    {
        if (part.TryGetProperty("text", out var text))
            return text.GetString()!;
        return part.GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() ?? "" : "";
    }
}

public static class TextExchange
{
    public const string Completions = "v1/completions", Chat = "v1/chat/completions", Embeddings = "v1/embeddings";

    /// <summary>A request with a prompt that any model takes; <paramref name="members"/> is JSON without its braces and wins.</summary>
    public static string Completion(this ITextServer server, string members) => Merge($$"""{"model":"{{server.Model}}","prompt":"hello"}""", members);

    public static string ChatRequest(this ITextServer server, string members) =>
        Merge($$"""{"model":"{{server.Model}}","messages":[{"role":"user","content":"hello"}]}""", members);

    public static async Task<TextAnswer> PostAsync(this ITextServer server, string path, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var message = await server.Client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        return await ReadAsync(message, cancellationToken);
    }

    public static async Task<TextAnswer> ReadAsync(HttpResponseMessage message, CancellationToken cancellationToken) =>
        new(message.StatusCode, JsonDocument.Parse(await message.Content.ReadAsByteArrayAsync(cancellationToken)).RootElement, message);

    /// <summary>Sends a request with <c>stream: true</c> and reads to the end of the answer.</summary>
    public static async Task<TextStream> StreamAsync(this ITextServer server, string path, string body, CancellationToken cancellationToken)
    {
        using var message = await server.OpenAsync(path, body, cancellationToken);
        Assert.True(message.IsSuccessStatusCode, await (message.IsSuccessStatusCode ? Task.FromResult("") : message.Content.ReadAsStringAsync(cancellationToken)));
        Assert.Equal("text/event-stream", message.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await message.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        var (events, hasEnd) = (new List<JsonElement>(), false);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
                continue;
            Assert.StartsWith("data: ", line, StringComparison.Ordinal);
            Assert.False(hasEnd, "something follows the end mark");
            hasEnd = line == "data: [DONE]";
            if (!hasEnd)
                events.Add(JsonDocument.Parse(line[6..]).RootElement);
        }
        return new(events, hasEnd);
    }

    /// <summary>Sends a request with <c>stream: true</c> and returns with the head of the answer.</summary>
    public static async Task<HttpResponseMessage> OpenAsync(this ITextServer server, string path, string body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(Merge(body, "\"stream\":true"), Encoding.UTF8, "application/json"),
        };
        return await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>On text, because what is sent need not be right.</summary>
    private static string Merge(string json, string members)
    {
        var all = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in (string[])[json, "{" + members + "}"])
        {
            foreach (var member in JsonDocument.Parse(part).RootElement.EnumerateObject())
                all[member.Name] = member.Value.GetRawText();
        }
        return "{" + string.Join(',', all.Select(member => $"{JsonSerializer.Serialize(member.Key)}:{member.Value}")) + "}";
    }
}
