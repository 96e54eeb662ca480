using System.Text;

namespace Adaptation.Models;

/// <summary>The metadata of a GGUF file: what its tokenizer and chat template are made from. Tensors are not looked at.</summary>
/// <remarks>
/// Format: ggml's docs/gguf.md, versions 2 and 3, little-endian. Values come as string, long, double, bool, or as arrays string[], int[], float[],
/// byte[]; arrays of other types are skipped.
/// </remarks>
public static class TokenizerMetadata
{
    private const int LongestString = 16 << 20;
    private const ulong MostElements = 16 << 20;
    private const ulong MostKeys = 1 << 16;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private enum Kind : uint
    {
        UInt8, Int8, UInt16, Int16, UInt32, Int32, Single, Bool, String, Array, UInt64, Int64, Double,
    }

    /// <exception cref="ModelException">It is no GGUF file, cut off, or of a version that is not supported.</exception>
    public static IReadOnlyDictionary<string, object> Read(Stream gguf)
    {
        using var reader = new BinaryReader(gguf, Utf8, leaveOpen: true);
        try
        {
            return Read(reader);
        }
        catch (EndOfStreamException cause)
        {
            throw new ModelException("the GGUF file ends within its metadata; get it again from its publisher", cause);
        }
        catch (DecoderFallbackException cause)
        {
            throw new ModelException("the GGUF file has a string that is not UTF-8; get it again from its publisher", cause);
        }
    }

    private static Dictionary<string, object> Read(BinaryReader reader)
    {
        if (!reader.ReadBytes(4).AsSpan().SequenceEqual("GGUF"u8))
            throw new ModelException("the file does not start with GGUF: it is of another format");
        var version = reader.ReadUInt32();
        if (version is not (2 or 3))
            throw new ModelException($"the GGUF file is of version {version}; supported are 2 and 3, little-endian");
        reader.ReadUInt64(); // number of tensors
        var keys = reader.ReadUInt64();
        if (keys > MostKeys)
            throw new ModelException($"the GGUF file claims {keys} keys; at most {MostKeys} are read");
        var metadata = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0UL; i < keys; i++)
        {
            var key = Text(reader);
            if (Value(reader, (Kind)reader.ReadUInt32(), key) is { } value && !metadata.TryAdd(key, value))
                throw new ModelException($"the GGUF file has the key {key} twice; get it again from its publisher");
        }

        return metadata;
    }

    private static object? Value(BinaryReader reader, Kind kind, string key) => kind switch
    {
        Kind.UInt8 => (long)reader.ReadByte(),
        Kind.Int8 => (long)reader.ReadSByte(),
        Kind.UInt16 => (long)reader.ReadUInt16(),
        Kind.Int16 => (long)reader.ReadInt16(),
        Kind.UInt32 => (long)reader.ReadUInt32(),
        Kind.Int32 => (long)reader.ReadInt32(),
        Kind.UInt64 => reader.ReadUInt64() is <= long.MaxValue and var value ? (long)value : throw new ModelException($"the GGUF key {key} holds a number beyond 2^63"),
        Kind.Int64 => reader.ReadInt64(),
        Kind.Single => (double)reader.ReadSingle(),
        Kind.Double => reader.ReadDouble(),
        Kind.Bool => reader.ReadByte() != 0,
        Kind.String => Text(reader),
        Kind.Array => Array(reader, key),
        _ => throw new ModelException($"the GGUF key {key} is of type {(uint)kind}, which GGUF does not have"),
    };

    private static object? Array(BinaryReader reader, string key)
    {
        var kind = (Kind)reader.ReadUInt32();
        var count = reader.ReadUInt64();
        if (count > MostElements)
            throw new ModelException($"the GGUF key {key} claims {count} elements; at most {MostElements} are read");
        return kind switch
        {
            Kind.String => Elements(reader, (int)count, Text),
            Kind.Int32 or Kind.UInt32 => Elements(reader, (int)count, static source => source.ReadInt32()),
            Kind.Single => Elements(reader, (int)count, static source => source.ReadSingle()),
            Kind.UInt8 or Kind.Int8 => Elements(reader, (int)count, static source => source.ReadByte()),
            Kind.Array => throw new ModelException($"the GGUF key {key} is an array of arrays, which is not supported"),
            _ => Skipped(reader, kind, (int)count, key),
        };
    }

    private static object? Skipped(BinaryReader reader, Kind kind, int count, string key)
    {
        for (var i = 0; i < count; i++)
            Value(reader, kind, key);
        return null;
    }

    // Grows with what was read: a count that the file only claims must not take the memory.
    private static T[] Elements<T>(BinaryReader reader, int count, Func<BinaryReader, T> read)
    {
        var elements = new List<T>(Math.Min(count, 4096));
        for (var i = 0; i < count; i++)
            elements.Add(read(reader));
        return [.. elements];
    }

    private static string Text(BinaryReader reader)
    {
        var length = reader.ReadUInt64();
        if (length > LongestString)
            throw new ModelException($"the GGUF file claims a string of {length} bytes; at most {LongestString} are read");
        var bytes = reader.ReadBytes((int)length);
        return bytes.Length == (int)length ? Utf8.GetString(bytes) : throw new EndOfStreamException();
    }
}
