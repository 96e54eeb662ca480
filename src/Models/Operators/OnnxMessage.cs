using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Models;

/// <summary>Writes one message of the protocol buffers wire format; a field with a message in it is written by a message of its own.</summary>
/// <remarks>Source: Protocol Buffers Documentation, Encoding. Field numbers are the caller's, from onnx.proto.</remarks>
public sealed class OnnxMessage
{
    private const int Varint = 0, Delimited = 2, Four = 5;
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    /// <param name="value">A negative one is written as its 64-bit two's complement, as int64 fields are.</param>
    public OnnxMessage Number(int field, long value)
    {
        Bits(((ulong)field << 3) | Varint);
        Bits(unchecked((ulong)value));
        return this;
    }

    public OnnxMessage Real(int field, float value)
    {
        Bits(((ulong)field << 3) | Four);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    public OnnxMessage Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    public OnnxMessage Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Bits(((ulong)field << 3) | Delimited);
        Bits((ulong)bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    public OnnxMessage Message(int field, OnnxMessage message) => Bytes(field, message._bytes.WrittenSpan);

    /// <summary>A field once per element.</summary>
    public OnnxMessage Each<T>(IEnumerable<T> elements, Func<OnnxMessage, T, OnnxMessage> write)
    {
        foreach (var element in elements)
            write(this, element);
        return this;
    }

    private void Bits(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    private void Byte(byte value) => _bytes.Write([value]);
}
