using System.Buffers;
using System.Text;
using System.Text.Json;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>The OpenAI-compatible routes for one language model, and its metrics.</summary>
/// <param name="maxBody">Bytes of the largest request.</param>
/// <param name="log">Where operators read of engine failures.</param>
internal sealed class TextRoutes(TextService service, long maxBody, TextWriter log)
{
    private readonly CompletionFormat _completion = new(service.Vocabulary);

    private readonly ChatFormat _chat = new(service.Vocabulary);

    private readonly string _run = Guid.NewGuid().ToString("N")[..12];

    private long _requests;

    /// <summary>Answers a request if it is for one of these routes.</summary>
    /// <returns>Whether it was.</returns>
    /// <exception cref="RefusedException">It cannot be served as it stands.</exception>
    /// <exception cref="AdapterException">The engine failed, and nothing was answered.</exception>
    public async Task<bool> TryHandleAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/v1/models":
                Routes.Require(context, HttpMethods.Get);
                await SendAsync(context, "application/json", WriteModels());
                return true;
            case "/metrics":
                Routes.Require(context, HttpMethods.Get);
                await SendAsync(context, "text/plain; version=0.0.4; charset=utf-8", Encoding.UTF8.GetBytes(service.Metrics.Write(service.ModelName)));
                return true;
            case "/v1/completions":
                await CountAsync(context, CompleteAsync);
                return true;
            case "/v1/chat/completions":
                await CountAsync(context, ChatAsync);
                return true;
            case "/v1/embeddings":
                await CountAsync(context, EmbedAsync);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Counts how the request ends, whatever happens to it.</summary>
    private async Task CountAsync(HttpContext context, Func<HttpContext, Task<Outcome>> handle)
    {
        var outcome = Outcome.Failed;
        try
        {
            Routes.Require(context, HttpMethods.Post);
            outcome = await handle(context);
        }
        catch (RefusedException refused)
        {
            outcome = refused.Status == StatusCodes.Status429TooManyRequests ? Outcome.Busy : Outcome.Refused;
            throw;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            outcome = Outcome.Cancelled;
            throw;
        }
        finally
        {
            service.Metrics.Count(outcome);
        }
    }

    private async Task<Outcome> CompleteAsync(HttpContext context)
    {
        var arrived = service.Time.GetTimestamp();
        var fields = Fields.Parse(await ReadAsync(context));
        var (request, texts) = await service.Completions.ReadAsync(fields, service.Model.ContextLength, arrived, context.RequestAborted);
        return await GenerateAsync(context, request, _completion, choice => texts[choice / request.Spec.Choices]);
    }

    private async Task<Outcome> ChatAsync(HttpContext context)
    {
        var arrived = service.Time.GetTimestamp();
        var fields = Fields.Parse(await ReadAsync(context));
        var request = await service.Chat.ReadAsync(fields, service.Model.ContextLength, arrived, context.RequestAborted);
        return await GenerateAsync(context, request, _chat, _ => null);
    }

    private async Task<Outcome> EmbedAsync(HttpContext context)
    {
        var fields = Fields.Parse(await ReadAsync(context));
        await SendAsync(context, "application/json", await service.Embeddings.AnswerAsync(fields, context.RequestAborted));
        return Outcome.Answered;
    }

    private async Task<Outcome> GenerateAsync(HttpContext context, TextRequest request, ITextFormat format, Func<int, string?> promptText)
    {
        if (!service.Scheduler.TrySubmit(request))
        {
            context.Response.Headers.RetryAfter = "1";
            throw new RefusedException(StatusCodes.Status429TooManyRequests, "every place to wait for this model is taken; ask again later")
            {
                Code = "queue_full",
            };
        }
        service.Metrics.Accepted(request.Prompts.Sum(ids => (long)ids.Length));
        var choices = new ChoiceText[request.Choices];
        for (var index = 0; index < choices.Length; index++)
            choices[index] = new(request, index, promptText(index), service.Vocabulary);
        var id = $"{format.IdPrefix}{_run}-{Interlocked.Increment(ref _requests)}";
        var writer = new AnswerWriter(format, request, choices, id, service.Time.GetUtcNow().ToUnixTimeSeconds());
        await using var left = context.RequestAborted.Register(() => service.Scheduler.Cancel(request));
        try
        {
            var failure = await (request.Spec.Stream ? writer.StreamAsync(context) : writer.AnswerAsync(context));
            return failure is null ? Outcome.Answered : await FailAsync(context, failure);
        }
        finally
        {
            service.Scheduler.Cancel(request); // of what has ended nothing is left to drop
        }
    }

    private async Task<Outcome> FailAsync(HttpContext context, string failure)
    {
        context.RequestAborted.ThrowIfCancellationRequested();
        if (context.Response is { HasStarted: false, ContentType: null })
            throw new AdapterException(failure);
        await log.WriteLineAsync(failure);
        await AnswerWriter.BreakOffAsync(context.Response, failure);
        return Outcome.Failed;
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > maxBody)
            throw RequestBody.TooLarge(maxBody);
        var body = new RequestBody(context.Request.BodyReader, context.Request.ContentLength, maxBody);
        return await body.ReadToEndAsync(context.RequestAborted);
    }

    private static async Task SendAsync(HttpContext context, string type, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body, CancellationToken.None);
    }

    private ReadOnlyMemory<byte> WriteModels()
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(bytes, Oip.Json);
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        json.WriteStartObject();
        json.WriteString("id"u8, service.ModelName);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, service.Started);
        json.WriteString("owned_by"u8, "adaptation"u8);
        json.WriteNumber("max_model_len"u8, service.Model.ContextLength);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }
}
