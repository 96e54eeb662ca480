using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Adaptation.Benchmarks.Text;

/// <summary>A streamed completion of a prompt of random token ids: nothing of it can have been kept from an earlier one but by chance.</summary>
internal sealed class Completion
{
    /// <summary>What the servers are told to call their model.</summary>
    public const string Name = "measured";

    private const int LeastId = 300, MostId = 4000; // whole characters or parts of words in every vocabulary measured, never special tokens
    private readonly int _prompt, _generated;

    /// <param name="prompt">Tokens.</param>
    /// <param name="generated">Tokens; the end of the text is not taken for an end.</param>
    public Completion(int prompt, int generated, Random random)
    {
        (_prompt, _generated) = (prompt, generated);
        var ids = string.Join(',', Enumerable.Range(0, prompt).Select(_ => random.Next(LeastId, MostId).ToString(CultureInfo.InvariantCulture)));
        var body = $$$"""{"model":"{{{Name}}}","prompt":[{{{ids}}}],"max_tokens":{{{generated}}},"temperature":0,"ignore_eos":true,"""
            + """ "stream":true,"stream_options":{"include_usage":true}}""";
        Bytes = Encoding.ASCII.GetBytes(
            $"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }

    /// <summary>The request, head and body.</summary>
    public byte[] Bytes { get; }

    /// <exception cref="IOException">It is no complete stream of the tokens asked for.</exception>
    public void Check(ReadOnlySpan<byte> answer)
    {
        var body = answer.StartsWith("HTTP/1.1 200"u8) ? Encoding.UTF8.GetString(Joined(answer[(answer.IndexOf("\r\n\r\n"u8) + 4)..])) : "";
        if (!body.Contains("data: [DONE]", StringComparison.Ordinal) || Usage(body) is not { } usage)
            throw new IOException($"no complete stream with usage: {Encoding.UTF8.GetString(answer[..Math.Min(answer.Length, 800)])}");
        var found = (Prompt: usage.GetProperty("prompt_tokens").GetInt32(), Generated: usage.GetProperty("completion_tokens").GetInt32());
        if (found != (_prompt, _generated))
            throw new IOException($"asked for {_prompt} + {_generated} tokens; the server counts {found.Prompt} + {found.Generated}");
    }

    /// <summary>What the chunks of HTTP hold, without their lengths.</summary>
    private static byte[] Joined(ReadOnlySpan<byte> chunks)
    {
        var joined = new List<byte>(chunks.Length);
        while (chunks.IndexOf("\r\n"u8) is > 0 and var end
            && int.Parse(chunks[..end], NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var length)
        {
            joined.AddRange(chunks.Slice(end + 2, length));
            chunks = chunks[(end + 2 + length + 2)..];
        }

        return [.. joined];
    }

    private static JsonElement? Usage(string body)
    {
        foreach (var line in body.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(line.AsMemory(6).TrimEnd());
            if (json.RootElement.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
                return usage.Clone();
        }

        return null;
    }
}
