using System.Buffers;
using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Sends small JSON answers.</summary>
internal static class Json
{
    /// <param name="properties">Writes the members of the answer's object.</param>
    public static Task SendAsync(HttpContext context, int status, Action<Utf8JsonWriter> properties) => SendAsync(context, status, properties, isArray: false);

    /// <param name="items">Writes the items of the answer's array.</param>
    public static Task SendArrayAsync(HttpContext context, Action<Utf8JsonWriter> items) => SendAsync(context, StatusCodes.Status200OK, items, isArray: true);

    private static async Task SendAsync(HttpContext context, int status, Action<Utf8JsonWriter> content, bool isArray)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes, Oip.Json))
        {
            if (isArray)
                json.WriteStartArray();
            else
                json.WriteStartObject();
            content(json);
            if (isArray)
                json.WriteEndArray();
            else
                json.WriteEndObject();
        }
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(bytes.WrittenMemory, CancellationToken.None);
    }
}
