using System.Text;
using System.Text.Json;

namespace Adaptation.Models.Tests;

public sealed class VocabularyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_made_vocabulary_has_every_byte_and_no_token_twice()
    {
        var vocabulary = SyntheticVocabulary.Of(1000);

        Assert.Equal(1000, vocabulary.Tokens.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(["Ā", "!", "~", "ġ", "Ń", "ÿ", "Ġt256", "Ġt996"], new[] { 0, '!', '~', 127, 173, 255, 256, 996 }.Select(id => vocabulary.Tokens[id]));
        Assert.Equal(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], vocabulary.Tokens[997..]);
        Assert.All(vocabulary.Kinds[997..], kind => Assert.Equal(GgufTokenKind.Control, kind));
        Assert.Equal(997, vocabulary.EndOfText);
        Assert.Throws<ModelException>(() => SyntheticVocabulary.Of(258));
    }

    [Fact]
    public void A_made_vocabulary_reads_back_from_its_tokenizer_json()
    {
        var path = _folder.Write("tokenizer.json", SyntheticVocabulary.TokenizerJson(500));

        var read = GgufVocabulary.FromTokenizerJson(path, 500);

        Assert.Equal(SyntheticVocabulary.Of(500).Tokens, read.Tokens);
        Assert.Equal(SyntheticVocabulary.Of(500).Kinds, read.Kinds);
        Assert.Empty(read.Merges);
    }

    [Fact]
    public void Merges_come_in_both_spellings_and_gaps_are_filled_as_converters_do()
    {
        var pairs = GgufVocabulary.FromTokenizerJson(Json("""["a","b"],["ab","c"]"""), 8);
        var texts = GgufVocabulary.FromTokenizerJson(Json("\"a b\",\"ab c\""), 8);

        Assert.Equal(["a b", "ab c"], pairs.Merges);
        Assert.Equal(pairs.Merges, texts.Merges);
        Assert.Equal(["a", "b", "c", "ab", "abc", "<s>", "<u>", "[PAD7]"], pairs.Tokens);
        Assert.Equal([1, 1, 1, 1, 1, 3, 4, 5], pairs.Kinds.Select(kind => (int)kind));
    }

    [Theory]
    [InlineData("""{"model":{"type":"WordPiece"}}""")]
    [InlineData("""{"model":{"type":"BPE","byte_fallback":true}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":9},"merges":[]},"added_tokens":[]}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]},"added_tokens":[]}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]},"added_tokens":[]}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]},"added_tokens":[]}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"id":1,"content":"a","special":true}]}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":"x"},"merges":[]},"added_tokens":[]}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0}},"added_tokens":[]}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}""")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("")]
    public void What_is_no_byte_level_tokenizer_is_refused(string json)
    {
        Assert.Throws<ModelException>(() => GgufVocabulary.FromTokenizerJson(_folder.Write("t", Encoding.UTF8.GetBytes(json)), 8));
    }

    [Theory]
    [InlineData(DecoderArchitecture.Llama)]
    [InlineData(DecoderArchitecture.Qwen2)]
    public void A_config_reads_back(DecoderArchitecture architecture)
    {
        var config = new HfConfig(Shapes.Llama with { Architecture = architecture, NormEpsilon = 1e-6, RopeTheta = 500000 }, BeginOfText: null, EndOfText: 3);

        var read = HfConfig.Read(_folder.Write("config.json", config.Format(WeightType.Bf16)));

        Assert.Equal(config, read);
    }

    [Fact]
    public void What_a_published_config_leaves_out_has_the_value_that_its_code_gives_it()
    {
        var read = HfConfig.Read(Config(("head_dim", null), ("num_key_value_heads", null), ("rope_theta", null), ("eos_token_id", "[5, 6]")));

        Assert.Equal((16, 4, 10000d, (int?)5), (read.Shape.HeadSize, read.Shape.KeyValueHeads, read.Shape.RopeTheta, read.EndOfText));
    }

    [Theory]
    [InlineData("model_type", "\"gpt2\"")]
    [InlineData("model_type", null)]
    [InlineData("hidden_act", "\"gelu\"")]
    [InlineData("rope_scaling", "{\"type\":\"yarn\"}")]
    [InlineData("quantization_config", "{}")]
    [InlineData("mlp_bias", "true")]
    [InlineData("attention_bias", "true")]
    [InlineData("hidden_size", null)]
    [InlineData("hidden_size", "-64")]
    [InlineData("hidden_size", "64.5")]
    [InlineData("hidden_size", "\"64\"")]
    [InlineData("hidden_size", "1e40")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("head_dim", "15")]
    public void A_config_that_is_wrong_or_not_supported_is_refused(string key, string? value)
    {
        Assert.Throws<ModelException>(() => HfConfig.Read(Config((key, value))));
    }

    private string Config(params (string Key, string? Value)[] changes)
    {
        var members = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(new HfConfig(Shapes.Llama, BeginOfText: null, EndOfText: null).Format(WeightType.F32))!;
        foreach (var (key, value) in changes)
        {
            members.Remove(key);
            if (value is not null)
                members.Add(key, JsonSerializer.Deserialize<JsonElement>(value));
        }

        return _folder.Write("config.json", JsonSerializer.SerializeToUtf8Bytes(members));
    }

    private string Json(string merges) => _folder.Write("tokenizer.json", Encoding.UTF8.GetBytes(
        $$$"""
        {"added_tokens":[{"id":5,"content":"<s>","special":true},{"id":6,"content":"<u>","special":false}],
         "model":{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"ab":3,"abc":4},"merges":[{{{merges}}}]}}
        """));
}
