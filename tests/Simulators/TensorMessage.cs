using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Adaptation.Simulators;

/// <summary>A request or an answer of the Open Inference Protocol with one binary FP32 tensor behind its JSON.</summary>
/// <remarks>Source: KServe v2 REST, binary tensor data extension.</remarks>
/// <param name="HeaderLength">Bytes of the JSON; null where the body is nothing but JSON.</param>
internal sealed record TensorMessage(byte[] Body, int? HeaderLength, string? ContentType)
{
    public const string HeaderLengthName = "Inference-Header-Content-Length";

    private Span<float> Values => HeaderLength is { } length ? MemoryMarshal.Cast<byte, float>(Body.AsSpan(length)) : [];

    public static async Task<TensorMessage> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream((int)(request.ContentLength ?? 0));
        await request.Body.CopyToAsync(body, cancellationToken);
        return new(body.ToArray(), Length(request.Headers[HeaderLengthName]), request.ContentType);
    }

    public static async Task<TensorMessage> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var length = response.Headers.TryGetValues(HeaderLengthName, out var values) ? Length(values.FirstOrDefault()) : null;
        return new(await response.Content.ReadAsByteArrayAsync(cancellationToken), length, response.Content.Headers.ContentType?.ToString());
    }

    public ByteArrayContent? ToContent()
    {
        if (Body.Length == 0)
            return null;
        var content = new ByteArrayContent(Body);
        if (ContentType is not null)
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(ContentType);
        if (HeaderLength is { } length)
            content.Headers.Add(HeaderLengthName, length.ToString(CultureInfo.InvariantCulture));
        return content;
    }

    public void Scale(float factor)
    {
        foreach (ref var value in Values)
            value *= factor;
    }

    /// <summary>Of a picture [1, 3, height, width]: red and blue.</summary>
    public void SwapFirstAndLastPlane()
    {
        var plane = Values.Length / 3;
        var first = Values[..plane].ToArray();
        Values[^plane..].CopyTo(Values[..plane]);
        first.CopyTo(Values[^plane..]);
    }

    /// <summary>The same numbers under a shape that has as many of them.</summary>
    public TensorMessage WithShapeReversed()
    {
        var json = JsonNode.Parse(Body.AsSpan(0, HeaderLength ?? Body.Length))!;
        var output = json["outputs"]![0]!;
        output["shape"] = new JsonArray([.. output["shape"]!.AsArray().Reverse().Select(size => JsonValue.Create((long)size!))]);
        var header = System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
        return this with { Body = [.. header, .. Body.AsSpan(HeaderLength ?? Body.Length)], HeaderLength = HeaderLength is null ? null : header.Length };
    }

    private static int? Length(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : null;
}
