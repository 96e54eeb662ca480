using System.IO.Compression;
using System.Text;

namespace Adaptation.Models.Tests;

/// <summary>Decoders as ONNX and as TorchScript; that engines compute the right thing from them is tested where the engines are.</summary>
public sealed class DecoderExportTests : IDisposable
{
    private static readonly DecoderShape Shape = new()
    {
        Architecture = DecoderArchitecture.Qwen2,
        VocabularySize = 16,
        HiddenSize = 8,
        IntermediateSize = 12,
        Layers = 2,
        AttentionHeads = 2,
        KeyValueHeads = 1,
        HeadSize = 4,
        NormEpsilon = 1e-6,
        RopeTheta = 10_000,
        MaxPositions = 8,
        TiedEmbeddings = true,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("export-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Func<DecoderShape, IRawWeights, string, WriteOptions, CancellationToken, WrittenFile> Writer(string format) => format == "onnx" ? DecoderOnnx.Write : DecoderTorchScript.Write;

    [Theory] // digests of small files that other machines must come to as well
    [InlineData("onnx", "77eff24087146beeda15bfd0db6a429eff9b294c9e962a4fbf6eea5d0290b716")]
    [InlineData("torchscript", "03b210194e9637ca7cebc58652b367ee000af28a1e0bf1b36fb36e55c8035e6c")]
    public void The_same_weights_make_the_same_bytes_everywhere(string format, string sha256)
    {
        var first = Writer(format)(Shape, new GeneratedWeights(Shape, 1), At("a"), new(), Token);
        var second = Writer(format)(Shape, new GeneratedWeights(Shape, 1), At("b"), new() { Threads = 1, ExpectedSha256 = first.Sha256 }, Token);

        Assert.Equal((sha256, first.Bytes), (first.Sha256, second.Bytes));
    }

    [Theory]
    [InlineData("onnx")]
    [InlineData("torchscript")]
    public void What_comes_out_otherwise_than_pinned_or_would_replace_a_file_is_not_kept(string format)
    {
        var weights = new GeneratedWeights(Shape, 1);

        Assert.Contains("expected 0000", Assert.Throws<ModelException>(() => Writer(format)(Shape, weights, At("a"), new() { ExpectedSha256 = new('0', 64) }, Token)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
        File.WriteAllText(At("a"), "mine");
        Assert.Throws<IOException>(() => Writer(format)(Shape, weights, At("a"), new(), Token));
        Assert.Equal("mine", File.ReadAllText(At("a")));
    }

    [Theory]
    [InlineData("onnx")]
    [InlineData("torchscript")]
    public void Weights_of_another_shape_are_refused_with_the_differences(string format)
    {
        var other = new GeneratedWeights(Shape with { Layers = 1 }, 1);

        Assert.Contains("model.layers.1.input_layernorm.weight: missing", Assert.Throws<ModelException>(() => Writer(format)(Shape, other, At("a"), new(), Token)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("onnx")]
    [InlineData("torchscript")]
    public void A_model_that_a_graph_should_not_hold_is_refused_before_anything_is_read(string format)
    {
        var large = Shape with { VocabularySize = 1 << 20, HiddenSize = 512, HeadSize = 256 };

        Assert.Contains("as GGUF", Assert.Throws<ModelException>(() => Writer(format)(large, new GeneratedWeights(large, 1), At("a"), new(), Token)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_names_its_weights_as_they_are_published_and_what_a_layer_gives_by_its_number()
    {
        var file = Encoding.Latin1.GetString(File.ReadAllBytes(DecoderOnnx.Write(Shape, new GeneratedWeights(Shape, 1), At("a"), new(), Token).Path));

        Assert.All(DecoderTensors.Of(Shape).Select(tensor => tensor.Name).Concat(["layers.0.out", "layers.1.out"]), name => Assert.Contains(name, file, StringComparison.Ordinal));
    }

    [Fact]
    public void An_archive_is_a_zip_of_stored_files_each_at_a_multiple_of_64()
    {
        var file = File.ReadAllBytes(DecoderTorchScript.Write(Shape, new GeneratedWeights(Shape, 1), At("a"), new(), Token).Path);

        using var zip = new ZipArchive(new MemoryStream(file));
        var entries = zip.Entries.ToArray();

        Assert.Equal(["decoder/data.pkl", "decoder/data/0"], entries.Take(2).Select(entry => entry.FullName));
        Assert.Equal(["decoder/code/__torch__.py", "decoder/constants.pkl", "decoder/version"], entries.TakeLast(3).Select(entry => entry.FullName));
        Assert.All(entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));
        foreach (var entry in entries)
        {
            using var content = new MemoryStream();
            using (var stream = entry.Open()) // checks the sum too
                stream.CopyTo(content);
            var name = file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(entry.FullName));
            var at = name + entry.FullName.Length + BitConverter.ToUInt16(file, name - 2); // behind the name and as much padding as the header says
            Assert.Equal(0, at % 64);
            Assert.Equal(content.ToArray(), file[at..(at + (int)entry.Length)]);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);
}
