using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(WeightType.F32)]
    [InlineData(WeightType.F16)]
    [InlineData(WeightType.Bf16)]
    public void What_was_written_comes_back_rounded_once(WeightType type)
    {
        var weights = new GeneratedWeights(Shapes.Qwen2, seed: 3);
        var written = SafetensorsExport.Write(Shapes.Qwen2, weights, type, _folder.At("m.safetensors"), new(), TestContext.Current.CancellationToken);

        using var file = SafetensorsFile.Open(written.Path);

        Assert.Empty(DecoderTensors.Differences(Shapes.Qwen2, file));
        foreach (var tensor in DecoderTensors.Of(Shapes.Qwen2))
        {
            var (expected, seen) = (new double[tensor.Elements], new double[tensor.Elements]);
            weights.Read(tensor.Name, expected);
            file.Read(tensor.Name, seen);
            Assert.Equal(expected.Select(value => Rounded(value, type)), seen);
        }
    }

    [Fact]
    public void A_small_file_has_exactly_these_bytes()
    {
        var shape = Shapes.Qwen2 with { VocabularySize = 2, HiddenSize = 2, IntermediateSize = 2, Layers = 1, AttentionHeads = 1, KeyValueHeads = 1, HeadSize = 2 };

        var written = SafetensorsExport.Write(shape, new GeneratedWeights(shape, 1), WeightType.Bf16, _folder.At("m.safetensors"), new(), TestContext.Current.CancellationToken);

        Adaptation.Testing.Golden.Match("tiny-bf16.safetensors", File.ReadAllBytes(written.Path));
    }

    [Fact]
    public void Pieces_are_parts_of_the_whole_and_float64_is_rounded()
    {
        double[] values = [1, 0.1, -3e-50, 1e300];
        var path = _folder.Write("m", File_("""{"a":{"dtype":"F64","shape":[2,2],"data_offsets":[0,32]}}""", [.. values.SelectMany(BitConverter.GetBytes)]));
        using var file = SafetensorsFile.Open(path);
        var (whole, piece) = (new double[4], new float[3]);

        file.Read("a", whole);
        file.Read("a", 1, piece);

        Assert.Equal(values, whole);
        Assert.Equal([0.1f, -0f, float.PositiveInfinity], piece);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read("a", 2, new float[3]));
        Assert.Throws<KeyNotFoundException>(() => file.Read("b", 0, new float[1]));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "describes 4 bytes of data; the file has 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "expected 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "expected 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "take 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "take 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""", 4, "63 bits")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "from 0 up")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "whole number")]
    [InlineData("""{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}}""", 4, "data type `Q9`")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "lacks")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}""", 4, "unknown")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "stands twice")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__")]
    [InlineData("""[]""", 0, "begin with {")]
    [InlineData("""{"a":""", 0, "JSON")]
    [InlineData("""{} x""", 0, "JSON")]
    public void A_damaged_header_is_refused_with_the_reason(string header, int dataBytes, string reason)
    {
        var path = _folder.Write("m", File_(header, new byte[dataBytes]));

        var refused = Assert.Throws<ModelException>(() => SafetensorsFile.Open(path));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7B, 0x7D })]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 })]
    public void A_length_that_cannot_be_is_refused(byte[] bytes)
    {
        Assert.Throws<ModelException>(() => SafetensorsFile.Open(_folder.Write("m", bytes)));
    }

    [Fact]
    public void A_header_with_anything_changed_is_read_or_refused_and_nothing_else() => Prop.ForAll<PositiveInt, byte, bool>((at, value, cut) =>
    {
        var bytes = File_("""{"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}""", new byte[6]);
        var place = at.Get % bytes.Length;
        bytes[place] = value;
        var path = _folder.Write("m", cut ? bytes[..place] : bytes);
        try
        {
            using var file = SafetensorsFile.Open(path);
            return !cut && file.Tensors.Sum(tensor => tensor.End - tensor.Start) == 6;
        }
        catch (ModelException)
        {
            return true;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_type_that_weights_do_not_have_can_be_listed_and_not_read()
    {
        using var file = SafetensorsFile.Open(_folder.Write("m", File_("""{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}""", [1, 2])));

        Assert.Equal("I8", Assert.Single(file.Tensors).DataType);
        Assert.Throws<ModelException>(() => file.Read("a", new double[2]));
    }

    private static double Rounded(double value, WeightType type) => type switch
    {
        WeightType.F16 => (double)(Half)value,
        WeightType.Bf16 => BitConverter.UInt32BitsToSingle((uint)Narrowing.Bfloat16((float)value) << 16),
        _ => value,
    };

    private static byte[] File_(string header, byte[] data) => [.. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(header)), .. Encoding.UTF8.GetBytes(header), .. data];
}
