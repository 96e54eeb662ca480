using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Adaptation.Models;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="DataType">As the file spells it.</param>
/// <param name="Start">First byte, from the end of the header.</param>
/// <param name="End">One past the last byte.</param>
public sealed record SafetensorsEntry(string Name, string DataType, ImmutableArray<long> Shape, long Start, long End);

/// <summary>Reads and writes the header: JSON that names every tensor with data type, shape and byte range.</summary>
/// <remarks>
/// Source: safetensors, README section Format and safetensors/src/tensor.rs. As there: at most 100,000,000 bytes, begins with {, tensors cover the data
/// without gap, overlap or rest. Beyond it: a key that stands twice is refused, and so is a member that the format does not know.
/// </remarks>
internal static class SafetensorsHeader
{
    public const long MaxBytes = 100_000_000;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly Dictionary<string, int> BytesOf = new(StringComparer.Ordinal)
    {
        ["F64"] = 8,
        ["F32"] = 4,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I64"] = 8,
        ["I32"] = 4,
        ["I16"] = 2,
        ["I8"] = 1,
        ["U64"] = 8,
        ["U32"] = 4,
        ["U16"] = 2,
        ["U8"] = 1,
        ["BOOL"] = 1,
        ["F8_E5M2"] = 1,
        ["F8_E4M3"] = 1,
    };

    public static WeightType? TypeOf(string dataType) => dataType switch
    {
        "F64" => WeightType.F64,
        "F32" => WeightType.F32,
        "F16" => WeightType.F16,
        "BF16" => WeightType.Bf16,
        _ => null,
    };

    /// <param name="dataBytes">Bytes that follow the header.</param>
    /// <exception cref="ModelException">Anything is not as the format asks.</exception>
    public static (ImmutableArray<SafetensorsEntry> Tensors, ImmutableSortedDictionary<string, string> Metadata) Parse(
        string file, ReadOnlySpan<byte> json, long dataBytes)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
            throw Wrong(file, "the header does not begin with {");
        try
        {
            _ = Strict.GetCharCount(json);
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
            var tensors = new List<SafetensorsEntry>();
            var metadata = ImmutableSortedDictionary<string, string>.Empty;
            var seen = new HashSet<string>(StringComparer.Ordinal);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (!seen.Add(name))
                    throw Wrong(file, $"`{name}` stands twice in the header");
                reader.Read();
                if (name == "__metadata__")
                    metadata = ReadMetadata(file, ref reader);
                else
                    tensors.Add(ReadEntry(file, name, ref reader));
            }

