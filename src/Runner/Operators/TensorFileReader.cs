using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>Reads a TensorProto, the form in which ONNX keeps the inputs and outputs of its tests.</summary>
/// <remarks>Source: onnx.proto, message TensorProto, field numbers beside the cases.</remarks>
internal static class TensorFileReader
{
    private const long External = 1;

    /// <param name="name">What the tensor is called on the wire: the name in the file is often empty.</param>
    /// <returns>Null, with the type's name, for an element type that the Open Inference Protocol has no word for.</returns>
    /// <exception cref="InvalidDataException">The bytes are no tensor, or it is kept elsewhere.</exception>
    public static WireTensor? TryRead(ReadOnlySpan<byte> file, string name, out string type)
    {
        var parts = new Parts();
        for (var proto = new ProtoReader(file); proto.Next();)
            Collect(ref proto, parts);
        type = OnnxTypes.Name(parts.Type);
        if (parts.Location == External)
            throw new InvalidDataException("its data is kept in another file");
        if (OnnxTypes.Word(parts.Type) is not { } word)
            return parts.Type > 0 ? null : throw new InvalidDataException("it states no element type");
        if (TensorType.Count(CollectionsMarshal.AsSpan(parts.Shape)) is null)
            throw new InvalidDataException($"its shape [{string.Join(',', parts.Shape.Take(33))}] is that of no tensor");
        var tensor = new WireTensor(name, word, [.. parts.Shape], Data(word, parts));
        return TensorType.Mismatch(word, tensor.Shape.AsSpan(), tensor.Data.Span) is { } mismatch ? throw new InvalidDataException($"it {mismatch}") : tensor;
    }

    private static void Collect(ref ProtoReader proto, Parts parts)
    {
        switch (proto.Field)
        {
            case 1:
                proto.AddVarints(parts.Shape);
                break;
            case 2:
                parts.Type = (long)proto.Number;
                break;
            case 5 or 7 or 11: // int32_data, int64_data, uint64_data
                proto.AddVarints(parts.Integers);
                break;
            case 4 or 10: // float_data, double_data: packed, or one after the other
                parts.Fractions.Write(proto.Bytes);
                break;
            case 6:
                parts.Strings.Add(proto.IsDelimited ? proto.Bytes.ToArray() : throw new InvalidDataException("a string is a number"));
                break;
            case 9:
                parts.Raw = proto.IsDelimited ? proto.Bytes.ToArray() : throw new InvalidDataException("its raw data is a number");
                break;
            case 14:
                parts.Location = (long)proto.Number;
                break;
        }
    }

    private static byte[] Data(string word, Parts parts)
    {
        if (parts.Raw is not null)
            return parts.Raw;
        if (word == "BYTES")
            return Strings(parts.Strings);
        return parts.Fractions.Length > 0 ? parts.Fractions.ToArray() : Integers(parts.Integers, TensorType.SizeOf(word)!.Value);
    }

    private static byte[] Strings(List<byte[]> strings)
    {
        using var bytes = new MemoryStream();
        Span<byte> length = stackalloc byte[4];
        foreach (var text in strings)
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
            bytes.Write(length);
            bytes.Write(text);
        }

        return bytes.ToArray();
    }

    /// <summary>Narrow types, halves among them, lie in wider numbers: their low bytes count.</summary>
    private static byte[] Integers(List<long> numbers, int size)
    {
        var bytes = new byte[numbers.Count * size];
        Span<byte> wide = stackalloc byte[8];
        for (var at = 0; at < numbers.Count; at++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(wide, numbers[at]);
            wide[..size].CopyTo(bytes.AsSpan(at * size));
        }

        return bytes;
    }

    private sealed class Parts
    {
        public List<long> Shape { get; } = [];

        public long Type { get; set; }

        public long Location { get; set; }

        public List<long> Integers { get; } = [];

        public MemoryStream Fractions { get; } = new();

        public List<byte[]> Strings { get; } = [];

        public byte[]? Raw { get; set; }
    }
}
