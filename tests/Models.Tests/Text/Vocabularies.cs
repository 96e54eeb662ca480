using System.Text.Json;
using Adaptation.Testing;

namespace Adaptation.Models.Tests;

/// <summary>The vocabularies beside the tests, and the ids that llama.cpp (as node-llama-cpp 3.22.1 ships it) gave for a list of texts.</summary>
internal static class Vocabularies
{
    public static string Folder { get; } = Path.Combine(Golden.Root, "tests", "Models.Tests", "Text", "golden");

    public static byte[] TinyPoet { get; } = File.ReadAllBytes(Path.Combine(Folder, "tiny-poet-tokenizer.json"));

    /// <summary>Text, ids where spellings stand for special tokens, ids where they do not.</summary>
    public static IEnumerable<(string Text, int[] Special, int[] Plain)> Recorded(string name)
    {
        foreach (var line in File.ReadLines(Path.Combine(Folder, name)))
        {
            var (text, ids) = (line[..line.IndexOf('\t', StringComparison.Ordinal)], line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..].Split('|'));
            yield return (JsonSerializer.Deserialize<string>(text)!, Ids(ids[0]), Ids(ids[1]));
        }
    }

    /// <summary>A tokenizer from a GGUF file with these metadata and no tensor.</summary>
    public static ITokenizer FromGguf(IReadOnlyDictionary<string, object> metadata)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("m.gguf", GgufHeader.Format([.. metadata.Select(pair => new KeyValuePair<string, GgufValue>(pair.Key, GgufValue.Of(pair.Value)))], []));
        return Tokenizers.FromGguf(GgufFile.Open(file));
    }

    /// <summary>Metadata of a small SentencePiece vocabulary: bytes, a few words and characters.</summary>
    public static Dictionary<string, object> SentencePiece() => Synthetic("sentencepiece", "llama");

    public static Dictionary<string, object> Unigram()
    {
        var metadata = Synthetic("unigram", "t5");
        metadata["tokenizer.ggml.add_space_prefix"] = true;
        metadata["tokenizer.ggml.remove_extra_whitespaces"] = true;
        return metadata;
    }

    /// <summary>Tiny-poet's vocabulary as a GGUF file has it.</summary>
    public static Dictionary<string, object> TinyPoetGguf()
    {
        using var json = JsonDocument.Parse(TinyPoet);
        var model = json.RootElement.GetProperty("model");
        var added = json.RootElement.GetProperty("added_tokens").EnumerateArray().ToDictionary(token => token.GetProperty("id").GetInt32(), token => token.GetProperty("content").GetString()!);
        var tokens = model.GetProperty("vocab").EnumerateObject().ToDictionary(entry => entry.Value.GetInt32(), entry => entry.Name).Concat(added)
            .OrderBy(entry => entry.Key).Select(entry => entry.Value).ToArray();
        return new(StringComparer.Ordinal)
        {
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = "qwen2",
            ["tokenizer.ggml.tokens"] = tokens,
            ["tokenizer.ggml.token_type"] = Enumerable.Range(0, tokens.Length).Select(id => added.ContainsKey(id) ? 3 : 1).ToArray(),
            ["tokenizer.ggml.merges"] = model.GetProperty("merges").EnumerateArray().Select(merge => merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0]} {merge[1]}").ToArray(),
            ["tokenizer.ggml.eos_token_id"] = 4093u,
        };
    }

    private static Dictionary<string, object> Synthetic(string name, string model)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "synthetic-vocabularies.json")));
        var vocabulary = json.RootElement.GetProperty(name);
        return new(StringComparer.Ordinal)
        {
            ["tokenizer.ggml.model"] = model,
            ["tokenizer.ggml.tokens"] = vocabulary.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!).ToArray(),
            ["tokenizer.ggml.scores"] = vocabulary.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()).ToArray(),
            ["tokenizer.ggml.token_type"] = vocabulary.GetProperty("types").EnumerateArray().Select(type => type.GetInt32()).ToArray(),
        };
    }

    private static int[] Ids(string ids) => [.. ids.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
}
