using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Models;

/// <summary>What llama.cpp calls the kind of a token.</summary>
public enum GgufTokenKind
{
    Normal = 1,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
}

/// <summary>A byte-level vocabulary as GGUF carries it.</summary>
public sealed record GgufVocabulary
{
    private const int MaxJsonBytes = 256 << 20;

    /// <summary>By id, in the spelling of byte-level BPE, where each byte is one printable character; unique.</summary>
    public required ImmutableArray<string> Tokens { get; init; }

    /// <summary>By id.</summary>
    public required ImmutableArray<GgufTokenKind> Kinds { get; init; }

    /// <summary>Two tokens with a space between, the first to be applied first.</summary>
    public required ImmutableArray<string> Merges { get; init; }

    /// <summary>How llama.cpp cuts text into words before merging.</summary>
    public string Pre { get; init; } = "qwen2";

    public int? BeginOfText { get; init; }

    public int? EndOfText { get; init; }

    /// <summary>The vocabulary of a <c>tokenizer.json</c>; ids up to <paramref name="size"/> that it does not name are filled with unused tokens, as converters do.</summary>
    /// <exception cref="ModelException">It is not a byte-level BPE tokenizer, or it does not fit into <paramref name="size"/>.</exception>
    public static GgufVocabulary FromTokenizerJson(string path, int size)
    {
        try
        {
            if (new FileInfo(path).Length > MaxJsonBytes)
                throw new ModelException($"{path} has more than {MaxJsonBytes} bytes; is it a tokenizer.json?");
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Read(path, json.RootElement, size);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new ModelException($"{path} is not a tokenizer.json of a byte-level BPE tokenizer: {malformed.Message}", malformed);
        }
    }

    internal IEnumerable<KeyValuePair<string, GgufValue>> Metadata()
    {
        yield return new("tokenizer.ggml.model", GgufValue.Of("gpt2"));
        yield return new("tokenizer.ggml.pre", GgufValue.Of(Pre));
        yield return new("tokenizer.ggml.tokens", GgufValue.Of(Tokens.ToArray()));
        yield return new("tokenizer.ggml.token_type", GgufValue.Of(Kinds.Select(kind => (int)kind).ToArray()));
        yield return new("tokenizer.ggml.merges", GgufValue.Of(Merges.ToArray()));
        if (BeginOfText is { } begin)
            yield return new("tokenizer.ggml.bos_token_id", GgufValue.Of((uint)begin));
        if (EndOfText is { } end)
            yield return new("tokenizer.ggml.eos_token_id", GgufValue.Of((uint)end));
        yield return new("tokenizer.ggml.add_bos_token", GgufValue.Of(false));
    }

    private static GgufVocabulary Read(string path, JsonElement top, int size)
    {
        var model = top.GetProperty("model");
        if (model.GetProperty("type").GetString() != "BPE")
            throw new ModelException($"{path} has a model of type {model.GetProperty("type")}; expected BPE.");
        if (model.TryGetProperty("byte_fallback", out var fallback) && fallback.GetBoolean())
            throw new ModelException($"{path} falls back to byte tokens; expected a byte-level tokenizer, which needs none.");
        var tokens = new string?[size];
        var kinds = new GgufTokenKind[size];
        void Put(int id, string token, GgufTokenKind kind)
        {
            if (id < 0 || id >= size || (tokens[id] is { } there && there != token))
                throw new ModelException($"{path} gives the id {id} to `{token}`; there are ids from 0 to {size - 1}, each for one token.");
            (tokens[id], kinds[id]) = (token, kind);
        }

        foreach (var token in model.GetProperty("vocab").EnumerateObject())
            Put(token.Value.GetInt32(), token.Name, GgufTokenKind.Normal);
        foreach (var token in top.GetProperty("added_tokens").EnumerateArray())
            Put(token.GetProperty("id").GetInt32(), token.GetProperty("content").GetString()!, token.GetProperty("special").GetBoolean() ? GgufTokenKind.Control : GgufTokenKind.UserDefined);
        for (var id = 0; id < size; id++)
        {
            if (tokens[id] is null)
                Put(id, $"[PAD{id}]", GgufTokenKind.Unused);
        }

        if (tokens.Distinct(StringComparer.Ordinal).Count() != size)
            throw new ModelException($"{path} gives one token two ids, which llama.cpp does not load.");
        return new() { Tokens = [.. tokens!], Kinds = [.. kinds], Merges = ReadMerges(model) };
    }

    /// <summary>Older files write a merge as one text, newer ones as a pair.</summary>
    private static ImmutableArray<string> ReadMerges(JsonElement model) =>
    [
        .. model.GetProperty("merges").EnumerateArray().Select(merge => merge.ValueKind == JsonValueKind.Array
            ? $"{merge[0].GetString()} {merge[1].GetString()}"
            : merge.GetString()!),
    ];
}
