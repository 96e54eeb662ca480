using System.Text;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>Reads JSON that a backend wrote, so that nobody can take it for something else: no member twice, nothing behind the value, no half characters.</summary>
internal static class JsonText
{
    /// <summary>Deepest nesting that is read.</summary>
    public const int Depth = 64;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = Depth };

    /// <returns>Null, with what is wrong.</returns>
    public static JsonElement? TryParse(string text, out string problem)
    {
        try
        {
            var element = JsonElement.Parse(text, Strict);
            problem = "";
            return RequireText(element);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or ArgumentException) // the latter two: half of a surrogate pair
        {
            problem = wrong is JsonException ? wrong.Message : "it holds half of a surrogate pair, which is no text";
            return null;
        }
    }

    /// <summary>One spelling for each value: members sorted, numbers by their value. Two values are equal (JSON Schema 2020-12, core, 4.2.2) if it is.</summary>
    public static string Canonical(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    /// <summary>Reads every string once, for a string of half a pair throws when it is read and not before.</summary>
    private static JsonElement RequireText(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                value.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    RequireText(item);
                break;
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name;
                    RequireText(member.Value);
                }

                break;
        }

        return value;
    }

    private static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    Write(text, member.Name);
                    text.Append(':');
                    Write(text, member.Value);
                    text.Append(',');
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    Write(text, item);
                    text.Append(',');
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                Write(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                text.Append(JsonNumber.Of(value).Canonical);
                break;
            default:
                text.Append(value.ValueKind);
                break;
        }
    }

    private static void Write(StringBuilder text, string value) =>
        text.Append('"').Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
}
