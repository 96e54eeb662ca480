using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Answers of <c>/v1/chat/completions</c>.</summary>
internal sealed class ChatFormat(Vocabulary vocabulary) : ITextFormat
{
    public string IdPrefix => "chatcmpl-";

    public (string Whole, string Part) Objects => ("chat.completion", "chat.completion.chunk");

    public void WriteWhole(Utf8JsonWriter json, TextSpec spec, ChoiceText choice)
    {
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("content"u8, choice.Text);
        json.WriteNull("refusal"u8);
        json.WriteEndObject();
        WriteRest(json, spec, choice);
    }

    public void WritePart(Utf8JsonWriter json, TextSpec spec, ChoiceText choice)
    {
        json.WriteStartObject("delta"u8);
        if (!choice.WasSent)
            json.WriteString("role"u8, "assistant"u8);
        if (!choice.WasSent || !choice.Text.IsEmpty)
            json.WriteString("content"u8, choice.Text);
        json.WriteEndObject();
        WriteRest(json, spec, choice);
    }

    public void WriteRoot(Utf8JsonWriter json, TextSpec spec, ReadOnlyMemory<int> prompt)
    {
        if (spec.ReturnTokenIds)
            json.WriteIds("prompt_token_ids"u8, prompt.Span);
    }

    private void WriteRest(Utf8JsonWriter json, TextSpec spec, ChoiceText choice)
    {
        if (spec.Logprobs is null)
            json.WriteNull("logprobs"u8);
        else
            WriteLogprobs(json, spec, choice.Shown);
        json.WriteFinish(choice.Finish);
        if (spec.ReturnTokenIds)
            json.WriteTokens(choice);
    }

    private void WriteLogprobs(Utf8JsonWriter json, TextSpec spec, IReadOnlyList<ShownToken> tokens)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("content"u8);
        foreach (var token in tokens)
        {
            json.WriteStartObject();
            WriteToken(json, spec, token.Token, token.Chosen!.Value);
            json.WriteStartArray("top_logprobs"u8);
            foreach (var (id, logprob) in token.Top)
            {
                json.WriteStartObject();
                WriteToken(json, spec, id, logprob);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteToken(Utf8JsonWriter json, TextSpec spec, int id, double logprob)
    {
        json.WriteString("token"u8, vocabulary.Spell(id, spec));
        json.WriteNumber("logprob"u8, TextFormats.Clamp(logprob));
        json.WriteStartArray("bytes"u8);
        foreach (var part in vocabulary.Bytes(id))
            json.WriteNumberValue(part);
        json.WriteEndArray();
    }
}
