using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Reads what a server says it counted.</summary>
internal static class JsonUsage
{
    /// <returns>Null if the answer has none.</returns>
    /// <exception cref="WireException">A count that is none.</exception>
    public static TextUsage? Read(JsonElement answer)
    {
        if (!answer.TryGetProperty("usage", out var usage) || usage.ValueKind == JsonValueKind.Null)
            return null;
        if (usage.ValueKind != JsonValueKind.Object)
            throw WireException.Protocol($"usage is of kind {usage.ValueKind}; expected Object.");
        long? cached = null;
        if (usage.TryGetProperty("prompt_tokens_details", out var details) && details.ValueKind == JsonValueKind.Object
            && details.TryGetProperty("cached_tokens", out var hit) && hit.ValueKind != JsonValueKind.Null)
        {
            cached = StrictJson.Integer(hit, 0, "usage.prompt_tokens_details.cached_tokens");
        }

        return new(Count(usage, "prompt_tokens"), Count(usage, "completion_tokens"), Count(usage, "total_tokens"), cached);
    }

    private static long Count(JsonElement usage, string name) =>
        StrictJson.Integer(StrictJson.Required(usage, name, JsonValueKind.Number, "usage."), 0, $"usage.{name}");
}

/// <summary>Reads the text of a chunk, even where it is no Unicode.</summary>
internal static class JsonText
{
    /// <param name="fail">Told if half a surrogate pair is escaped in it, which stands as U+FFFD then.</param>
    public static string Read(JsonElement text, Action<TextFailure, string> fail)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            fail(TextFailure.Protocol, $"A text escapes half of a surrogate pair; it stands as U+FFFD: {Clip.Text(text.GetRawText())}.");
            return WithoutHalves(text.GetRawText());
        }
    }

    private static string WithoutHalves(string raw)
    {
        var whole = new System.Text.StringBuilder(raw.Length);
        for (var at = 0; at < raw.Length; at++)
        {
            if (raw[at] != '\\')
            {
                whole.Append(raw[at]);
                continue;
            }

            var isHalf = IsSurrogate(raw, at, 0xD800) && !IsSurrogate(raw, at + 6, 0xDC00);
            if (IsSurrogate(raw, at, 0xD800) && !isHalf)
            {
                whole.Append(raw, at, 12);
                at += 11;
            }
            else if (isHalf || IsSurrogate(raw, at, 0xDC00))
            {
                whole.Append("\\uFFFD");
                at += 5;
            }
            else
            {
                whole.Append(raw, at++, 2);
            }
        }

        using var text = JsonDocument.Parse(whole.ToString());
        return text.RootElement.GetString()!;
    }

    /// <returns>True if an escape of the 1,024 codes from <paramref name="first"/> on begins at that place.</returns>
    private static bool IsSurrogate(string raw, int at, int first) =>
        at + 6 <= raw.Length && raw[at] == '\\' && raw[at + 1] == 'u'
        && int.Parse(raw.AsSpan(at + 2, 4), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture) is var code
        && code >= first && code < first + 0x400;
}
