using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

public sealed class GgufTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_type_of_value_comes_back()
    {
        KeyValuePair<string, GgufValue>[] metadata =
        [
            .. new object[]
            {
                (byte)200, (sbyte)-3, (ushort)60000, (short)-30000, 4000000000u, -7, 1.5f, true, "词", ulong.MaxValue, long.MinValue, 0.1,
                new byte[] { 1 }, new sbyte[] { -1 }, new ushort[] { 1, 2 }, new short[] { -1 }, new uint[] { 9 }, new[] { 1, -2 }, new[] { 0.5f },
                new[] { true, false }, new[] { "a", "" }, new ulong[] { 1 }, new long[] { -1 }, new[] { 2.5 }, Array.Empty<string>(),
            }.Select((value, at) => new KeyValuePair<string, GgufValue>($"k.{at}", GgufValue.Of(value))),
        ];

        var file = GgufFile.Open(_folder.Write("m", GgufHeader.Format(metadata, [])));

        Assert.Equal(metadata.Select(pair => (pair.Key, pair.Value.Type, pair.Value.IsArray)), file.Metadata.Select(pair => (pair.Key, pair.Value.Type, pair.Value.IsArray)));
        Assert.Equal(metadata.Select(pair => pair.Value.Value), file.Metadata.Select(pair => pair.Value.Value));
    }

    [Fact]
    public void A_small_file_has_exactly_these_bytes()
    {
        var shape = Shapes.Llama with { VocabularySize = 259, HiddenSize = 32, IntermediateSize = 32, Layers = 1, AttentionHeads = 2, KeyValueHeads = 1 };
        var spec = Shapes.Spec(shape, WeightType.Q4_0) with { ChatTemplate = "{{ messages }}" };

        var written = GgufExport.Write(spec, _folder.At("m.gguf"), new(), TestContext.Current.CancellationToken);

        Adaptation.Testing.Golden.Match("tiny-q4_0.gguf", File.ReadAllBytes(written.Path));
    }

    [Fact]
    public void Tensors_are_listed_with_shapes_row_major_and_places()
    {
        var written = GgufExport.Write(Shapes.Spec(Shapes.Llama, WeightType.Q8_0), _folder.At("m.gguf"), new(), TestContext.Current.CancellationToken);

        var file = GgufFile.Open(written.Path);

        Assert.Equal(DecoderTensors.Of(Shapes.Llama).Select(tensor => tensor.GgufName), file.Tensors.Select(tensor => tensor.Name));
        var gate = file.Tensors.Single(tensor => tensor.Name == "blk.1.ffn_gate.weight");
        Assert.Equal([96, 64], gate.Shape);
        Assert.Equal(("Q8_0", 96 * 64 / 32 * 34L), (gate.Type.Name, gate.Bytes));
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.Offset % 32));
        Assert.All(file.Tensors.Where(tensor => tensor.Shape.Length == 1), tensor => Assert.Equal("F32", tensor.Type.Name));
    }

    public static TheoryData<string, byte[], string> Damaged()
    {
        static byte[] Head(ulong tensors, ulong pairs, uint version = 3) => [.. "GGUF"u8, .. BitConverter.GetBytes(version), .. BitConverter.GetBytes(tensors), .. BitConverter.GetBytes(pairs)];
        static byte[] Text(string text) => [.. BitConverter.GetBytes((ulong)text.Length), .. text.Select(c => (byte)c)];
        static byte[] Pair(string key, uint type, params byte[] value) => [.. Text(key), .. BitConverter.GetBytes(type), .. value];
        static byte[] Tensor(string name, ulong offset, uint type, params ulong[] shape) =>
            [.. Text(name), .. BitConverter.GetBytes(shape.Length), .. shape.SelectMany(BitConverter.GetBytes), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(offset)];
        static byte[] Table(params byte[][] tensors) => Padded([.. Head((ulong)tensors.Length, 0), .. tensors.SelectMany(tensor => tensor)]);
        static byte[] Padded(byte[] bytes) => [.. bytes, .. new byte[((bytes.Length + 31) / 32 * 32) - bytes.Length]];

        return new()
        {
            { "empty", [], "it ends within" },
            { "magic", [.. "GGUX"u8, .. new byte[20]], "begin with GGUF" },
            { "version 1", Head(0, 0, version: 1), "version 1" },
            { "version 4", Head(0, 0, version: 4), "version 4" },
            { "big-endian", Head(0, 0, version: 0x03000000), "version 50331648" },
            { "tensors", Head(ulong.MaxValue, 0), "number of tensors" },
            { "pairs", Head(0, 1UL << 40), "number of metadata" },
            { "key twice", [.. Head(0, 2), .. Pair("k", 0, 1), .. Pair("k", 0, 1)], "stands twice" },
            { "empty key", [.. Head(0, 1), .. Pair("", 0, 1), 0, 0], "is empty" },
            { "type", [.. Head(0, 1), .. Pair("k", 13, 1)], "type 13" },
            { "truth", [.. Head(0, 1), .. Pair("k", 7, 2)], "truth value of 2" },
            { "list of lists", [.. Head(0, 1), .. Pair("k", 9, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)], "list of lists" },
            { "long list", [.. Head(0, 1), .. Pair("k", 9, 4, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255)], "list `k`" },
            { "long text", [.. Head(0, 1), .. Pair("k", 8, 255, 255, 255, 255, 255, 255, 255, 127)], "at most" },
            { "not UTF-8", [.. Head(0, 1), .. Pair("k", 8, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF)], "not UTF-8" },
            { "alignment", [.. Head(0, 1), .. Pair("general.alignment", 4, 33, 0, 0, 0)], "power of two" },
            { "alignment type", [.. Head(0, 1), .. Pair("general.alignment", 5, 32, 0, 0, 0)], "UInt32" },
            { "ggml type", Table(Tensor("a", 0, 4, 32)), "none of ggml's" },
            { "row", Table(Tensor("a", 0, 8, 33)), "multiple of 32" },
            { "no dimension", Table(Tensor("a", 0, 0)), "0 dimensions" },
            { "five", Table(Tensor("a", 0, 0, 1, 1, 1, 1, 1)), "5 dimensions" },
            { "zero", Table(Tensor("a", 0, 0, 0)), "dimension of 0" },
            { "huge", Table(Tensor("a", 0, 0, 1UL << 40, 1UL << 40)), "63 bits" },
            { "offset", [.. Table(Tensor("a", 32, 0, 1)), .. new byte[64]], "expected 0" },
            { "overlap", [.. Table(Tensor("a", 0, 0, 1), Tensor("b", 0, 0, 1)), .. new byte[64]], "expected 32" },
            { "name twice", [.. Table(Tensor("a", 0, 0, 1), Tensor("a", 32, 0, 1)), .. new byte[64]], "stands twice" },
            { "long name", Table(Tensor(new string('a', 64), 0, 0, 1)), "at most 63" },
            { "short", [.. Table(Tensor("a", 0, 0, 1)), 1, 2], "takes 4 bytes" },
            { "rest", [.. Table(Tensor("a", 0, 0, 1)), .. new byte[33]], "end at byte" },
            { "rest without tensors", [.. Head(0, 0), 1], "without tensors" },
        };
    }

    [Theory, MemberData(nameof(Damaged))]
    public void A_damaged_file_is_refused_with_the_reason(string what, byte[] bytes, string reason)
    {
        var refused = Assert.Throws<ModelException>(() => GgufFile.Open(_folder.Write("m", bytes)));

        Assert.True(refused.Message.Contains(reason, StringComparison.Ordinal), $"{what}: {refused.Message}");
    }

    [Fact]
    public void A_file_with_anything_changed_is_read_or_refused_and_nothing_else()
    {
        var shape = Shapes.Qwen2 with { VocabularySize = 259, Layers = 1 };
        var whole = File.ReadAllBytes(GgufExport.Write(Shapes.Spec(shape, WeightType.F16), _folder.At("m.gguf"), new(), TestContext.Current.CancellationToken).Path);
        var header = (int)GgufFile.Open(_folder.At("m.gguf")).Tensors[0].Offset;
        Prop.ForAll<PositiveInt, byte, bool>((at, value, cut) =>
        {
            var place = (int)(at.Get * 7919L % header);
            byte[] changed = cut ? whole[..place] : [.. whole];
            if (!cut)
                changed[place] = value;
            try
            {
                return GgufFile.Open(_folder.Write("changed", changed)).Tensors.Length > 0 && !cut;
            }
            catch (ModelException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();
    }
}