            if (reader.Read())
                throw Wrong(file, "something follows the header's object");
            return (InOrder(file, tensors, dataBytes), metadata);
        }
        catch (Exception malformed) when (malformed is JsonException or DecoderFallbackException or InvalidOperationException)
        {
            throw Wrong(file, $"the header is not the JSON that the format asks for: {malformed.Message}", malformed);
        }
    }

    /// <summary>The header of tensors that follow each other in the order given, padded with spaces so that the data begin at a multiple of 64 bytes.</summary>
    public static byte[] Format(IReadOnlyList<OutgoingTensor> tensors)
    {
        using var json = new MemoryStream();
        json.Write(new byte[8]);
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            writer.WriteString("format", "pt"); // what loaders of published checkpoints ask for
            writer.WriteEndObject();
            long start = 0;
            foreach (var tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", Spelling(tensor.Type));
                writer.WriteStartArray("shape");
                foreach (var length in tensor.Shape)
                    writer.WriteNumberValue(length);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(start);
                writer.WriteNumberValue(start += tensor.Bytes);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        while (json.Length % 64 != 0)
            json.WriteByte((byte)' ');
        var bytes = json.ToArray();
        BitConverter.TryWriteBytes(bytes, (long)bytes.Length - 8);
        return bytes;
    }

    /// <exception cref="ModelException">The format has no such type.</exception>
    public static string Spelling(WeightType type) => type switch
    {
        WeightType.F32 => "F32",
        WeightType.F16 => "F16",
        WeightType.Bf16 => "BF16",
        _ => throw new ModelException($"safetensors has no type {type.Spelling()}. Ask for f32, f16 or bf16, or for the format gguf."),
    };

    private static ImmutableArray<SafetensorsEntry> InOrder(string file, List<SafetensorsEntry> tensors, long dataBytes)
    {
        // a tensor without elements takes no bytes: it comes before the one that begins where it does
        var ordered = tensors.OrderBy(tensor => tensor.Start).ThenBy(tensor => tensor.End).ToImmutableArray();
        long expected = 0;
        foreach (var tensor in ordered)
        {
            if (tensor.Start != expected)
                throw Wrong(file, $"`{tensor.Name}` begins at byte {tensor.Start} of the data; expected {expected}, where the one before it ends");
            expected = tensor.End;
        }

        return expected == dataBytes ? ordered : throw Wrong(file, $"the header describes {expected} bytes of data; the file has {dataBytes}");
    }

    private static ImmutableSortedDictionary<string, string> ReadMetadata(string file, ref Utf8JsonReader reader)
    {
        var metadata = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Expect(file, ref reader, JsonTokenType.StartObject, "__metadata__");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            Expect(file, ref reader, JsonTokenType.String, "__metadata__");
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw Wrong(file, $"`{key}` stands twice in __metadata__");
        }

        return metadata.ToImmutable();
    }

    private static SafetensorsEntry ReadEntry(string file, string name, ref Utf8JsonReader reader)
    {
        Expect(file, ref reader, JsonTokenType.StartObject, name);
        string? dataType = null;
        ImmutableArray<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = reader.GetString();
            reader.Read();
            switch (member)
            {
                case "dtype" when dataType is null:
                    Expect(file, ref reader, JsonTokenType.String, name);
                    dataType = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(file, name, ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(file, name, ref reader);
                    break;
                default:
                    throw Wrong(file, $"`{name}` has a member `{member}` that is unknown or stands twice");
            }
        }

        if (dataType is null || shape is null || offsets is not [var start, var end])
            throw Wrong(file, $"`{name}` lacks dtype, shape or a pair of data_offsets");
        if (!BytesOf.TryGetValue(dataType, out var bytes))
            throw Wrong(file, $"`{name}` has the data type `{dataType}`; known are {string.Join(", ", BytesOf.Keys)}");
        var size = SizeOf(file, name, shape.Value, bytes);
        return start <= end && end - start == size
            ? new(name, dataType, shape.Value, start, end)
            : throw Wrong(file, $"`{name}` lies at bytes {start} to {end}; its shape and type take {size} bytes");
    }

    private static long SizeOf(string file, string name, ImmutableArray<long> shape, int bytes)
    {
        try
        {
            return shape.Aggregate((long)bytes, (product, length) => checked(product * length));
        }
        catch (OverflowException)
        {
            throw Wrong(file, $"`{name}` has more bytes than fit into 63 bits");
        }
    }

    private static ImmutableArray<long> ReadNumbers(string file, string name, ref Utf8JsonReader reader)
    {
        Expect(file, ref reader, JsonTokenType.StartArray, name);
        var numbers = ImmutableArray.CreateBuilder<long>();
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            if (numbers.Count == 8 || !reader.TryGetInt64(out var number) || number < 0)
                throw Wrong(file, $"`{name}` has a length or offset that is no whole number from 0 up, or more than 8 of them");
            numbers.Add(number);
        }

        Expect(file, ref reader, JsonTokenType.EndArray, name);
        return numbers.ToImmutable();
    }

    private static void Expect(string file, ref Utf8JsonReader reader, JsonTokenType expected, string name)
    {
        if (reader.TokenType != expected)
            throw Wrong(file, $"`{name}` holds a {reader.TokenType} where the format has a {expected}");
    }

    private static ModelException Wrong(string file, string what, Exception? cause = null) =>
        new($"{file} is not a safetensors file that can be used: {what}. Fetch or export it again.", cause);
}
