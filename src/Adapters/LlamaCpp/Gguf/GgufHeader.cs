using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>The start of a GGUF file, keys and names of weights, as far as <see cref="GgufRules"/> asks for them.</summary>
/// <remarks>
/// Source: ggml/include/gguf.h of llama.cpp v0.5.0. The engine reads the file itself; this reader exists because some values
/// make the engine abort the process instead of refusing the file.
/// </remarks>
internal sealed class GgufHeader
{
    /// <summary>Longest array of numbers that is kept: one number per layer.</summary>
    private const int LongestKept = 4096;

    private const int String = 8, Array = 9, MostDimensions = 4;

    /// <summary>Bytes of a value by type: u8, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64.</summary>
    private static readonly int[] Sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly List<(string Name, uint Type)> _weights = [];
    private readonly BufferedStream _file;
    private readonly long _length;
    private long _at;

    private GgufHeader(Stream file) => (_file, _length) = (new(file, 1 << 16), file.Length);

    /// <summary>Reads up to the first weight's data; the stream stays open.</summary>
    /// <exception cref="InvalidDataException">This is no GGUF file, or it ends too early; the message says at which byte.</exception>
    public static GgufHeader Read(Stream file)
    {
        var header = new GgufHeader(file);
        header.ReadPairs();
        return header;
    }

    /// <summary>Every weight with the number of its <c>ggml_type</c>.</summary>
    public IReadOnlyList<(string Name, uint Type)> Weights => _weights;

    public bool Has(string key) => _values.ContainsKey(key);

    /// <returns>Null if the key is missing or holds something else.</returns>
    public string? Text(string key) => _values.GetValueOrDefault(key) as string;

    /// <summary>A whole number, or an array of them: one per layer.</summary>
    /// <returns>Empty if the key is missing or holds something else.</returns>
    public IReadOnlyList<long> Numbers(string key) => _values.GetValueOrDefault(key) switch
    {
        long one => [one],
        long[] many => many,
        _ => [],
    };

    /// <summary>An array of texts, one character per byte: a token need not be valid UTF-8.</summary>
    /// <returns>Empty if the key is missing or holds something else.</returns>
    public IReadOnlyList<string> Texts(string key) => _values.GetValueOrDefault(key) as string[] ?? [];

    private void ReadPairs()
    {
        const int SmallestPair = sizeof(ulong) + 1 + sizeof(uint) + 1;
        Span<byte> magic = stackalloc byte[4];
        Take(magic, "the magic");
        if (!magic.SequenceEqual("GGUF"u8))
            throw new InvalidDataException($"it starts with {Convert.ToHexString(magic)}, and a GGUF file with 47475546 (GGUF)");
        var version = Take32("the version");
        if (version is not (2 or 3))
            throw new InvalidDataException($"its GGUF version is {version}; 2 or 3 is expected");
        var weights = Take64("the number of weights");
        var pairs = Count(Take64("the number of keys"), SmallestPair, "keys");
        for (var pair = 0L; pair < pairs; pair++)
        {
            var key = TakeText($"key {pair}");
            if (!_values.TryAdd(key, TakeValue(key)))
                throw new InvalidDataException($"key {key} stands in it twice");
        }
        const int SmallestWeight = sizeof(ulong) + sizeof(uint) + sizeof(uint) + sizeof(ulong);
        weights = (ulong)Count(weights, SmallestWeight, "weights");
        for (var weight = 0UL; weight < weights; weight++)
            ReadWeight($"weight {weight}");
    }

    private void ReadWeight(string what)
    {
        var name = TakeText(what);
        var dimensions = Take32(what);
        if (dimensions > MostDimensions)
            throw new InvalidDataException($"{what} {name} has {dimensions} dimensions; at most {MostDimensions} are expected");
        Skip(dimensions * sizeof(ulong), what);
        _weights.Add((name, Take32(what)));
        Skip(sizeof(ulong), what); // where it starts, which the engine checks
    }

    private object TakeValue(string key)
    {
        var type = Type(key);
        if (type == String)
            return TakeText(key);
        if (type != Array)
            return TakeNumber(type, key);

        var element = Type(key);
        if (element == Array)
            throw new InvalidDataException($"key {key} holds an array of arrays, which no GGUF key may");
        var count = Count(Take64(key), element == String ? sizeof(ulong) : Sizes[element], $"elements of {key}");
        if (element == String)
        {
            var texts = new string[count];
            for (var index = 0; index < count; index++)
                texts[index] = Encoding.Latin1.GetString(TakeBytes(key));
            return texts;
        }
        if (count > LongestKept)
        {
            Skip(count * Sizes[element], key);
            return false;
        }
        var numbers = new object[count];
        for (var index = 0; index < count; index++)
            numbers[index] = TakeNumber(element, key);
        return numbers.All(number => number is long) ? numbers.Cast<long>().ToArray() : false;
    }

    /// <returns>A long for whole numbers and truth values, else a double, which nobody asks for.</returns>
    private object TakeNumber(int type, string key)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        var size = Sizes[type];
        Take(bytes[..size], key);
        var bits = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return type switch
        {
            1 => (object)(long)(sbyte)bits,
            3 => (long)(short)bits,
            5 => (long)(int)bits,
            6 => (double)BitConverter.Int32BitsToSingle((int)bits),
            12 => BitConverter.Int64BitsToDouble(bits),
            _ => bits,
        };
    }

    private int Type(string key)
    {
        var type = Take32(key);
        return type < (uint)Sizes.Length ? (int)type : throw new InvalidDataException($"key {key} has type {type}, which GGUF does not define");
    }

    private string TakeText(string what) => Encoding.UTF8.GetString(TakeBytes(what));

    private byte[] TakeBytes(string what)
    {
        var bytes = new byte[Count(Take64(what), 1, $"bytes of {what}")];
        Take(bytes, what);
        return bytes;
    }

    /// <summary>A number of things that must fit into the rest of the file, so that no length in it makes us reserve more than it holds.</summary>
    private long Count(ulong count, int smallest, string what) => count <= (ulong)((_length - _at) / smallest) && count <= (ulong)System.Array.MaxLength
        ? (long)count
        : throw new InvalidDataException($"it is cut off or damaged: it announces {count} {what} at byte {_at} of {_length}");

    private uint Take32(string what)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Take(bytes, what);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    private ulong Take64(string what)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Take(bytes, what);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void Take(Span<byte> bytes, string what)
    {
        if (_file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw new InvalidDataException($"it ends at byte {_length}, within {what}");
        _at += bytes.Length;
    }

    private void Skip(long count, string what)
    {
        if (count > _length - _at)
            throw new InvalidDataException($"it ends at byte {_length}, within {what}");
        _at += count;
        _file.Seek(_at, SeekOrigin.Begin);
    }
}
