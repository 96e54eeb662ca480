using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Models;

/// <summary>Writes what stands before the tensors of a GGUF file.</summary>
internal static class GgufHeader
{
    /// <summary>Magic, version 3, counts, metadata in the order given, tensor table, zeros up to a multiple of 32. Little-endian.</summary>
    public static byte[] Format(IReadOnlyList<KeyValuePair<string, GgufValue>> metadata, IReadOnlyList<OutgoingTensor> tensors)
    {
        using var into = new MemoryStream();
        into.Write("GGUF"u8);
        Number(into, GgufFile.Version);
        Number(into, (ulong)tensors.Count);
        Number(into, (ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            Text(into, key);
            Value(into, value);
        }

        long offset = 0;
        foreach (var tensor in tensors)
        {
            if (Encoding.UTF8.GetByteCount(tensor.Name) > GgufFile.MaxNameBytes)
                throw new ModelException($"The tensor name `{tensor.Name}` is longer than {GgufFile.MaxNameBytes} bytes, which ggml cannot hold.");
            Text(into, tensor.Name);
            Number(into, (uint)tensor.Shape.Count);
            foreach (var length in tensor.Shape.Reverse())
                Number(into, (ulong)length);
            Number(into, GgmlType.Of(tensor.Type).Number);
            Number(into, (ulong)offset);
            offset += GgufFile.Padded(tensor.Bytes, GgufFile.DefaultAlignment);
        }

        into.Write(new byte[GgufFile.Padded(into.Length, GgufFile.DefaultAlignment) - into.Length]);
        return into.ToArray();
    }

    private static void Value(MemoryStream into, GgufValue value)
    {
        if (!value.IsArray)
        {
            Number(into, (uint)value.Type);
            Plain(into, value.Value);
            return;
        }

        Number(into, (uint)GgufType.Array);
        Number(into, (uint)value.Type);
        Number(into, (ulong)value.Count);
        foreach (var item in (Array)value.Value)
            Plain(into, item);
    }

    private static void Plain(MemoryStream into, object value)
    {
        switch (value)
        {
            case byte or sbyte or bool:
                into.WriteByte(value switch { byte plain => plain, sbyte signed => (byte)signed, _ => (byte)((bool)value ? 1 : 0) });
                break;
            case ushort or short:
                Number(into, value is short signed16 ? (ushort)signed16 : (ushort)value);
                break;
            case uint or int or float:
                Number(into, value switch { int signed => (uint)signed, float real => BitConverter.SingleToUInt32Bits(real), _ => (uint)value });
                break;
            case ulong or long or double:
                Number(into, value switch { long signed => (ulong)signed, double real => BitConverter.DoubleToUInt64Bits(real), _ => (ulong)value });
                break;
            default:
                Text(into, (string)value);
                break;
        }
    }

    private static void Text(MemoryStream into, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Number(into, (ulong)bytes.Length);
        into.Write(bytes);
    }

    private static void Number(MemoryStream into, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        into.Write(bytes);
    }

    private static void Number(MemoryStream into, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        into.Write(bytes);
    }

    private static void Number(MemoryStream into, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        into.Write(bytes);
    }
}
