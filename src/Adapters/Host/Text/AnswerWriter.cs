using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Writes the answer to one request, whole or as a stream of events, while its tokens arrive. Belongs to the request.</summary>
/// <param name="created">Seconds since 1970.</param>
internal sealed class AnswerWriter(ITextFormat format, TextRequest request, ChoiceText[] choices, string id, long created)
{
    private static readonly byte[] EventEnd = "\n\n"u8.ToArray();

    private readonly TextSpec _spec = request.Spec;

    private int _open = choices.Length;

    /// <summary>Answers with one JSON object once every choice has ended.</summary>
    /// <returns>The engine's words if it failed; nothing is written then.</returns>
    /// <exception cref="OperationCanceledException">The client left.</exception>
    public async Task<string?> AnswerAsync(HttpContext context)
    {
        while (_open > 0)
        {
            await request.Outbox.WaitAsync();
            context.RequestAborted.ThrowIfCancellationRequested();
            while (request.Outbox.TryTake(out var piece))
            {
                if (piece.Finish == Finish.Failed)
                    return piece.Failure;
                Take(piece);
            }
        }
        await SendAsync(context.Response, Whole());
        return null;
    }

    /// <summary>Answers with an event per piece of text. Nothing is sent before the first one.</summary>
    /// <returns>The engine's words if it failed; a stream that had begun ends with them, and without its end mark.</returns>
    /// <exception cref="OperationCanceledException">The client left.</exception>
    public async Task<string?> StreamAsync(HttpContext context)
    {
        var pipe = context.Response.BodyWriter;
        using var json = new Utf8JsonWriter(pipe, Oip.Json);
        var (head, tail) = (Head(), Tail());
        while (_open > 0)
        {
            await request.Outbox.WaitAsync();
            context.RequestAborted.ThrowIfCancellationRequested();
            var hasWritten = false;
            while (request.Outbox.TryTake(out var piece))
            {
                if (piece.Finish == Finish.Failed)
                    return piece.Failure;
                Begin(context.Response);
                hasWritten |= WriteEvents(pipe, json, Take(piece), head, tail);
            }
            if (hasWritten)
                await pipe.FlushAsync(context.RequestAborted);
        }
        if (_spec.IncludeUsage)
            WriteUsageEvent(pipe, json, head);
        pipe.Write("data: [DONE]\n\n"u8);
        await pipe.FlushAsync(context.RequestAborted);
        return null;
    }

    /// <summary>Ends a stream that has begun with an error, and without its end mark.</summary>
    public static async Task BreakOffAsync(HttpResponse response, string failure)
    {
        var error = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(error, Oip.Json))
            OpenAiError.Write(json, StatusCodes.Status500InternalServerError, failure, parameter: null, code: null);
        response.BodyWriter.Write("data: "u8);
        response.BodyWriter.Write(error.WrittenSpan);
        response.BodyWriter.Write(EventEnd);
        await response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    private ChoiceText Take(in Piece piece)
    {
        var choice = choices[piece.Choice];
        choice.Add(piece);
        if (piece.Finish != Finish.None)
            _open--;
        return choice;
    }

    private static void Begin(HttpResponse response)
    {
        if (response.ContentType is not null)
            return;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
    }

    private bool WriteEvents(PipeWriter pipe, Utf8JsonWriter json, ChoiceText choice, byte[] head, byte[] tail)
    {
        if (!choice.HasNews)
            return false;
        var isFirst = !choice.WasSent;
        pipe.Write(head);
        json.Reset();
        json.WriteStartObject();
        json.WriteNumber("index"u8, choice.Index);
        format.WritePart(json, _spec, choice);
        json.WriteEndObject();
        json.Flush();
        pipe.Write("]"u8);
        if (isFirst && _spec.ReturnTokenIds)
            WriteRoot(pipe, choice.Prompt);
        pipe.Write(tail);
        choice.Sent();
        return true;
    }

    private void WriteRoot(PipeWriter pipe, ReadOnlyMemory<int> prompt)
    {
        var members = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(members, Oip.Json))
        {
            json.WriteStartObject();
            format.WriteRoot(json, _spec, prompt);
            json.WriteEndObject();
        }
        if (members.WrittenCount <= 2)
            return; // an empty object: this format has none
        pipe.Write(","u8);
        pipe.Write(members.WrittenSpan[1..^1]);
    }

    private void WriteUsageEvent(PipeWriter pipe, Utf8JsonWriter json, byte[] head)
    {
        pipe.Write(head);
        pipe.Write("],\"usage\":"u8);
        json.Reset();
        WriteUsage(json);
        json.Flush();
        pipe.Write("}\n\n"u8);
    }

    /// <summary>What every event starts with, up to its choices.</summary>
    private byte[] Head()
    {
        var start = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(start, Oip.Json))
        {
            json.WriteStartObject();
            WriteStart(json, format.Objects.Part);
            json.WriteStartArray("choices"u8);
        }
        return [.. "data: "u8, .. start.WrittenSpan];
    }

    private byte[] Tail() => Encoding.UTF8.GetBytes(_spec.IncludeUsage ? ",\"usage\":null}\n\n" : "}\n\n");

    private ReadOnlyMemory<byte> Whole()
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(bytes, Oip.Json);
        json.WriteStartObject();
        WriteStart(json, format.Objects.Whole);
        json.WriteStartArray("choices"u8);
        foreach (var choice in choices)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, choice.Index);
            format.WriteWhole(json, _spec, choice);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        format.WriteRoot(json, _spec, choices[0].Prompt);
        json.WritePropertyName("usage"u8);
        WriteUsage(json);
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private void WriteStart(Utf8JsonWriter json, string word)
    {
        json.WriteString("id"u8, id);
        json.WriteString("object"u8, word);
        json.WriteNumber("created"u8, created);
        json.WriteString("model"u8, _spec.Model);
    }

    /// <summary>Counts ids: those of every prompt once, and every generated one, that which ended its choice included.</summary>
    private void WriteUsage(Utf8JsonWriter json)
    {
        var (prompt, completion) = (request.Prompts.Sum(ids => (long)ids.Length), choices.Sum(choice => (long)choice.Generated));
        json.WriteStartObject();
        json.WriteNumber("prompt_tokens"u8, prompt);
        json.WriteNumber("completion_tokens"u8, completion);
        json.WriteNumber("total_tokens"u8, prompt + completion);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, 0); // nothing is kept from request to request
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static async Task SendAsync(HttpResponse response, ReadOnlyMemory<byte> body)
    {
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, CancellationToken.None);
    }
}
