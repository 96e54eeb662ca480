using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Answers one inference request after the other for one model. Safe for concurrent use.</summary>
internal sealed class InferHandler(string modelName, ITensorModel model, long maxBody)
{
    /// <summary>What is handed to the server at once: larger slices wait for its buffer, smaller ones cost a turn each.</summary>
    private const int SliceBytes = 256 * 1024;

    /// <exception cref="RefusedException">The request cannot be served as it stands.</exception>
    /// <exception cref="AdapterException">The engine failed.</exception>
    public async Task HandleAsync(HttpContext context)
    {
        var (http, cancellationToken) = (context.Request, context.RequestAborted);
        if (http.ContentLength > maxBody)
            throw RequestBody.TooLarge(maxBody);
        var body = new RequestBody(http.BodyReader, http.ContentLength, maxBody);
        var headerLength = ReadHeaderLength(http);

        var rented = RentForJson(http.ContentLength, headerLength);
        try
        {
            ReadOnlyMemory<byte> json;
            if (rented is { } known)
            {
                await body.ReadAsync(known.Memory, cancellationToken);
                json = known.Memory;
            }
            else
            {
                json = await body.ReadToEndAsync(cancellationToken);
            }
            await AnswerAsync(context, json, body, headerLength is not null);
        }
        finally
        {
            if (rented is { } known)
                ArrayPool<byte>.Shared.Return(known.Array);
        }
    }

    private async Task AnswerAsync(HttpContext context, ReadOnlyMemory<byte> json, RequestBody body, bool hasBinary)
    {
        var request = InferRequestReader.Read(json.Span, model.Signature);
        var selected = InferResponse.Select(request, model.Signature);
        using var reader = new TensorReader(model.Signature, request);
        var inputs = await reader.ReadAsync(json, body, hasBinary, context.RequestAborted);
        var outputs = await InferAsync(inputs, selected, context.RequestAborted);
        await SendAsync(context, InferResponse.Write(modelName, request.Id, model.Signature, selected, outputs));
    }

    /// <returns>In the order of <paramref name="selected"/>.</returns>
    private async Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, (int Place, bool Binary)[] selected, CancellationToken cancellationToken)
    {
        if (model is ISelectiveModel selective && selected is not [])
            return await selective.InferAsync(inputs, Array.ConvertAll(selected, output => output.Place), cancellationToken);
        var all = await model.InferAsync(inputs, cancellationToken);
        return Array.ConvertAll(selected, output => all[output.Place]);
    }

    /// <returns>Null without the header: the whole body is JSON.</returns>
    private static int? ReadHeaderLength(HttpRequest http)
    {
        if (!http.Headers.TryGetValue(Oip.HeaderLength, out var texts))
            return null;
        if (texts.Count != 1 || !int.TryParse(texts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            throw RefusedException.Bad($"{Oip.HeaderLength} is {texts}; a whole number of bytes is expected");
        return length <= (http.ContentLength ?? long.MaxValue)
            ? length
            : throw RefusedException.Bad($"{Oip.HeaderLength} is {length}, and the body has {http.ContentLength} bytes");
    }

    private (byte[] Array, Memory<byte> Memory)? RentForJson(long? bodyLength, int? headerLength)
    {
        if ((headerLength ?? bodyLength) is not { } length)
            return null;
        if (length > maxBody)
            throw RequestBody.TooLarge(maxBody);
        var array = ArrayPool<byte>.Shared.Rent((int)length);
        return (array, array.AsMemory(0, (int)length));
    }

    private static async Task SendAsync(HttpContext context, InferResponse answer)
    {
        var http = context.Response;
        http.ContentType = answer.HasBinary ? "application/octet-stream" : "application/json";
        http.ContentLength = answer.Json.Length + answer.Binary.Sum(data => (long)data.Length);
        if (answer.HasBinary)
            http.Headers[Oip.HeaderLength] = answer.Json.Length.ToString(CultureInfo.InvariantCulture);
        await WriteAsync(http.BodyWriter, answer.Json, context.RequestAborted);
        foreach (var data in answer.Binary)
            await WriteAsync(http.BodyWriter, data, context.RequestAborted);
        await http.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>Small parts wait in the server's buffer and leave together; large ones leave as they are written.</summary>
    private static async ValueTask WriteAsync(PipeWriter pipe, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
        {
            var slice = data[..Math.Min(SliceBytes, data.Length)];
            data = data[slice.Length..];
            if (data.IsEmpty)
                pipe.Write(slice.Span);
            else
                await pipe.WriteAsync(slice, cancellationToken);
        }
    }
}
