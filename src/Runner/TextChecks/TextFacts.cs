using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Writes what was seen in requests and answers as facts, so that equal things are spelled alike.</summary>
internal static class TextFacts
{
    private const int Longest = 2000;

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Ids(ImmutableArray<int> ids) => ids.IsDefault ? "no token ids" : string.Join(' ', ids.Select(id => Number(id)));

    /// <summary>A prompt as the server took it: its ids or, where it tells none (they are no part of OpenAI's API), how many its usage counts.</summary>
    public static string Prompt(TextReply reply) => !reply.PromptIds.IsDefault ? Ids(reply.PromptIds)
        : reply.Usage is { ValueKind: JsonValueKind.Object } usage && usage.TryGetProperty("prompt_tokens", out var count) ? $"{count.GetRawText()} prompt tokens"
        : Ids(default);

    /// <summary>What is right for <see cref="Prompt"/>.</summary>
    public static ImmutableArray<string> ExpectedPrompt(ImmutableArray<int> ids) => [Ids(ids), $"{Number(ids.Length)} prompt tokens"];

    /// <summary>What a server sent may be of any length: a long text stands as its beginning and its digest, which differ if it does.</summary>
    public static string Bounded(string text) => text.Length <= Longest
        ? text
        : $"{Clip.Beginning(text, Longest)} ({text.Length} characters, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))})";
}
