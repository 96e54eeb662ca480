using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>What keys and values take, and that a context which has no room for them is refused rather than begun.</summary>
public class CacheTests
{
    private const int Huge = 1 << 24;

    private static readonly ContextShape Shape = ContextShape.Of(sequences: 4, length: 100, batch: 64, microBatch: 64, Pooling.None);

    [Theory]
    [InlineData(CacheType.F32, 256)]
    [InlineData(CacheType.F16, 128)]
    [InlineData(CacheType.Q8_0, 68)]
    public void A_position_takes_keys_and_values_of_the_shared_heads(CacheType type, int bytes) =>
        Assert.Equal([bytes, bytes], CacheRows.Of(Header(TinyModel.Llama), type)); // 2 layers of 2 shared heads of 16, twice

    [Fact]
    public void Without_shared_heads_every_head_counts() =>
        Assert.Equal([512, 512], CacheRows.Of(Header(TinyModel.Llama.Without("llama.attention.head_count_kv")), CacheType.F32));

    [Fact]
    public void Layers_may_differ_in_heads() =>
        Assert.Equal([0, 512], CacheRows.Of(Header(TinyModel.Llama.With("llama.attention.head_count_kv", new[] { 0, 4 })), CacheType.F32));

    [Fact]
    public void Keys_and_values_may_differ_in_length() =>
        Assert.Equal([(32 + 8) * 2 * 4, (32 + 8) * 2 * 4], CacheRows.Of(Header(TinyModel.Llama.With("llama.attention.key_length", 32u).With("llama.attention.value_length", 8u)), CacheType.F32));

    [Fact]
    public void Layers_with_a_window_count_with_the_smaller_heads() =>
        Assert.Equal([(8 + 16) * 2 * 4, (8 + 16) * 2 * 4], CacheRows.Of(Header(TinyModel.Llama.With("llama.attention.key_length_swa", 8u)), CacheType.F32));

    [Fact]
    public void Layers_that_share_the_keys_of_others_keep_none() =>
        Assert.Equal([256, 0], CacheRows.Of(Header(TinyModel.Llama.With("llama.attention.shared_kv_layers", 1u)), CacheType.F32));

    [Fact]
    public void Latent_attention_keeps_no_values() =>
        Assert.Equal([128, 128], CacheRows.Of(Header(TinyModel.Llama.With("llama.attention.key_length_mla", 16u)), CacheType.F32));

    [Theory]
    [InlineData("llama.block_count", ulong.MaxValue, 0)]
    [InlineData("llama.block_count", 1ul << 40, 512)]
    [InlineData("llama.attention.head_count_kv", ulong.MaxValue, 2)]
    [InlineData("llama.attention.head_count_kv", 1ul << 62, 2)]
    [InlineData("llama.attention.head_count", 0ul, 2)]
    [InlineData("llama.embedding_length", 1ul << 62, 2)]
    [InlineData("llama.nextn_predict_layers", 1ul << 62, 2)]
    public void Numbers_of_a_file_may_be_anything(string key, ulong value, int layers)
    {
        var rows = CacheRows.Of(Header(TinyModel.Llama.With(key, value)), CacheType.F32);

        Assert.Equal(layers, rows.Length);
        Assert.All(rows, row => Assert.True(row >= 0));
    }

    [Fact]
    public void What_just_fits_is_let_through_and_a_byte_less_is_not()
    {
        Int128 needed = 300 * 256 * 4; // 100 positions are kept in steps of 256

        Room(new CachePlace("the CPU", 0, 2, needed, "MemAvailable", "")).Check(Shape);

        var error = Assert.Throws<AdapterException>(() => Room(new CachePlace("the CPU", 0, 2, needed - 1, "MemAvailable", "")).Check(Shape));
        Assert.Equal(
            "Model m.gguf needs 307200 bytes on the CPU for the keys and values (cache_type f16) of 4 sequences of 100 positions; 307199 bytes are available there (MemAvailable). "
            + "Lower context_length or sequences, or take q8_0 as cache_type with flash_attention on.",
            error.Message);
    }

    [Fact]
    public void Each_place_needs_room_for_its_own_layers()
    {
        CachePlace device = new("CANN0", 1, 1, 200 * 1024, "the driver", ", or device_layers"), cpu = new("the CPU", 0, 1, 100 * 1024, "MemAvailable", "");

        Room(cpu, device).Check(Shape);

        var error = Assert.Throws<AdapterException>(() => Room(cpu, device with { Free = (200 * 1024) - 1 }).Check(Shape));
        Assert.Contains("needs 204800 bytes on CANN0", error.Message, StringComparison.Ordinal);
        Assert.Contains("Lower context_length or sequences, or device_layers, or take", error.Message, StringComparison.Ordinal);
        Assert.Contains("on the CPU", Assert.Throws<AdapterException>(() => Room(cpu with { Free = 0 }, device).Check(Shape)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_does_not_say_what_it_has_is_left_to_the_engine() => Room(new CachePlace("CANN0", 0, 2, null, "", "")).Check(Shape);

    [Fact]
    public async Task A_context_larger_than_memory_is_refused_by_name_before_it_is_made()
    {
        var file = TinyModel.Llama.With("llama.context_length", (uint)Huge);

        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(file, Opened.Cpu with { ContextLength = Huge, Sequences = 100 }));

        // 100 * 2^24 positions of 512 bytes
        Assert.Contains("needs 819,200 MiB on the CPU for the keys and values (cache_type f32) of 100 sequences of 16777216 positions", error.Message, StringComparison.Ordinal);
        Assert.Contains("are available there (Mem", error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Lower context_length or sequences, or take f16", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_model_opens_with_a_context_that_fits()
    {
        await using var opened = await Opened.Async(TinyModel.Llama.With("llama.context_length", (uint)Huge));

        Assert.NotEmpty(opened.Decode(0, 0, 5));
    }

    private static CacheRoom Room(params CachePlace[] places) => new("m.gguf", CacheType.F16, [100, 200], () => places);

    private static GgufHeader Header(GgufFile file) => GgufHeader.Read(new MemoryStream(file.Write()));
}
