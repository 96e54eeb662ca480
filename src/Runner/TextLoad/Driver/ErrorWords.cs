using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Quotes what a server says went wrong.</summary>
internal static class ErrorWords
{
    /// <returns>The message of an error object in any of the shapes in use, or the beginning of the body; short and printable.</returns>
    public static string Of(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = StrictJson.Object(body, WireLimits.Default);
            return Of(document.RootElement) ?? Clip.Text(body.Span);
        }
        catch (WireException)
        {
            return Clip.Text(body.Span); // an error page need not be JSON
        }
    }

    /// <returns>Null if there is no error in it.</returns>
    /// <exception cref="WireException">It is not valid Unicode.</exception>
    public static string? Of(JsonElement answer)
    {
        if (!answer.TryGetProperty("error", out var error) || error.ValueKind == JsonValueKind.Null)
            return null;
        var words = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message) ? message : error;
        return Clip.Text(words.ValueKind == JsonValueKind.String ? StrictJson.Text(words, "error") : words.GetRawText());
    }
}
