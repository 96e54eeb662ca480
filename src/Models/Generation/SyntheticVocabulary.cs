using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Adaptation.Models;

/// <summary>A vocabulary for generated weights: every text has tokens, and every token has a text.</summary>
/// <remarks>
/// Ids 0 to 255 are the bytes in order. Ids from 256 on are words that no text is cut into, since there are no merges: a model may yield them, and they
/// read as " t256", " t257". The last three ids are &lt;|endoftext|&gt;, &lt;|im_start|&gt; and &lt;|im_end|&gt;. Spelling of bytes: GPT-2's encoder.py, bytes_to_unicode.
/// </remarks>
public static class SyntheticVocabulary
{
    private const int Bytes = 256;
    private static readonly string[] Special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    /// <param name="size">At least 259.</param>
    /// <exception cref="ModelException">The size is smaller.</exception>
    public static GgufVocabulary Of(int size)
    {
        if (size < Bytes + Special.Length)
            throw new ModelException($"A vocabulary of {size} tokens has no room for {Bytes} bytes and {Special.Length} special tokens. Ask for {Bytes + Special.Length} or more.");
        var words = Enumerable.Range(Bytes, size - Bytes - Special.Length).Select(id => string.Create(CultureInfo.InvariantCulture, $"\u0120t{id}"));
        return new()
        {
            Tokens = [.. ByteSpellings(), .. words, .. Special],
            Kinds = [.. Enumerable.Repeat(GgufTokenKind.Normal, size - Special.Length), .. Enumerable.Repeat(GgufTokenKind.Control, Special.Length)],
            Merges = [],
            EndOfText = size - Special.Length,
        };
    }

    /// <summary>The same vocabulary as a <c>tokenizer.json</c>.</summary>
    public static byte[] TokenizerJson(int size)
    {
        var vocabulary = Of(size);
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteString("version", "1.0");
            writer.WriteNull("truncation");
            writer.WriteNull("padding");
            writer.WriteStartArray("added_tokens");
            for (var id = size - Special.Length; id < size; id++)
                WriteSpecial(writer, id, vocabulary.Tokens[id]);
            writer.WriteEndArray();
            writer.WriteNull("normalizer");
            foreach (var stage in (string[])["pre_tokenizer", "post_processor", "decoder"])
                WriteByteLevel(writer, stage);
            WriteModel(writer, vocabulary.Tokens[..^Special.Length]);
            writer.WriteEndObject();
        }

        return json.ToArray();
    }

    /// <summary>By byte: printable Latin-1 stands for itself, the others for the characters from U+0100 on, in order.</summary>
    internal static ImmutableArray<string> ByteSpellings()
    {
        var next = 0x100;
        return [.. Enumerable.Range(0, Bytes).Select(value => ((char)(value is (> 0x20 and < 0x7F) or (> 0xA0 and not 0xAD) ? value : next++)).ToString())];
    }

    private static void WriteSpecial(Utf8JsonWriter writer, int id, string content)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", id);
        writer.WriteString("content", content);
        foreach (var no in (string[])["single_word", "lstrip", "rstrip", "normalized"])
            writer.WriteBoolean(no, value: false);
        writer.WriteBoolean("special", value: true);
        writer.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter writer, string stage)
    {
        writer.WriteStartObject(stage);
        writer.WriteString("type", "ByteLevel");
        foreach (var no in (string[])["add_prefix_space", "trim_offsets", "use_regex"])
            writer.WriteBoolean(no, value: false);
        writer.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter writer, ImmutableArray<string> tokens)
    {
        writer.WriteStartObject("model");
        writer.WriteString("type", "BPE");
        foreach (var none in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"])
            writer.WriteNull(none);
        writer.WriteBoolean("fuse_unk", value: false);
        writer.WriteBoolean("byte_fallback", value: false);
        writer.WriteStartObject("vocab");
        for (var id = 0; id < tokens.Length; id++)
            writer.WriteNumber(tokens[id], id);
        writer.WriteEndObject();
        writer.WriteStartArray("merges");
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
