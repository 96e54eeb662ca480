using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Answers of <c>/v1/completions</c>.</summary>
internal sealed class CompletionFormat(Vocabulary vocabulary) : ITextFormat
{
    public string IdPrefix => "cmpl-";

    public (string Whole, string Part) Objects => ("text_completion", "text_completion");

    public void WriteWhole(Utf8JsonWriter json, TextSpec spec, ChoiceText choice) => WritePart(json, spec, choice);

    public void WritePart(Utf8JsonWriter json, TextSpec spec, ChoiceText choice)
    {
        json.WriteString("text"u8, choice.Text);
        if (spec.Logprobs is null)
            json.WriteNull("logprobs"u8);
        else
            WriteLogprobs(json, spec, choice.Shown);
        json.WriteFinish(choice.Finish);
        if (!spec.ReturnTokenIds)
            return;
        json.WriteTokens(choice);
        if (!choice.WasSent)
            json.WriteIds("prompt_token_ids"u8, choice.Prompt.Span);
    }

    public void WriteRoot(Utf8JsonWriter json, TextSpec spec, ReadOnlyMemory<int> prompt)
    {
    }

    private void WriteLogprobs(Utf8JsonWriter json, TextSpec spec, IReadOnlyList<ShownToken> tokens)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("tokens"u8);
        foreach (var token in tokens)
            json.WriteStringValue(vocabulary.Spell(token.Token, spec));
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        foreach (var token in tokens)
        {
            if (token.Chosen is { } chosen)
                json.WriteNumberValue(TextFormats.Clamp(chosen));
            else
                json.WriteNullValue();
        }
        json.WriteEndArray();
        json.WriteStartArray("top_logprobs"u8);
        foreach (var token in tokens)
            WriteTop(json, spec, token);
        json.WriteEndArray();
        json.WriteStartArray("text_offset"u8);
        foreach (var token in tokens)
            json.WriteNumberValue(token.Offset);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A map, as this route has it: of tokens that are spelled alike the most probable one stands; the chosen one is always there.</summary>
    private void WriteTop(Utf8JsonWriter json, TextSpec spec, ShownToken token)
    {
        if (token.Chosen is not { } chosen)
        {
            json.WriteNullValue();
            return;
        }
        var written = new HashSet<string>(StringComparer.Ordinal);
        json.WriteStartObject();
        foreach (var (id, logprob) in token.Top.Append(new(token.Token, chosen)))
        {
            var name = vocabulary.Spell(id, spec);
            if (written.Add(name))
                json.WriteNumber(name, TextFormats.Clamp(logprob));
        }
        json.WriteEndObject();
    }
}
