using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Models.Tests;

public sealed class TokenizerMetadataTests
{
    [Fact]
    public void Values_come_as_they_were_written()
    {
        var file = File(("a", 8, Text("é")), ("b", 4, Number(7)), ("c", 7, [1]), ("d", 9, [.. Number(8), .. Long(2), .. Text("x"), .. Text("y")]), ("e", 9, [.. Number(5), .. Long(1), .. Number(-1)]));

        var metadata = TokenizerMetadata.Read(new MemoryStream(file));

        Assert.Equal("é", metadata["a"]);
        Assert.Equal(7L, metadata["b"]);
        Assert.Equal(true, metadata["c"]);
        Assert.Equal(["x", "y"], Assert.IsType<string[]>(metadata["d"]));
        Assert.Equal([-1], Assert.IsType<int[]>(metadata["e"]));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused()
    {
        var file = File(("a", 8, Text("text")), ("d", 9, [.. Number(8), .. Long(2), .. Text("x"), .. Text("y")]));

        Assert.All(Enumerable.Range(0, file.Length), length => Assert.Throws<ModelException>(() => TokenizerMetadata.Read(new MemoryStream(file, 0, length))));
    }

    [Fact]
    public void Claims_that_a_file_cannot_keep_are_refused_without_taking_the_memory() =>
        Assert.All(
            new[]
            {
                File(("a", 8, Long(long.MaxValue))),
                File(("a", 9, [.. Number(8), .. Long(long.MaxValue)])),
                File(("a", 9, [.. Number(8), .. Long(1 << 24)])),
                File(("a", 13, [0])),
                File(("a", 9, [.. Number(9), .. Long(1)])),
                File(("a", 8, [.. Long(1), 0xFF])),
                File(("a", 7, [1]), ("a", 7, [0])),
                "not a GGUF file at all"u8.ToArray(),
            },
            file => Assert.Throws<ModelException>(() => TokenizerMetadata.Read(new MemoryStream(file))));

    private static byte[] File(params ReadOnlySpan<(string Key, int Kind, byte[] Value)> entries)
    {
        var file = new List<byte>([.. "GGUF"u8, .. Number(3), .. Long(0), .. Long(entries.Length)]);
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
