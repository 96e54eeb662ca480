using System.Text;
using Adaptation.Adapters.Abstractions;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Adapters.LlamaCpp.Tests;

public class VocabularyTests
{
    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData(" hello  hell\n\toll")]
    [InlineData("春眠不觉晓，处处闻啼鸟。")]
    [InlineData("🙂 é ﷽ \u0000 \u007f")]
    public async Task A_text_comes_back_from_the_bytes_of_its_tokens(string text)
    {
        foreach (var file in new[] { TinyModel.Llama, TinyModel.Qwen2 })
        {
            await using var opened = await Opened.Async(file);

            var tokens = opened.Model.Tokenize(text, parseSpecial: false);

            Assert.Equal(text, Encoding.UTF8.GetString([.. tokens.SelectMany(opened.Model.Bytes)]));
        }
    }

    [Fact]
    public async Task Any_text_comes_back_from_the_bytes_of_its_tokens()
    {
        await using var opened = await Opened.Async(TinyModel.Qwen2);
        var model = opened.Model;

        Prop.ForAll<NonNull<string>>(any =>
        {
            var text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(any.Get)); // a lone surrogate has no bytes
            return Encoding.UTF8.GetString([.. model.Tokenize(text, parseSpecial: false).SelectMany(model.Bytes)]) == text;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task Merges_are_applied_and_no_begin_of_text_is_added()
    {
        await using var sentences = await Opened.Async(TinyModel.Llama);
        await using var bytes = await Opened.Async(TinyModel.Qwen2);

        Assert.Equal([267], sentences.Model.Tokenize("hello", parseSpecial: false)); // 3 + 256 + the ninth piece
        Assert.Equal(2, bytes.Model.Tokenize("hello", parseSpecial: false).Length); // hell, o
    }

    [Fact]
    public async Task A_special_token_is_read_only_where_that_is_asked_for_and_always_spelled_out()
    {
        await using var opened = await Opened.Async(TinyModel.Qwen2);

        var parsed = opened.Model.Tokenize("<|im_start|>", parseSpecial: true);
        var plain = opened.Model.Tokenize("<|im_start|>", parseSpecial: false);

        Assert.Equal("<|im_start|>"u8, opened.Model.Bytes(Assert.Single(parsed)));
        Assert.Equal("<|im_start|>".Length, plain.Length);
    }

    [Fact]
    public async Task A_token_that_does_not_exist_has_no_bytes()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);

        Assert.Throws<AdapterException>(() => opened.Model.Bytes(-1));
        Assert.Throws<AdapterException>(() => opened.Model.Bytes(opened.Model.Vocabulary.Size));
    }

    [Fact]
    public async Task The_facts_are_those_of_the_file()
    {
        await using var sentences = await Opened.Async(TinyModel.Llama);
        await using var bytes = await Opened.Async(TinyModel.Qwen2);
        var (llama, qwen) = (sentences.Model.Vocabulary, bytes.Model.Vocabulary);

        Assert.Equal((270, 1, true), (llama.Size, llama.BeginOfText, llama.AddsBeginOfText));
        Assert.Equal([2], llama.EndOfText);
        Assert.Equal(TinyModel.Template, llama.ChatTemplate);
        Assert.Equal(TinyModel.Llama.Weights.Sum(weight => weight.Dimensions.Aggregate(1L, (product, size) => product * size)), llama.Parameters);
        Assert.Equal((262, null, false), (qwen.Size, qwen.BeginOfText, qwen.AddsBeginOfText));
        Assert.Equal([259, 261], qwen.EndOfText.Order()); // <|endoftext|> and <|im_end|>
        Assert.Equal([-1, -1, 270], sentences.Model.Signature.Outputs[0].Shape!.Value);
    }

    [Fact]
    public async Task A_file_without_a_template_has_none()
    {
        await using var opened = await Opened.Async(TinyModel.Llama.Without("tokenizer.chat_template"));

        Assert.Null(opened.Model.Vocabulary.ChatTemplate);
    }

    [Fact]
    public async Task A_model_without_a_vocabulary_computes_and_reads_no_text()
    {
        var file = TinyModel.Llama.With("tokenizer.ggml.model", "none").With("llama.vocab_size", 270u);
        await using var opened = await Opened.Async(file);

        Assert.Equal(270, opened.Decode(0, 0, 5).Length);
        Assert.Contains("without a vocabulary", Assert.Throws<AdapterException>(() => opened.Model.Tokenize("x", parseSpecial: false)).Message, StringComparison.Ordinal);
        Assert.Throws<AdapterException>(() => opened.Model.Bytes(5));
        Assert.Empty(opened.Model.Vocabulary.EndOfText);
    }

    [Fact]
    public async Task A_language_model_embeds_nothing_unless_it_is_told_how()
    {
        await using var silent = await Opened.Async(TinyModel.Llama);
        await using var told = await Opened.Async(TinyModel.Llama, Opened.Cpu with { Pooling = Pooling.Mean });

        Assert.Null(silent.Model.Embed([5, 6, 7]));
        Assert.Equal(64, told.Model.Embed([5, 6, 7])!.Length);
    }

    [Fact]
    public async Task An_embedding_has_length_one_and_is_the_text_s_own()
    {
        await using var opened = await Opened.Async(TinyModel.Llama.With("llama.pooling_type", 3u)); // last

        var (one, other) = (opened.Model.Embed([5, 6, 7])!, opened.Model.Embed([5, 6, 8])!);

        Assert.Equal(1, one.Sum(value => (double)value * value), 1e-5);
        Assert.NotEqual(one, other);
        Assert.Equal(one, opened.Model.Embed([5, 6, 7]));
        Assert.Throws<AdapterException>(() => opened.Model.Embed([]));
        Assert.Contains("257 tokens", Assert.Throws<AdapterException>(() => opened.Model.Embed(new int[257])).Message, StringComparison.Ordinal);
    }
}
