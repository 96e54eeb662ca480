using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>The member <c>text</c> of <c>plan.json</c>: what a language model is asked, and where its exact answers lie.</summary>
internal static class TextGoldenJson
{
    private static readonly string[] Classes = ["fp32", "16-bit", "8-bit", "4-bit"];

    public static void Write(Utf8JsonWriter writer, TextGolden text)
    {
        writer.WriteStartObject("text");
        writer.WriteString("precision", Classes[(int)text.Precision]);
        writer.WriteInteger("vocabularySize", text.VocabularySize);
        writer.WriteStartArray("documents");
        foreach (var document in text.Documents)
        {
            writer.WriteStartObject();
            writer.WriteString("id", document.Id);
            writer.WriteString("logits", document.Logits);
            writer.WriteIntegers("tokens", [.. document.Tokens.Select(token => (long)token)]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (text.Noise is { } noise)
        {
            writer.WriteStartObject("noise");
            writer.WriteInteger("meanKldPpb", noise.MeanKldPpb);
            writer.WriteInteger("p999KldPpb", noise.P999KldPpb);
            writer.WriteEndObject();
        }

        if (text.Sampling is { } sampling)
            Write(writer, sampling);
        if (!text.Answers.IsDefaultOrEmpty)
            Write(writer, text.Answers);
        if (text.Long is { } longest)
            Write(writer, longest);
        writer.WriteOptional("tools", text.Tools);
        writer.WriteEndObject();
    }

    public static TextGolden Read(JsonMembers text)
    {
        var word = text.Text("precision");
        var precision = Array.IndexOf(Classes, word);
        if (precision < 0)
            throw text.Refuse("MEMBER", $"{JsonGate.Quote(word)} is none of {string.Join(", ", Classes)}");
        var read = new TextGolden
        {
            Precision = (PrecisionClass)precision,
            VocabularySize = Small(text, "vocabularySize"),
            Documents = text.Objects("documents", ReadDocument),
            Noise = text.TryObject("noise") is { } noise ? ReadNoise(noise) : null,
            Sampling = text.TryObject("sampling") is { } sampling ? ReadSampling(sampling) : null,
            Answers = text.TryGet("answers") is null ? [] : text.Objects("answers", ReadAnswer),
            Long = text.TryObject("longContext") is { } longest ? ReadLong(longest) : null,
            Tools = text.TryText("tools"),
        };
        text.RefuseOthers();
        return read;
    }

    private static void Write(Utf8JsonWriter writer, ImmutableArray<GoldenAnswer> answers)
    {
        writer.WriteStartArray("answers");
        foreach (var answer in answers)
        {
            writer.WriteStartObject();
            writer.WriteString("id", answer.Id);
            writer.WriteInteger("most", answer.Most);
            writer.WriteIntegers("prompt", [.. answer.Prompt.Select(token => (long)token)]);
            writer.WriteIntegers("tokens", [.. answer.Tokens.Select(token => (long)token)]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static GoldenAnswer ReadAnswer(JsonMembers answer)
    {
        var read = new GoldenAnswer(answer.Text("id"), Tokens(answer, "prompt"), Small(answer, "most"), Tokens(answer, "tokens"));
        answer.RefuseOthers();
        return read;
    }

    private static ImmutableArray<int> Tokens(JsonMembers members, string name) =>
        [.. members.Array(name, members.AsInteger).Select(token => Checked(members, name, token))];

    private static void Write(Utf8JsonWriter writer, LongContextPlan plan)
    {
        writer.WriteStartObject("longContext");
        writer.WriteInteger("window", plan.Window);
        writer.WriteStartArray("sequences");
        foreach (var (document, retrieved) in plan.Sequences)
        {
            writer.WriteStartObject();
            writer.WriteString("id", document.Id);
            writer.WriteString("logits", document.Logits);
            writer.WriteIntegers("tokens", [.. document.Tokens.Select(token => (long)token)]);
            writer.WriteIntegers("retrieved", [.. retrieved.Select(at => (long)at)]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static LongContextPlan ReadLong(JsonMembers plan)
    {
        var read = new LongContextPlan(Small(plan, "window"), plan.Objects("sequences", ReadSequence));
        plan.RefuseOthers();
        return read;
    }

    private static LongSequence ReadSequence(JsonMembers sequence)
    {
        var read = new LongSequence(
            ReadTokens(sequence), Tokens(sequence, "retrieved"));
        sequence.RefuseOthers();
        return read;
    }

    private static void Write(Utf8JsonWriter writer, SamplingPlan sampling)
    {
        writer.WriteStartObject("sampling");
        writer.WriteString("document", sampling.Document);
        writer.WriteStartArray("cells");
        foreach (var cell in sampling.Cells)
        {
            writer.WriteStartObject();
            writer.WriteString("id", cell.Id);
            writer.WriteInteger("temperatureMilli", cell.TemperatureMilli);
            writer.WriteInteger("topK", cell.TopK);
            writer.WriteInteger("topPPpm", cell.TopPPpm);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static GoldenDocument ReadDocument(JsonMembers document)
    {
        var read = ReadTokens(document);
        document.RefuseOthers();
        return read;
    }

    private static GoldenDocument ReadTokens(JsonMembers document) => new(
        document.Text("id"), Tokens(document, "tokens"), document.Text("logits"));

    private static ReferenceNoise ReadNoise(JsonMembers noise)
    {
        var read = new ReferenceNoise(noise.Integer("meanKldPpb"), noise.Integer("p999KldPpb"));
        noise.RefuseOthers();
        return read;
    }

    private static SamplingPlan ReadSampling(JsonMembers sampling)
    {
        var read = new SamplingPlan(sampling.Text("document"), sampling.Objects("cells", ReadCell));
        sampling.RefuseOthers();
        return read;
    }

    private static SamplingCell ReadCell(JsonMembers cell)
    {
        var read = new SamplingCell(cell.Text("id"), cell.Integer("temperatureMilli"), Small(cell, "topK"), cell.Integer("topPPpm"));
        cell.RefuseOthers();
        return read;
    }

    private static int Small(JsonMembers members, string name) => Checked(members, name, members.Integer(name));

    private static int Checked(JsonMembers members, string name, long value) =>
        value is >= 0 and <= int.MaxValue ? (int)value : throw members.Refuse("MEMBER", $"{name} is {value}; expected 0 to {int.MaxValue}");
}
