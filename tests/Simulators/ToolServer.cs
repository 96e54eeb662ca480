using System.Text.Json;
using System.Text.Json.Nodes;
using Adaptation.Testing;

namespace Adaptation.Simulators;

/// <summary>Answers tool prompts as a reference did, but for one shim; every other request goes where it would have gone.</summary>
internal sealed class ToolServer(ToolReplay replay, RequestDelegate other)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        if (context.Request.Path.Value == "/v1/chat/completions" && TryParse(bytes.ToArray()) is { } request && replay.TryAnswer(request) is var (status, body))
        {
            (context.Response.StatusCode, context.Response.ContentType) = (status, "application/json");
            await context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
            return;
        }

        bytes.Position = 0;
        context.Request.Body = bytes;
        await other(context);
    }

    private static JsonObject? TryParse(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // for the real host to refuse
        }
    }
}
