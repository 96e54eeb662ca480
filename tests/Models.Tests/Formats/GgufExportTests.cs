using System.Security.Cryptography;

namespace Adaptation.Models.Tests;

public sealed class GgufExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<WeightType> Types => [.. WeightTypes.Writable.Values];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Types))]
    public void The_number_of_threads_changes_no_byte(WeightType type)
    {
        var shape = Shapes.Llama with { VocabularySize = 20_000 };
        var one = Write(Shapes.Spec(shape, type), "one", new() { Threads = 1 });
        var five = Write(Shapes.Spec(shape, type), "five", new() { Threads = 5 });

        Assert.Equal(one.Sha256, five.Sha256);
        Assert.Equal(File.ReadAllBytes(one.Path), File.ReadAllBytes(five.Path));
    }

    [Fact]
    public void The_digest_and_size_reported_are_those_of_the_file()
    {
        var written = Write(Shapes.Spec(Shapes.Qwen2, WeightType.Q8_0), "m", new());

        var bytes = File.ReadAllBytes(written.Path);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), written.Sha256);
        Assert.Equal(bytes.Length, written.Bytes);
    }

    [Fact]
    public void Rows_of_query_and_key_are_interleaved_within_heads_for_llama_only()
    {
        // the pairs (i, i + D/2) of a published checkpoint become neighbours, head by head
        Assert.Equal([0, 2, 1, 3, 4, 6, 5, 7], Enumerable.Range(0, 8).Select(row => GgufExport.SourceRow(row, heads: 2, rows: 8)));
        var (llama, qwen) = (Floats(Shapes.Llama, "blk.1.attn_k.weight"), Floats(Shapes.Qwen2, "blk.1.attn_k.weight"));
        var (published, same) = (new float[32 * 64], new float[32 * 64]);
        new GeneratedWeights(Shapes.Llama, 7).Read("model.layers.1.self_attn.k_proj.weight", 0, published);
        new GeneratedWeights(Shapes.Qwen2, 7).Read("model.layers.1.self_attn.k_proj.weight", 0, same);

        Assert.Equal(published.Chunk(64).ElementAt(8), llama.Chunk(64).ElementAt(1));
        Assert.Equal(published.Chunk(64).ElementAt(16 + 9), llama.Chunk(64).ElementAt(16 + 3));
        Assert.Equal(same, qwen);
    }

    [Fact]
    public void Only_matrices_take_the_type_and_odd_rows_fall_back_to_float16()
    {
        var shape = Shapes.Llama with { IntermediateSize = 80 };

        var file = GgufFile.Open(Write(Shapes.Spec(shape, WeightType.Q4_0), "m", new()).Path);

        Assert.Equal("F16", file.Tensors.Single(tensor => tensor.Name == "blk.0.ffn_down.weight").Type.Name);
        Assert.Equal("Q4_0", file.Tensors.Single(tensor => tensor.Name == "blk.0.ffn_up.weight").Type.Name);
        Assert.Equal("F32", file.Tensors.Single(tensor => tensor.Name == "blk.0.ffn_norm.weight").Type.Name);
    }

    [Theory]
    [InlineData(true, "token_embd.weight")]
    [InlineData(false, "output.weight")]
    public void Four_bits_that_are_mixed_leave_eight_to_the_logits_and_to_the_values_of_attention(bool tied, string logits)
    {
        var spec = Shapes.Spec(Shapes.Qwen2 with { TiedEmbeddings = tied }, WeightType.Q4_0) with { FourBits = FourBits.Mixed };

        var file = GgufFile.Open(Write(spec, "m", new()).Path);

        Assert.Equal(2u, file.Find("general.file_type")!.Value); // mostly q4_0
        Assert.Equal(
            [logits, "blk.0.attn_v.weight", "blk.1.attn_v.weight"],
            file.Tensors.Where(tensor => tensor.Type.Name == "Q8_0").Select(tensor => tensor.Name).OrderBy(name => name.StartsWith("blk", StringComparison.Ordinal)));
        Assert.Equal(tied ? 12 : 13, file.Tensors.Count(tensor => tensor.Type.Name == "Q4_0"));
    }

    [Fact]
    public void Mixed_four_bits_are_nearer_to_the_weights_than_uniform_ones_in_every_matrix()
    {
        var spec = Shapes.Spec(Shapes.Qwen2, WeightType.Q4_0);
        var (uniform, mixed) = (Write(spec, "uniform", new()), Write(spec with { FourBits = FourBits.Mixed }, "mixed", new() { Threads = 3 }));

        foreach (var tensor in DecoderTensors.Of(Shapes.Qwen2).Where(tensor => !tensor.IsVector))
            Assert.True(Distance(spec, mixed, tensor) < 0.95 * Distance(spec, uniform, tensor), tensor.Name);
    }

    [Fact]
    public void The_types_other_than_q4_0_are_the_same_bytes_mixed_or_not()
    {
        var spec = Shapes.Spec(Shapes.Llama, WeightType.Q8_0);

        Assert.Equal(Write(spec, "uniform", new()).Sha256, Write(spec with { FourBits = FourBits.Mixed }, "mixed", new()).Sha256);
    }

    [Fact]
    public void A_file_that_is_there_is_neither_replaced_nor_touched_unless_asked_for()
    {
        _folder.Write("m", [1, 2, 3]);
        var spec = Shapes.Spec(Shapes.Qwen2, WeightType.F16);

        Assert.Throws<IOException>(() => Write(spec, "m", new()));

        Assert.Equal([1, 2, 3], File.ReadAllBytes(_folder.At("m")));
        Assert.Equal(["m"], _folder.Files);
        Assert.Equal(Write(spec, "m", new() { Replace = true }).Bytes, new FileInfo(_folder.At("m")).Length);
    }

    [Fact]
    public void Cancelling_leaves_nothing()
    {
        using var source = new CancellationTokenSource();
        var spec = Shapes.Spec(Shapes.Qwen2, WeightType.F16);

        Assert.ThrowsAny<OperationCanceledException>(() => GgufExport.Write(spec, _folder.At("m"), new() { Progress = _ => source.Cancel() }, source.Token));

        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void A_disk_that_cannot_hold_the_file_is_found_before_anything_is_written()
    {
        var full = Assert.Throws<IOException>(() => new NewFile(_folder.At("m"), 1L << 60, replace: false));

        Assert.NotEmpty(full.Message);
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void A_weight_that_a_block_cannot_hold_stops_the_export_and_leaves_nothing()
    {
        var spec = Shapes.Spec(Shapes.Qwen2, WeightType.Q8_0) with { Weights = new NotANumber(Shapes.Qwen2) };

        Assert.Throws<ModelException>(() => Write(spec, "m", new() { Threads = 3 }));

        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void Weights_of_another_shape_are_refused_by_name()
    {
        var spec = Shapes.Spec(Shapes.Qwen2, WeightType.F16) with { Shape = Shapes.Llama };

        var refused = Assert.Throws<ModelException>(() => Write(spec, "m", new()));

        Assert.Contains("lm_head.weight: missing", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_of_another_size_is_refused()
    {
        var spec = Shapes.Spec(Shapes.Qwen2, WeightType.F16) with { Vocabulary = SyntheticVocabulary.Of(300) };

        Assert.Contains("300", Assert.Throws<ModelException>(() => Write(spec, "m", new())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_are_those_that_llama_cpp_asks_for()
    {
        var llama = GgufExport.Metadata(Shapes.Spec(Shapes.Llama, WeightType.Bf16) with { ChatTemplate = "{{ x }}" });
        var qwen = GgufExport.Metadata(Shapes.Spec(Shapes.Qwen2, WeightType.Q8_0));

        Adaptation.Testing.Golden.Match("metadata.txt", Listing(llama) + Listing(qwen));
    }

    private static double Distance(GgufExportSpec spec, WrittenFile written, DecoderTensor tensor)
    {
        var there = GgufFile.Open(written.Path).Tensors.Single(each => each.Name == tensor.GgufName);
        var (wanted, decoded) = (new float[tensor.Elements], new double[tensor.Elements]);
        spec.Weights.Read(tensor.Name, 0, wanted);
        WeightCodec.Decode(
            there.Type.Name == "Q8_0" ? WeightType.Q8_0 : WeightType.Q4_0, File.ReadAllBytes(written.Path).AsSpan((int)there.Offset, (int)there.Bytes), decoded);
        return wanted.Zip(decoded, (value, near) => (value - near) * (value - near)).Sum();
    }

    private static string Listing(IEnumerable<KeyValuePair<string, GgufValue>> metadata) =>
        string.Concat(metadata.Select(pair => FormattableString.Invariant($"{pair.Key} {pair.Value.Type} {(pair.Value.IsArray ? $"[{pair.Value.Count}]" : pair.Value.Value)}\n")));

    private WrittenFile Write(GgufExportSpec spec, string name, WriteOptions options) =>
        GgufExport.Write(spec, _folder.At(name), options, TestContext.Current.CancellationToken);

    private float[] Floats(DecoderShape shape, string name)
    {
        var written = Write(Shapes.Spec(shape, WeightType.F32), $"{shape.Architecture}.gguf", new());
        var tensor = GgufFile.Open(written.Path).Tensors.Single(tensor => tensor.Name == name);
        var values = new float[tensor.Bytes / 4];
        Buffer.BlockCopy(File.ReadAllBytes(written.Path), (int)tensor.Offset, values, 0, (int)tensor.Bytes);
        return values;
    }

    private sealed class NotANumber(DecoderShape shape) : IRawWeights
    {
        public IReadOnlyDictionary<string, long[]> Shapes { get; } = new GeneratedWeights(shape, 1).Shapes;

        public void Read(string name, long first, Span<float> into) => into.Fill(float.NaN);

        public void Read(string name, Span<double> into) => into.Fill(double.NaN);
    }
}
