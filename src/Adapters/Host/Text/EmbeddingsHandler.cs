using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Answers <c>/v1/embeddings</c>: one vector per input, one input at a time so that streams go on in between.</summary>
internal sealed class EmbeddingsHandler(SpecReader specs, PromptReader prompts, Scheduler scheduler, string modelName)
{
    /// <exception cref="RefusedException">A parameter is not what it should be, or the model embeds nothing.</exception>
    /// <exception cref="Abstractions.AdapterException">The engine failed.</exception>
    public async Task<ReadOnlyMemory<byte>> AnswerAsync(Fields fields, CancellationToken cancellationToken)
    {
        specs.RequireModel(fields);
        fields.Text("user");
        var isBase64 = fields.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw RefusedException.Bad("encoding_format", "encoding_format is neither float nor base64"),
        };
        var given = prompts.Read(fields, "input");
        fields.End();

        var inputs = await prompts.TokenizeAsync("input", given, addsBegin: true, cancellationToken);
        prompts.RequireRoom("input", inputs, 0);
        var vectors = new List<float[]>(inputs.Length);
        foreach (var ids in inputs)
        {
            vectors.Add(await scheduler.RunAsync(model => model.Embed(ids), cancellationToken)
                ?? throw RefusedException.Bad("model", "this model embeds nothing; ask /v1/completions"));
        }
        return Write(vectors, inputs.Sum(ids => (long)ids.Length), isBase64);
    }

    private ReadOnlyMemory<byte> Write(List<float[]> vectors, long tokens, bool isBase64)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(bytes, Oip.Json);
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        for (var index = 0; index < vectors.Count; index++)
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "embedding"u8);
            json.WriteNumber("index"u8, index);
            if (isBase64)
                json.WriteBase64String("embedding"u8, MemoryMarshal.AsBytes(vectors[index].AsSpan())); // little-endian, as the machines that this runs on
            else
                WriteVector(json, vectors[index]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("model"u8, modelName);
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, tokens);
        json.WriteNumber("total_tokens"u8, tokens);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private static void WriteVector(Utf8JsonWriter json, float[] vector)
    {
        json.WriteStartArray("embedding"u8);
        foreach (var value in vector)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
