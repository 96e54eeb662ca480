using System.Buffers.Text;
using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>What a request asks of the pace server.</summary>
/// <param name="Length">Bytes of the request, head and body.</param>
/// <param name="Refusal">Why it cannot be answered, or null.</param>
internal readonly record struct PaceRequest(int Length, string Path, bool IsChat, bool IsStream, bool WantsUsage, bool WantsIds, int Tokens, string? Refusal)
{
    private const int MostBody = 64 << 20;
    private const int MostTokens = 1_000_000;

    /// <returns>Null while the request is not all there.</returns>
    public static PaceRequest? TryRead(ReadOnlySpan<byte> bytes, int defaultTokens)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return bytes.Length > 64 << 10 ? Refused(bytes.Length, "the head of the request is too long") : null;
        var head = bytes[..(end + 2)];
        var length = BodyLength(head);
        if (length < 0)
            return Refused(bytes.Length, "the request needs one Content-Length of at most 64 MiB");
        if (bytes.Length < end + 4 + length)
            return null;
        var path = head.IndexOf((byte)' ') is >= 0 and var blank && head[(blank + 1)..].IndexOf((byte)' ') is > 0 and var until
            ? System.Text.Encoding.Latin1.GetString(head.Slice(blank + 1, until)) : "";
        var request = new PaceRequest(end + 4 + length, path, path == "/v1/chat/completions", false, false, false, defaultTokens, null);
        return request.IsChat || path == "/v1/completions" ? request.With(bytes.Slice(end + 4, length)) : request;
    }

    private static PaceRequest Refused(int length, string why) => new(length, "", false, false, false, false, 0, why);

    private static int BodyLength(ReadOnlySpan<byte> head)
    {
        int? length = null;
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            if (line.Length < 15 || !System.Text.Ascii.EqualsIgnoreCase(line[..15], "content-length:"u8))
                continue;
            if (length is not null || !Utf8Parser.TryParse(line[15..].Trim(" \t"u8), out int value, out _) || value is < 0 or > MostBody)
                return -1;
            length = value;
        }

        return length ?? 0;
    }

    private PaceRequest With(ReadOnlySpan<byte> body)
    {
        var request = this;
        var reader = new Utf8JsonReader(body);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth > 2)
                    continue;
                var name = reader.GetString();
                reader.Read();
                request = (name, reader.TokenType) switch
                {
                    ("stream", JsonTokenType.True) => request with { IsStream = true },
                    ("include_usage", JsonTokenType.True) => request with { WantsUsage = true },
                    ("return_token_ids", JsonTokenType.True) => request with { WantsIds = true },
                    ("max_tokens" or "max_completion_tokens", JsonTokenType.Number) when reader.TryGetInt32(out var count) && count is > 0 and <= MostTokens =>
                        request with { Tokens = count },
                    ("max_tokens" or "max_completion_tokens", not JsonTokenType.Null) => request with { Refusal = $"{name} is no number from 1 to {MostTokens}" },
                    _ => request,
                };
            }

            return request;
        }
        catch (JsonException wrong)
        {
            return request with { Refusal = wrong.Message };
        }
    }
}
