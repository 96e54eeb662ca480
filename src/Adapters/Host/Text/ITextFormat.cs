using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>How one of the two text routes writes its answers. Immutable; safe for concurrent use.</summary>
internal interface ITextFormat
{
    /// <summary>Begins every id: <c>cmpl-</c>.</summary>
    string IdPrefix { get; }

    /// <summary>The word for a whole answer, and the one for a part of a stream.</summary>
    (string Whole, string Part) Objects { get; }

    /// <summary>Writes the members of a choice after its index.</summary>
    void WriteWhole(Utf8JsonWriter json, TextSpec spec, ChoiceText choice);

    /// <summary>Writes the members of a part of a choice after its index.</summary>
    void WritePart(Utf8JsonWriter json, TextSpec spec, ChoiceText choice);

    /// <summary>Writes the members of the answer after its choices, or of the first part of a choice.</summary>
    void WriteRoot(Utf8JsonWriter json, TextSpec spec, ReadOnlyMemory<int> prompt);
}

/// <summary>What both formats write in the same way.</summary>
internal static class TextFormats
{
    /// <summary>What stands for a probability of 0: JSON has no minus infinity, and vLLM writes the same.</summary>
    private const double LeastLogprob = -9999;

    public static void WriteFinish(this Utf8JsonWriter json, Finish finish)
    {
        if (finish == Finish.None)
            json.WriteNull("finish_reason"u8);
        else
            json.WriteString("finish_reason"u8, finish == Finish.Stop ? "stop"u8 : "length"u8);
    }

    public static void WriteIds(this Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<int> ids)
    {
        json.WriteStartArray(name);
        foreach (var id in ids)
            json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    public static void WriteTokens(this Utf8JsonWriter json, ChoiceText choice)
    {
        json.WriteStartArray("token_ids"u8);
        foreach (var id in choice.Tokens)
            json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    public static double Clamp(double logprob) => Math.Max(LeastLogprob, logprob);

    /// <summary>A token as text; where its bytes are no text, <c>bytes:\xe4\xbd</c>.</summary>
    public static string Spell(this Vocabulary vocabulary, int token, TextSpec spec)
    {
        if (spec.SpellIds)
            return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"token_id:{token}");
        var bytes = vocabulary.Bytes(token);
        return System.Text.Unicode.Utf8.IsValid(bytes)
            ? System.Text.Encoding.UTF8.GetString(bytes)
            : "bytes:" + string.Concat(bytes.ToArray().Select(each => $"\\x{each:x2}"));
    }
}
