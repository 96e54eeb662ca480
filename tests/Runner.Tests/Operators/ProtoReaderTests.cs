using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public sealed class ProtoReaderTests
{
    [Theory]
    [InlineData(new byte[] { 0x80 }, "does not end")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, "does not end")]
    [InlineData(new byte[] { 0x0A, 0x05, 1, 2 }, "announces 5 bytes")]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F }, "announces")]
    [InlineData(new byte[] { 0x09, 1, 2, 3 }, "announces 8 bytes")]
    [InlineData(new byte[] { 0x0B }, "wire type 3")]
    [InlineData(new byte[] { 0x00, 0x00 }, "field number 0")]
    public void What_is_no_message_is_refused(byte[] bytes, string reason)
    {
        var error = Assert.Throws<InvalidDataException>(() => Walk(bytes));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_and_never_anything_else() => Prop.ForAll<byte[]>(bytes =>
    {
        Refuses(() => Walk(bytes));
        Refuses(() => OnnxModelFile.Read(bytes));
        Refuses(() => TensorFileReader.TryRead(bytes, "x", out _));
        return true;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_shape_that_announces_more_than_there_is_allocates_nothing()
    {
        byte[] huge = [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x10, 0x01]; // dims 2^31-1 twice, float, no data

        Assert.Throws<InvalidDataException>(() => TensorFileReader.TryRead(huge, "x", out _));
    }

    [Fact]
    public void Numbers_in_wider_fields_give_the_type_s_bytes()
    {
        byte[] halves = [0x08, 0x02, 0x10, 0x0A, 0x2A, 0x04, 0x80, 0x78, 0x80, 0x70]; // dims [2], FLOAT16, int32_data 0x3C00 0x3800 packed

        var tensor = TensorFileReader.TryRead(halves, "x", out _)!;

        Assert.Equal("FP16", tensor.DataType);
        Assert.Equal([0x00, 0x3C, 0x00, 0x38], tensor.Data.ToArray());
    }

    [Fact]
    public void A_tensor_kept_in_another_file_is_refused() =>
        Assert.Contains("another file", Assert.Throws<InvalidDataException>(() => TensorFileReader.TryRead([0x10, 0x01, 0x70, 0x01], "x", out _)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_type_that_the_wire_has_no_word_for_is_named()
    {
        Assert.Null(TensorFileReader.TryRead([0x08, 0x01, 0x10, 0x0E, 0x4A, 0x08, 0, 0, 0, 0, 0, 0, 0, 0], "x", out var type));
        Assert.Equal("complex64", type);
    }

    private static void Walk(byte[] bytes)
    {
        for (var reader = new ProtoReader(bytes); reader.Next();)
        {
            if (reader.IsDelimited)
                _ = reader.Bytes.Length;
        }
    }

    private static void Refuses(Action read)
    {
        try
        {
            read();
        }
        catch (InvalidDataException)
        {
            // that is how such bytes are refused
        }
    }
}
