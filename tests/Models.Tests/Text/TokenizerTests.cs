using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

public sealed class TokenizerTests
{
    public static TheoryData<string> Recorded => ["tiny-poet from tokenizer.json", "tiny-poet from GGUF", "sentencepiece", "unigram"];

    [Theory, MemberData(nameof(Recorded))]
    public void Ids_are_those_that_the_engine_gave(string name)
    {
        var (tokenizer, file) = name switch
        {
            "tiny-poet from tokenizer.json" => (Tokenizers.FromJson(Vocabularies.TinyPoet), "tiny-poet-ids.txt"),
            "tiny-poet from GGUF" => (Vocabularies.FromGguf(Vocabularies.TinyPoetGguf()), "tiny-poet-ids.txt"),
            "sentencepiece" => (Vocabularies.FromGguf(Vocabularies.SentencePiece()), "sentencepiece-ids.txt"),
            _ => (Vocabularies.FromGguf(Vocabularies.Unigram()), "unigram-ids.txt"),
        };

        Assert.All(Vocabularies.Recorded(file), recorded =>
        {
            Assert.Equal(recorded.Special, tokenizer.Encode(recorded.Text, parseSpecial: true));
            Assert.Equal(recorded.Plain, tokenizer.Encode(recorded.Text, parseSpecial: false));
        });
    }

    [Fact]
    public void Byte_level_ids_stand_for_exactly_the_bytes_of_any_text()
    {
        var tokenizer = Tokenizers.FromJson(Vocabularies.TinyPoet);

        Prop.ForAll(ArbMap.Default.ArbFor<string>().Filter(text => text is not null), text =>
            Encoding.UTF8.GetBytes(text).AsSpan().SequenceEqual(tokenizer.Decode(tokenizer.Encode(text, parseSpecial: true)))).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("𠀀𪚥")]
    [InlineData("👩‍👩‍👧‍👦")]
    [InlineData("e\u0301\u0323")]
    [InlineData("a\ud800b")]
    public void What_lies_beyond_the_basic_plane_and_what_is_no_text_survives_as_UTF_8_has_it(string text)
    {
        var tokenizer = Tokenizers.FromJson(Vocabularies.TinyPoet);

        Assert.Equal(Encoding.UTF8.GetBytes(text), tokenizer.Decode(tokenizer.Encode(text, parseSpecial: false)));
    }

    [Fact]
    public void A_megabyte_without_a_break_does_not_go_quadratic()
    {
        var tokenizer = Tokenizers.FromJson(Vocabularies.TinyPoet);
        var text = new string(' ', 1 << 20) + new string('月', 1 << 18) + new string('a', 1 << 20);

        Assert.Equal(Encoding.UTF8.GetByteCount(text), tokenizer.Decode(tokenizer.Encode(text, parseSpecial: true)).Length);
    }

    [Fact]
    public void Special_tokens_are_told_by_their_spelling()
    {
        var tokenizer = Tokenizers.FromJson(Vocabularies.TinyPoet, beginOfText: null, endOfText: "<|im_end|>");

        Assert.Equal(4096, tokenizer.VocabularySize);
        Assert.Equal(4094, tokenizer.Special("<|im_start|>"));
        Assert.Null(tokenizer.Special("user"));
        Assert.Null(tokenizer.BeginOfText);
        Assert.Equal(4095, tokenizer.EndOfText);
        Assert.Equal("<|im_start|>"u8.ToArray(), tokenizer.Decode([4094]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4096)]
    public void An_id_outside_the_vocabulary_is_refused(int id) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizers.FromJson(Vocabularies.TinyPoet).Decode([id]));

