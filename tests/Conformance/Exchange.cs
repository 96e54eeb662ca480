using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Adaptation.Conformance;

/// <summary>An answer, whole: status, JSON part and binary part.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonElement Json, byte[] Binary, HttpResponseMessage Message)
{
    public string Error => Json.GetProperty("error").GetString()!;

    public JsonElement Output(int index) => Json.GetProperty("outputs")[index];
}

/// <summary>Requests and answers of the protocol, written by hand: no code is shared with a server or with the runner.</summary>
internal static class Exchange
{
    private const string HeaderLength = "Inference-Header-Content-Length";

    public static async Task<Answer> AskAsync(this Backend backend, string path, CancellationToken cancellationToken)
    {
        var message = await backend.Client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return await ReadAsync(message, cancellationToken);
    }

    /// <summary>Sends a request that is JSON alone.</summary>
    public static Task<Answer> InferAsync(this Backend backend, string json, CancellationToken cancellationToken) =>
        backend.InferAsync(Encoding.UTF8.GetBytes(json), [], headerLength: null, cancellationToken);

    /// <summary>Sends a JSON part and binary data behind it.</summary>
    public static Task<Answer> InferAsync(this Backend backend, string json, byte[] binary, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        return backend.InferAsync(bytes, binary, bytes.Length.ToString(CultureInfo.InvariantCulture), cancellationToken);
    }

    public static async Task<Answer> InferAsync(
        this Backend backend, byte[] json, byte[] binary, string? headerLength, CancellationToken cancellationToken, bool chunked = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"v2/models/{Backend.Model}/infer", UriKind.Relative))
        {
            Content = new ByteArrayContent([.. json, .. binary]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        if (headerLength is not null)
            request.Headers.TryAddWithoutValidation(HeaderLength, headerLength);
        request.Headers.TransferEncodingChunked = chunked;
        return await ReadAsync(await backend.Client.SendAsync(request, cancellationToken), cancellationToken);
    }

    /// <summary>A request for the identity model with binary input and output.</summary>
    public static string Binary(long elements, long? size = null, string extra = "") =>
        $$$"""{"id":"7"{{{extra}}},"inputs":[{"name":"x","shape":[{{{elements}}}],"datatype":"FP32","parameters":{"binary_data_size":{{{size ?? elements * 4}}}}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}""";

    public static byte[] Floats(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static async Task<Answer> ReadAsync(HttpResponseMessage message, CancellationToken cancellationToken)
    {
        var body = await message.Content.ReadAsByteArrayAsync(cancellationToken);
        var split = message.Headers.TryGetValues(HeaderLength, out var texts) ? int.Parse(texts.Single(), CultureInfo.InvariantCulture) : body.Length;
        return new(message.StatusCode, JsonDocument.Parse(body.AsMemory(0, split)).RootElement, body[split..], message);
    }
}
