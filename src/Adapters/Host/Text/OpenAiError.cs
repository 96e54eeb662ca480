using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Errors as the OpenAI API has them: an object with message, type, param and code.</summary>
internal static class OpenAiError
{
    public static void Write(Utf8JsonWriter json, int status, string message, string? parameter, string? code)
    {
        json.WriteStartObject();
        WriteMember(json, status, message, parameter, code);
        json.WriteEndObject();
    }

    public static void WriteMember(Utf8JsonWriter json, int status, string message, string? parameter, string? code)
    {
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, message);
        json.WriteString("type"u8, status switch
        {
            StatusCodes.Status401Unauthorized => "authentication_error"u8,
            StatusCodes.Status429TooManyRequests => "rate_limit_error"u8,
            >= 500 => "server_error"u8,
            _ => "invalid_request_error"u8,
        });
        json.WriteString("param"u8, parameter);
        json.WriteString("code"u8, code);
        json.WriteEndObject();
    }
}
