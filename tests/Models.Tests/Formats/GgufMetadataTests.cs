using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Models.Tests;

public sealed class GgufMetadataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Values_come_as_they_were_written(int version)
    {
        var file = Open(Bytes(version, ("a", 8, Text("é")), ("b", 4, Number(7)), ("c", 7, [1]), ("d", 9, [.. Number(8), .. Long(2), .. Text("x"), .. Text("y")]), ("e", 9, [.. Number(5), .. Long(1), .. Number(-1)])));

        Assert.Equal("é", file.Find("a")?.Value);
        Assert.Equal(7u, file.Find("b")?.Value);
        Assert.Equal(true, file.Find("c")?.Value);
        Assert.Equal(["x", "y"], Assert.IsType<string[]>(file.Find("d")?.Value));
        Assert.Equal([-1], Assert.IsType<int[]>(file.Find("e")?.Value));
        Assert.Null(file.Find("f"));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused()
    {
        var file = Bytes(3, ("a", 8, Text("text")), ("d", 9, [.. Number(8), .. Long(2), .. Text("x"), .. Text("y")]));

        Assert.All(Enumerable.Range(0, file.Length), length => Assert.Throws<ModelException>(() => Open(file[..length])));
    }

    public static TheoryData<string, byte[]> Forged => new()
    {
        { "a text longer than any", Bytes(3, ("a", 8, Long(long.MaxValue))) },
        { "a text of a gibibyte", Bytes(3, ("a", 8, Long(1 << 30))) },
        { "a list longer than any", Bytes(3, ("a", 9, [.. Number(8), .. Long(long.MaxValue)])) },
        { "a list of 16 million texts", Bytes(3, ("a", 9, [.. Number(8), .. Long(1 << 24)])) },
        { "a list of two billion bytes", Bytes(3, ("a", 9, [.. Number(0), .. Long(int.MaxValue)])) },
        { "a billion keys", [.. "GGUF"u8, .. Number(3), .. Long(0), .. Long(1 << 30)] },
        { "a billion tensors", [.. "GGUF"u8, .. Number(3), .. Long(1 << 30), .. Long(0)] },
    };

    [Theory, MemberData(nameof(Forged))]
    public void Claims_that_a_file_cannot_keep_are_refused_without_taking_the_memory(string claim, byte[] bytes)
    {
        var path = _folder.Write("m.gguf", bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<ModelException>(() => GgufFile.Open(path));

        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(taken < 4 << 20, $"{claim}: {taken} bytes were taken"); // the smallest claim is 16 MiB
    }

    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "a type that there is not", Bytes(3, ("a", 13, [0])) },
        { "a list of lists", Bytes(3, ("a", 9, [.. Number(9), .. Long(1)])) },
        { "a text that is not UTF-8", Bytes(3, ("a", 8, [.. Long(1), 0xFF])) },
        { "one key twice", Bytes(3, ("a", 7, [1]), ("a", 7, [0])) },
        { "another format", "not a GGUF file at all"u8.ToArray() },
    };

    [Theory, MemberData(nameof(Malformed))]
    public void What_is_not_GGUF_is_refused(string what, byte[] bytes)
    {
        var refused = Assert.Throws<ModelException>(() => Open(bytes));

        Assert.True(refused.Message.Contains("m.gguf", StringComparison.Ordinal), $"{what}: {refused.Message}");
    }

    private GgufFile Open(byte[] bytes) => GgufFile.Open(_folder.Write("m.gguf", bytes));

    private static byte[] Bytes(int version, params ReadOnlySpan<(string Key, int Kind, byte[] Value)> entries)
    {
        var file = new List<byte>([.. "GGUF"u8, .. Number(version), .. Long(0), .. Long(entries.Length)]);
        foreach (var (key, kind, value) in entries)
            file.AddRange([.. Text(key), .. Number(kind), .. value]);
        return [.. file];
    }

    private static byte[] Text(string text) => [.. Long(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Number(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Long(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }
}
