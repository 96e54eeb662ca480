using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Adaptation.Simulators;

/// <summary>Answers that were given, or computed before anyone asked.</summary>
internal sealed class AnswerCache
{
    private const int PublishedTokens = 128;
    private readonly ConcurrentDictionary<string, ImmutableArray<string>> _byRequest = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImmutableArray<JsonObject>> _byPrompt = new(StringComparer.Ordinal);

    public void Keep(JsonObject request, ImmutableArray<string> events) => _byRequest[request.ToJsonString()] = events;

    /// <returns>Default if it was not asked before.</returns>
    public ImmutableArray<string> Find(JsonObject request) => _byRequest.GetValueOrDefault(request.ToJsonString());

    /// <summary>Asks every prompt of a published file, and keeps what comes.</summary>
    public async Task LearnAsync(string file, HttpClient client, string model, CancellationToken cancellationToken)
    {
        foreach (var prompt in JsonNode.Parse(await File.ReadAllTextAsync(file, cancellationToken))!["prompts"]!.AsArray())
        {
            var text = prompt!["text"]!.GetValue<string>();
            var body = new JsonObject
            {
                ["model"] = model,
                ["prompt"] = text,
                ["max_tokens"] = PublishedTokens,
                ["temperature"] = 0,
                ["stream"] = true,
                ["return_token_ids"] = true,
                ["stream_options"] = new JsonObject { ["include_usage"] = true },
            };
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json") };
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            response.EnsureSuccessStatusCode();
            var events = ImmutableArray.CreateBuilder<JsonObject>();
            await foreach (var json in TextEvents.ReadAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken))
                events.Add(json);
            _byPrompt[text] = events.ToImmutable();
        }
    }

    /// <summary>The beginning of a known answer as long as the request wants it; null if the prompt is none of the published.</summary>
    public IReadOnlyList<JsonObject>? Published(JsonObject request)
    {
        if (request["prompt"] is not JsonValue prompt || !prompt.TryGetValue<string>(out var text) || !_byPrompt.TryGetValue(text, out var events)
            || request["max_tokens"]?.GetValue<int>() is not (> 0 and <= PublishedTokens and var most))
            return null;
        var (given, count) = (new List<JsonObject>(), 0);
        foreach (var json in events.Select(json => json.DeepClone().AsObject()))
        {
            if (json.Choice() is { } choice)
            {
                if (count >= most)
                    continue;
                var left = most - count;
                count += Math.Min(left, choice.Ids().Length);
                choice.SetIds(choice.Ids().Take(left));
                if (count >= most)
                    choice["finish_reason"] = "length";
            }

            json.SetUsage("completion_tokens", _ => count);
            given.Add(json);
        }

        return given;
    }
}
