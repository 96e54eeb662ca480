using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Turns a tensor's JSON data, flat or nested as its shape, into the bytes that the binary extension would have sent.</summary>
internal static class JsonTensorData
{
    private const int LongestNumber = 8;

    /// <param name="shape">Countable: <see cref="TensorType.Count"/> is not null.</param>
    /// <exception cref="WireException">Length or nesting is not the shape's, or an element is not of the type or outside its range.</exception>
    public static byte[] ToBytes(JsonElement data, string dataType, ReadOnlySpan<long> shape, string path)
    {
        var count = TensorType.Count(shape)!.Value;
        var isNested = shape.Length > 1 && data.GetArrayLength() > 0 && data[0].ValueKind == JsonValueKind.Array;
        if (!isNested && data.GetArrayLength() != count)
            throw WireException.Protocol($"{path}data has {data.GetArrayLength()} elements; its shape asks for {count}.");

        // Grows with what is there: a shape alone makes us allocate nothing.
        using var bytes = new MemoryStream(isNested ? 0 : checked(data.GetArrayLength() * LongestNumber));
        if (isNested)
            Nested(bytes, data, dataType, shape, path);
        else
            Flat(bytes, data, dataType, path);
        return bytes.ToArray();
    }

    private static void Nested(MemoryStream bytes, JsonElement data, string dataType, ReadOnlySpan<long> shape, string path)
    {
        if (data.ValueKind != JsonValueKind.Array || data.GetArrayLength() != shape[0])
            throw WireException.Protocol($"{path}data is not nested as its shape: found {Clip.Text(data.GetRawText())}, expected {shape[0]} elements.");
        if (shape.Length == 1)
        {
            Flat(bytes, data, dataType, path);
            return;
        }

        foreach (var inner in data.EnumerateArray())
            Nested(bytes, inner, dataType, shape[1..], path);
    }

    private static void Flat(MemoryStream bytes, JsonElement data, string dataType, string path)
    {
        Span<byte> number = stackalloc byte[LongestNumber];
        foreach (var element in data.EnumerateArray())
        {
            if (dataType == "BYTES")
            {
                var text = Encoding.UTF8.GetBytes(StrictJson.Text(element, $"{path}data"));
                BinaryPrimitives.WriteInt32LittleEndian(number, text.Length);
                bytes.Write(number[..4]);
                bytes.Write(text);
            }
            else if (TryWrite(element, dataType, number))
            {
                bytes.Write(number[..TensorType.SizeOf(dataType)!.Value]);
            }
            else
            {
                throw WireException.Protocol($"{path}data has the element {Clip.Text(element.GetRawText())}, which is no {dataType}.");
            }
        }
    }

    private static bool TryWrite(JsonElement element, string dataType, Span<byte> to)
    {
        if (dataType == "BOOL")
        {
            to[0] = element.ValueKind == JsonValueKind.True ? (byte)1 : (byte)0;
            return element.ValueKind is JsonValueKind.True or JsonValueKind.False;
        }

        if (element.ValueKind != JsonValueKind.Number)
            return false;
        return dataType switch
        {
            "FP16" or "BF16" or "FP32" or "FP64" => TryWriteFraction(element, dataType, to),
            "UINT64" => element.TryGetUInt64(out var large) && BinaryPrimitives.TryWriteUInt64LittleEndian(to, large),
            _ => element.TryGetInt64(out var integer) && IsInRange(integer, dataType) && BinaryPrimitives.TryWriteInt64LittleEndian(to, integer),
        };
    }

    private static bool IsInRange(long integer, string dataType) => dataType switch
    {
        "INT8" => integer is >= sbyte.MinValue and <= sbyte.MaxValue,
        "INT16" => integer is >= short.MinValue and <= short.MaxValue,
        "INT32" => integer is >= int.MinValue and <= int.MaxValue,
        "UINT8" => integer is >= byte.MinValue and <= byte.MaxValue,
        "UINT16" => integer is >= ushort.MinValue and <= ushort.MaxValue,
        "UINT32" => integer is >= uint.MinValue and <= uint.MaxValue,
        _ => dataType == "INT64",
    };

    private static bool TryWriteFraction(JsonElement element, string dataType, Span<byte> to)
    {
        if (!element.TryGetDouble(out var value) || !element.TryGetSingle(out var single))
            return false;
        switch (dataType)
        {
            case "FP16":
                BinaryPrimitives.WriteHalfLittleEndian(to, (Half)value);
                return Half.IsFinite((Half)value);
            case "BF16":
                BinaryPrimitives.WriteUInt16LittleEndian(to, ToBrainFloat(value));
                return (ToBrainFloat(value) & 0x7F80) != 0x7F80;
            case "FP32":
                BinaryPrimitives.WriteSingleLittleEndian(to, single);
                return float.IsFinite(single);
            default:
                BinaryPrimitives.WriteDoubleLittleEndian(to, value);
                return double.IsFinite(value);
        }
    }

    /// <summary>Rounds to nearest, ties to even, once: through a float that was rounded to odd, so that the detour leaves no trace.</summary>
    private static ushort ToBrainFloat(double value)
    {
        var single = (float)value;
        var bits = BitConverter.SingleToUInt32Bits(single);
        if (single != value)
        {
            if (Math.Abs((double)single) > Math.Abs(value))
                bits--;
            bits |= 1;
        }

        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
