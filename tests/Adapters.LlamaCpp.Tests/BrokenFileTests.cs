using System.Text;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Each of these ends as a message; an engine that aborts would take the whole test run with it.</summary>
public class BrokenFileTests
{
    private static GgufFile Sound => TinyModel.Llama;

    public static TheoryData<string, byte[], string> Broken => new()
    {
        { "nothing", [], "ends at byte 0" },
        { "another format", Encoding.ASCII.GetBytes("PK\u0003\u0004 this is a zip"), "starts with 504B0304" },
        { "only the magic", [.. "GGUF"u8], "ends at byte 4, within the version" },
        { "version 1", [.. "GGUF"u8, 1, 0, 0, 0, .. new byte[64]], "GGUF version is 1" },
        { "the other byte order", [.. "GGUF"u8, 0, 0, 0, 3, .. new byte[64]], "GGUF version is 50331648" },
        { "a number of keys that no file holds", [.. "GGUF"u8, 3, 0, 0, 0, .. new byte[8], .. Enumerable.Repeat((byte)255, 8)], "announces 18446744073709551615 keys" },
        { "cut within the keys", Sound.Write()[..1000], "cut off or damaged" },
        { "cut within the last weight", Sound.Write()[..^40], "llama.cpp 0.5.0" },
        { "cut before the weights", Sound.Write()[..8200], "cut off or damaged|llama.cpp 0.5.0" },
        { "a key of a type that does not exist", Sound.With("general.name", "x").Write().Replace("general.name", 8, 77), "has type 77" },
        { "no keys and no weights", new GgufFile().Write(), "llama.cpp 0.5.0" },
    };