    [Theory]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"normalizer":{"type":"NFC"}}""", "ab", "2")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}}""", "abba", "2 1 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"é":0,"e":1},"merges":[]},"normalizer":{"type":"NFC"}}""", "e\u0301", "0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"?":0,"a":1},"merges":[],"unk_token":"?","fuse_unk":true}}""", "xxa", "0 1")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"?":0,"a":1},"merges":[],"unk_token":"?"}}""", "xxa", "0 0 1")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"<0x78>":1},"merges":[],"byte_fallback":true}}""", "xa", "1 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"▁":0,"a":1,"▁a":2},"merges":["▁ a"]},"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}}""", "a a", "2 2")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"▁":0,"a":1},"merges":[]},"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}}""", "a a", "0 1 0 1")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"pre_tokenizer":{"type":"Split","pattern":{"String":"b"},"behavior":"Isolated","invert":false}}""", "ab", "0 1")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"b"},"behavior":"MergedWithPrevious","invert":false}}""", "ab", "2")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0," ":1},"merges":[]},"pre_tokenizer":{"type":"WhitespaceSplit"}}""", " a a", "0 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"1":0,"11":1},"merges":["1 1"]},"pre_tokenizer":{"type":"Digits","individual_digits":true}}""", "11", "0 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"id":1,"content":"<x>","special":true},{"id":2,"content":"<x>y","special":true}]}""", "a<x>ya", "0 2 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0," ":3},"merges":[]},"added_tokens":[{"id":1,"content":"<x>","special":true,"lstrip":true,"rstrip":true}]}""", "a <x> a", "0 1 0")]
    [InlineData("""{"model":{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["b",-1.5],["ab",-2],["aba",-2.2]]}}""", "abab", "4 2")]
    [InlineData("""{"model":{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1]]}}""", "axya", "1 0 1")]
    public void Small_vocabularies_do_what_their_file_says(string json, string text, string ids) =>
        Assert.Equal(ids, string.Join(' ', Tokenizers.FromJson(Encoding.UTF8.GetBytes(json)).Encode(text, parseSpecial: true)));

    [Theory]
    [InlineData("", "damaged")]
    [InlineData("[]", "damaged")]
    [InlineData("{}", "model is missing")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{}}}""", "WordPiece")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}""", "lacks")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["ab"]}}""", "not two symbols")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}""", "both")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}""", "token id -1")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":2000000000},"merges":[]}}""", "token id 2000000000")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.5}}""", "random")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":{"type":"Lowercase"}}""", "Lowercase")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}}""", "Whitespace")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a|b)*"},"behavior":"Isolated"}}""", "without bound")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"added_tokens":[{"id":0,"content":"x","single_word":true}]}""", "single_word")]
    public void What_is_damaged_or_not_supported_is_refused_by_name(string json, string words) =>
        Assert.Contains(words, Assert.Throws<ModelException>(() => Tokenizers.FromJson(Encoding.UTF8.GetBytes(json))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("tokenizer.ggml.model", "rwkv", "rwkv")]
    [InlineData("tokenizer.ggml.pre", "of-tomorrow", "of-tomorrow")]
    [InlineData("tokenizer.ggml.tokens", 3L, "String[]")]
    [InlineData("tokenizer.ggml.tokens", new[] { 3 }, "Int32[], not String[]")]
    [InlineData("tokenizer.ggml.model", 3u, "not String")]
    [InlineData("tokenizer.ggml.token_type", new[] { 1f }, "Float32[], not Int32[]")]
    [InlineData("tokenizer.ggml.eos_token_id", -3L, "token id")]
    [InlineData("tokenizer.ggml.eos_token_id", ulong.MaxValue, "18446744073709551615 of type UInt64, not a token id")]
    [InlineData("tokenizer.ggml.eos_token_id", 1.5f, "token id")]
    [InlineData("tokenizer.ggml.eos_token_id", new[] { 3u }, "UInt32[], not a token id")]
    public void A_GGUF_file_that_is_not_supported_is_refused_by_name(string key, object value, string words)
    {
        var metadata = Vocabularies.TinyPoetGguf();
        metadata[key] = value;

        Assert.Contains(words, Assert.Throws<ModelException>(() => Vocabularies.FromGguf(metadata)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((byte)7)]
    [InlineData((sbyte)7)]
    [InlineData((ushort)7)]
    [InlineData((short)7)]
    [InlineData(7)]
    [InlineData(7u)]
    [InlineData(7L)]
    [InlineData(7ul)]
    public void A_token_id_may_be_of_any_integer_type(object id)
    {
        var metadata = Vocabularies.TinyPoetGguf();
        metadata["tokenizer.ggml.eos_token_id"] = id;

        Assert.Equal(7, Vocabularies.FromGguf(metadata).EndOfText);
    }

    [Fact]
    public void Kinds_of_tokens_may_be_unsigned()
    {
        var metadata = Vocabularies.TinyPoetGguf();
        metadata["tokenizer.ggml.token_type"] = Array.ConvertAll((int[])metadata["tokenizer.ggml.token_type"], kind => (uint)kind);

        Assert.Equal(4094, Vocabularies.FromGguf(metadata).Special("<|im_start|>"));
    }
}
