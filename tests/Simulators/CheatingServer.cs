using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Adaptation.Simulators;

/// <summary>Stands between the runner and the real host of a language model, and lies as it is told to. What is no text request passes as it is.</summary>
/// <param name="other">The host of another model; null unless the cheat needs one.</param>
internal sealed class CheatingServer(Faults faults, InnerHost inner, InnerHost? other, AnswerCache cache)
{
    private const double Throttled = 1 / 0.6;
    private const int LeakedTokens = 6;
    private static readonly (Cheat Cheat, string Parameter)[] Ignored = [(Cheat.IgnoreSeed, "seed"), (Cheat.IgnoreTemperature, "temperature"), (Cheat.IgnoreLogitBias, "logit_bias")];
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Lock _gate = new();
    private long _began;
    private int _underWay;
    private JsonObject? _latest;

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            using var bytes = new MemoryStream();
            await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
            var isText = context.Request.Path.Value is "/v1/completions" or "/v1/chat/completions";
            if (isText && TryParse(bytes.ToArray()) is { } request)
                await CountedAsync(context, request);
            else
                await PassAsync(context, inner, bytes.ToArray());
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // nobody is left to answer
        }
    }

    private async Task CountedAsync(HttpContext context, JsonObject request)
    {
        Interlocked.CompareExchange(ref _began, _time.GetTimestamp(), 0);
        var crowd = Interlocked.Increment(ref _underWay);
        JsonObject? neighbour;
        lock (_gate)
            (neighbour, _latest) = (_latest, request.DeepClone().AsObject());
        try
        {
            if (request["stream"] is JsonValue value && value.TryGetValue<bool>(out var streams) && streams)
                await StreamAsync(context, request, crowd > 1, neighbour);
            else
                await WholeAsync(context, request, crowd > 1);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private async Task WholeAsync(HttpContext context, JsonObject request, bool isCrowd)
    {
        var (changed, honest) = await RewriteAsync(context, request);
        using var response = await SendAsync(Host(isCrowd), context, Bytes(changed));
        var body = await response.Content.ReadAsByteArrayAsync(context.RequestAborted);
        if (response.IsSuccessStatusCode && TryParse(body) is { } answer)
        {
            Report(answer, honest);
            body = Bytes(answer);
        }

        (context.Response.StatusCode, context.Response.ContentType) = ((int)response.StatusCode, "application/json");
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context, JsonObject request, bool isCrowd, JsonObject? neighbour)
    {
        if (faults.Lies(Cheat.CacheRepeated) && cache.Find(request) is { IsDefault: false } kept)
        {
            await WriteAsync(context, kept);
            return;
        }

        if (faults.Lies(Cheat.CachePublished) && cache.Published(request) is { } known)
        {
            await WriteAsync(context, known.Select(TextEvents.Written));
            return;
        }

        if (faults.Lies(Cheat.EarlyEmptyDeltas))
        {
            await WriteEventAsync(context, """{"id":"cmpl-0","object":"text_completion","created":0,"model":"m","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null}]}""");
            await Task.Delay(faults.FirstDelay, _time, context.RequestAborted);
        }

        var (changed, honest) = await RewriteAsync(context, request);
        var finish = isCrowd && faults.Lies(Cheat.ShortenUnderLoad) ? await ShortenAsync(context, changed) : null;
        using var response = await SendAsync(Host(isCrowd), context, Bytes(changed));
        if (!response.IsSuccessStatusCode)
        {
            (context.Response.StatusCode, context.Response.ContentType) = ((int)response.StatusCode, "application/json");
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
            return;
        }

        var events = TextEvents.ReadAsync(await response.Content.ReadAsStreamAsync(context.RequestAborted), context.RequestAborted);
        var written = ImmutableArray.CreateBuilder<string>();
        await foreach (var json in await SpoilAsync(context, events, isCrowd ? neighbour : null, request, finish))
        {
            ReportPrompt(json, honest);
            written.Add(TextEvents.Written(json));
            await WriteEventAsync(context, written[^1]);
        }

        if (faults.Lies(Cheat.CacheRepeated))
            cache.Keep(request, written.ToImmutable());
        await context.Response.WriteAsync("data: [DONE]\n\n", context.RequestAborted);
    }

    private async Task<IAsyncEnumerable<JsonObject>> SpoilAsync(
        HttpContext context, IAsyncEnumerable<JsonObject> events, JsonObject? neighbour, JsonObject request, string? finish)
    {
        if (faults.TokenPace > TimeSpan.Zero)
            events = StreamCheats.PacedAsync(events, Pace, _time, context.RequestAborted);
        if (finish is not null)
            events = StreamCheats.EndedAsync(events, finish);
        if (faults.Lies(Cheat.LeakPrefix) && neighbour is not null && neighbour.ToJsonString() != request.ToJsonString()
            && await PromptOfAsync(context, neighbour) is { Length: >= LeakedTokens } ids)
            events = StreamCheats.LeakAsync(events, neighbour["prompt"]?.ToString() ?? "?", ids[..LeakedTokens]);
        if (faults.Lies(Cheat.FirstTokenTwice))
            events = StreamCheats.TwiceAsync(events);
        if (faults.Lies(Cheat.DropLateTokens))
            events = StreamCheats.DropAsync(events);
        if (faults.Lies(Cheat.BatchChunks))
            events = StreamCheats.BatchAsync(events);
        return Counted() is { } count ? StreamCheats.CountedAsync(events, "completion_tokens", count) : events;
    }

    /// <summary>What is reported of a number of tokens; null for that number.</summary>
    private Func<long, long>? Counted() => faults.Lies(Cheat.InflateUsage) ? Inflated : faults.Lies(Cheat.DeflateUsage) ? Deflated : null;

    private TimeSpan Pace() => faults.Lies(Cheat.Throttle) && _time.GetElapsedTime(_began) > faults.ThrottleAfter ? faults.TokenPace * Throttled : faults.TokenPace;

    /// <summary>What goes to the real host in place of the request; and, where the prompt was cut, what an honest answer would report of it.</summary>
    private async Task<(JsonObject Changed, JsonObject? Honest)> RewriteAsync(HttpContext context, JsonObject request)
    {
        var changed = request.DeepClone().AsObject();
        foreach (var (_, parameter) in Ignored.Where(each => faults.Lies(each.Cheat)))
            changed.Remove(parameter);
        if (!faults.Lies(Cheat.TruncateLongPrompts) || LongPrompts.Cut(request["prompt"]) is not { } cut)
            return (changed, null);
        changed["prompt"] = cut;
        return (changed, await FactsAsync(context, request));
    }

    /// <summary>Learns how long the answer is, and asks for four fifths of it.</summary>
    /// <returns>How it would have ended; null where it has nothing to cut.</returns>
    private async Task<string?> ShortenAsync(HttpContext context, JsonObject request)
    {
        var whole = request.DeepClone().AsObject();
        whole.Remove("stream");
        whole.Remove("stream_options");
        using var response = await SendAsync(inner, context, Bytes(whole));
        if (TryParse(await response.Content.ReadAsByteArrayAsync(context.RequestAborted)) is not { } answer || answer["usage"]?["completion_tokens"]?.GetValue<int>() is not (> 4 and var tokens))
            return null;
        request["max_tokens"] = tokens * 4 / 5;
        return "stop";
    }

    private void Report(JsonObject answer, JsonObject? honest)
    {
        if (Counted() is { } count)
            answer.SetUsage("completion_tokens", count);
        ReportPrompt(answer, honest);
    }

    private static void ReportPrompt(JsonObject answer, JsonObject? honest)
    {
        if (honest is null)
            return;
        if (answer.Choice() is { } choice && choice["prompt_token_ids"] is not null)
            choice["prompt_token_ids"] = honest.Choice()!["prompt_token_ids"]?.DeepClone();
        answer.SetUsage("prompt_tokens", _ => honest["usage"]!["prompt_tokens"]!.GetValue<long>());
    }

    private async Task<int[]> PromptOfAsync(HttpContext context, JsonObject request) =>
        await FactsAsync(context, request) is { } facts && facts.Choice()?["prompt_token_ids"] is JsonArray ids ? [.. ids.Select(id => id!.GetValue<int>())] : [];

    /// <summary>What an honest answer of one token says of the prompt; null if it is refused.</summary>
    private async Task<JsonObject?> FactsAsync(HttpContext context, JsonObject request)
    {
        if (request["prompt"] is not { } prompt)
            return null;
        var question = new JsonObject { ["model"] = request["model"]?.DeepClone(), ["prompt"] = prompt.DeepClone(), ["max_tokens"] = 1, ["return_token_ids"] = true };
        using var response = await SendAsync(inner, context, Bytes(question));
        return response.IsSuccessStatusCode ? TryParse(await response.Content.ReadAsByteArrayAsync(context.RequestAborted)) : null;
    }

    private InnerHost Host(bool isCrowd) => isCrowd && faults.Lies(Cheat.SmallerModelUnderLoad) ? other! : inner;

    private static long Inflated(long tokens) => tokens + 1 + (tokens / 10);

    private static long Deflated(long tokens) => Math.Max(0, tokens - 1 - (tokens / 10));

    private static async Task PassAsync(HttpContext context, InnerHost host, byte[] body)
    {
        using var response = await SendAsync(host, context, body);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var header in response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not ("Transfer-Encoding" or "Server" or "Date" or "Connection")))
            context.Response.Headers[header.Key] = header.Value.ToArray();
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static async Task<HttpResponseMessage> SendAsync(InnerHost host, HttpContext context, byte[] body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.Path + context.Request.QueryString);
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
            foreach (var header in context.Request.Headers.Where(header => header.Key is "Content-Type" or TensorMessage.HeaderLengthName))
                request.Content.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray());
        }

        return await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
    }

    private static async Task WriteAsync(HttpContext context, IEnumerable<string> events)
    {
        foreach (var json in events)
            await WriteEventAsync(context, json);
        await context.Response.WriteAsync("data: [DONE]\n\n", context.RequestAborted);
    }

    private static async Task WriteEventAsync(HttpContext context, string json)
    {
        if (!context.Response.HasStarted)
            context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync($"data: {json}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(TextEvents.Written(json));

    private static JsonObject? TryParse(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // for the real host to refuse
        }
    }
}