    [Theory, MemberData(nameof(Broken))]
    public async Task A_file_that_is_no_model_is_refused(string what, byte[] file, string said)
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(file, Opened.Cpu));

        Assert.True(said.Split('|').Any(part => error.Message.Contains(part, StringComparison.Ordinal)), $"{what}: {error.Message}");
        Assert.Contains("model.gguf", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Keys of a sound file and what they are set to; null takes the key out.</summary>
    public static TheoryData<string, object?, string> Keys => new()
    {
        { "general.architecture", "transformer9", "unknown model architecture: 'transformer9'" },
        { "general.architecture", null, "llama.cpp 0.5.0" },
        { "general.alignment", 24u, "not a power of 2" },
        { "llama.block_count", null, "key not found in model: llama.block_count" },
        { "llama.block_count", 0u, "block_count is 0" },
        { "llama.block_count", 513u, "block_count is 513" },
        { "llama.block_count", 3u, "'blk.2.attn_norm.weight' not found" },
        { "llama.block_count", "two", "llama.cpp 0.5.0" },
        { "llama.nextn_predict_layers", 3u, "nextn_predict_layers is 3" },
        { "llama.embedding_length", 0u, "embedding_length is 0" },
        { "llama.embedding_length", 128u, "llama" },
        { "llama.context_length", 0u, "context_length is 0" },
        { "llama.feed_forward_length", 0u, "feed_forward_length" },
        { "llama.feed_forward_length", 64u, "wrong shape" },
        { "llama.attention.head_count", 0u, "head_count 0 is no multiple" },
        { "llama.attention.head_count", 3u, "head_count 3 is no multiple of head_count_kv 2" },
        { "llama.attention.head_count", 128u, "0 for keys" },
        { "llama.attention.head_count_kv", 0u, "head_count_kv 0" },
        { "llama.attention.head_count_kv", new[] { 2, 0 }, "head_count_kv 0" },
        { "llama.attention.key_length", 15u, "15 for keys" },
        { "llama.attention.value_length", 32u, "32 for values" },
        { "llama.rope.dimension_count", 8u, "8 rotated" },
        { "llama.rope.scaling.type", "spiral", "rope.scaling.type is spiral" },
        { "llama.pooling_type", 9u, "pooling_type is 9" },
        { "llama.expert_count", 4u, "contradict each other" },
        { "llama.expert_used_count", 2u, "contradict each other" },
        { "llama.attention.layer_norm_rms_epsilon", null, "layer_norm_rms_epsilon" },
        { "tokenizer.ggml.model", "abacus", "llama.cpp 0.5.0" },
        { "tokenizer.ggml.tokens", null, "cannot find tokenizer vocab" },
        { "tokenizer.ggml.tokens", new[] { "<unk>", "a", "a" }, "token 2 stands in its vocabulary twice" },
        { "tokenizer.ggml.tokens", new[] { "<unk>", "a" }, "no token for byte 0x00" },
        { "tokenizer.ggml.scores", new[] { 1f }, "scores" },
        { "tokenizer.ggml.token_type", new[] { 1 }, "toktypes" },
    };

    [Theory, MemberData(nameof(Keys))]
    public async Task A_value_that_cannot_be_is_refused_and_the_process_lives(string key, object? value, string said)
    {
        var file = value is null ? Sound.Without(key) : Sound.With(key, value);

        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(file));

        Assert.True(error.Message.Contains(said, StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public async Task A_missing_weight_is_named()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(Sound.Drop("blk.1.ffn_up.weight")));

        Assert.Contains("'blk.1.ffn_up.weight' not found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_weight_of_another_shape_is_named_with_both()
    {
        var file = Sound.Map("blk.0.attn_q.weight", weight => weight with { Dimensions = [64, 32], Data = weight.Data[..(64 * 32 * 4)] });

        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(file));

        Assert.Contains("blk.0.attn_q.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("64,", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Dimensions that lie, and types that are none or do not multiply.</summary>
    public static TheoryData<int, long[]> Lies => new()
    {
        { 0, [64, -1] }, { 0, [0, 64] }, { 0, [64, 64, 1L << 62] }, { 0, [1L << 40, 1L << 40] }, { 0, [] }, { 99, [64, 64] }, { 8, [31, 64] }, { 26, [64, 64] }, { 28, [64, 32] }, { 0, [1, 1, 1, 1, 4096] },
    };

    [Theory, MemberData(nameof(Lies))]
    public async Task A_weight_that_lies_about_its_shape_or_type_is_refused(int type, long[] dimensions)
    {
        var file = Sound.Map("blk.0.attn_q.weight", weight => weight with { Type = type, Dimensions = dimensions });

        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(file));

        Assert.Matches("cannot be loaded on CPU: llama.cpp|weight blk.0.attn_q.weight has ggml type|5 dimensions", error.Message);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public async Task A_weight_that_is_no_number_is_refused_where_weights_are_checked(float value)
    {
        var file = Sound.Map("blk.0.attn_q.weight", weight => weight with { Data = [.. BitConverter.GetBytes(value), .. weight.Data[4..]] });

        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(file));
        await using var unchecked_ = await Opened.Async(file, Opened.Cpu with { CheckWeights = false });

        Assert.Contains("invalid data", error.Message, StringComparison.Ordinal);
        Assert.NotNull(unchecked_.Model);
    }

    [Fact]
    public async Task What_is_no_file_is_refused()
    {
        await using var adapter = LlamaCppAdapter.Load(Opened.Cpu);
        var empty = Directory.CreateTempSubdirectory("adaptation-").FullName;

        var missing = await Assert.ThrowsAsync<AdapterException>(() => adapter.OpenAsync(new("/nowhere/model.gguf"), TestContext.Current.CancellationToken));
        var folder = await Assert.ThrowsAsync<AdapterException>(() => adapter.OpenAsync(new(empty), TestContext.Current.CancellationToken));
        var device = await Assert.ThrowsAsync<AdapterException>(() => adapter.OpenAsync(new("/dev/null"), TestContext.Current.CancellationToken));

        Assert.Contains("does not exist", missing.Message, StringComparison.Ordinal);
        Assert.Contains("holds no *.gguf", folder.Message, StringComparison.Ordinal);
        Assert.Contains("/dev/null", device.Message, StringComparison.Ordinal);
        Directory.Delete(empty);
    }

    [Fact]
    public async Task After_a_refusal_a_sound_model_still_loads()
    {
        await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(Sound.Drop("output_norm.weight")));

        await using var opened = await Opened.Async(Sound);

        Assert.NotEmpty(opened.Decode(0, 0, 5));
    }

    [Fact]
    public void No_damage_to_the_header_does_more_than_throw_the_documented_exception()
    {
        var file = Sound.Write();
        var random = new Random(20_260_101);

        for (var round = 0; round < 3_000; round++)
        {
            var damaged = file[..random.Next(1, 9_000)];
            for (var hit = 0; hit < 3; hit++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                _ = GgufRules.Problem(GgufHeader.Read(new MemoryStream(damaged)));
            }
            catch (InvalidDataException refused)
            {
                Assert.NotEmpty(refused.Message);
            }
        }
    }
}

internal static class Bytes
{
    /// <summary>Overwrites the type that follows a key, given the low byte that stands there.</summary>
    public static byte[] Replace(this byte[] file, string key, byte old, byte value)
    {
        var at = file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key)) + key.Length;
        Assert.Equal(old, file[at]);
        file[at] = value;
        return file;
    }
}
