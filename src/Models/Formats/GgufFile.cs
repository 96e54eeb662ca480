using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Shape">Row-major: the file states lengths in the opposite order.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
public sealed record GgufTensor(string Name, GgmlType Type, ImmutableArray<long> Shape, long Offset, long Bytes);

/// <summary>Metadata and tensor table of a GGUF file, version 2 or 3, little-endian: these two differ in nothing else.</summary>
/// <remarks>
/// Source: ggml/docs/gguf.md; ggml/src/gguf.cpp. As there: names unique, at most 63 bytes for tensors; tensors follow each other in the order of the
/// table, each padded to the alignment. Beyond it: truth values are 0 or 1, texts are UTF-8, and nothing follows the last tensor.
/// </remarks>
public sealed class GgufFile
{
    /// <summary>The one that is written.</summary>
    public const uint Version = 3;

    private const uint Oldest = 2;
    internal const uint DefaultAlignment = 32;
    internal const string AlignmentKey = "general.alignment";
    internal const int MaxKeyBytes = 65535;
    internal const int MaxNameBytes = 63;

    private GgufFile(ImmutableArray<KeyValuePair<string, GgufValue>> metadata, ImmutableArray<GgufTensor> tensors)
    {
        (Metadata, Tensors) = (metadata, tensors);
    }

    /// <summary>In the order of the file; keys are unique.</summary>
    public ImmutableArray<KeyValuePair<string, GgufValue>> Metadata { get; }

    /// <summary>In the order of the file.</summary>
    public ImmutableArray<GgufTensor> Tensors { get; }

    /// <summary>Reads and checks the tables; of the tensors only that there is room for them.</summary>
    /// <exception cref="ModelException">The file is not as the format asks.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufFile Open(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        var reader = new GgufReader(path, stream);
        if (reader.UInt32("the first four bytes") != 0x46554747)
            throw reader.Wrong("it does not begin with GGUF");
        var version = reader.UInt32("the version");
        if (version is < Oldest or > Version)
            throw reader.Wrong($"it is of version {version}; this program reads versions {Oldest} and {Version}, little-endian");
        var tensors = reader.Count("the number of tensors", 24);
        var pairs = reader.Count("the number of metadata", 13);
        var metadata = ReadMetadata(reader, pairs);
        var alignment = Alignment(reader, metadata);
        return new(metadata, ReadTensors(reader, tensors, alignment, stream.Length));
    }

    /// <summary>The value of a key; null if there is none.</summary>
    public GgufValue? Find(string key) => Metadata.FirstOrDefault(pair => pair.Key == key).Value;

    internal static long Padded(long bytes, long alignment) => checked((bytes + alignment - 1) / alignment * alignment);

    private static ImmutableArray<KeyValuePair<string, GgufValue>> ReadMetadata(GgufReader reader, int count)
    {
        var metadata = ImmutableArray.CreateBuilder<KeyValuePair<string, GgufValue>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < count; at++)
        {
            var key = reader.Text($"key {at}", MaxKeyBytes);
            if (key.Length == 0 || !seen.Add(key))
                throw reader.Wrong($"key {at}, `{key}`, is empty or stands twice");
            metadata.Add(new(key, reader.Value(key)));
        }

        return metadata.ToImmutable();
    }

    private static long Alignment(GgufReader reader, ImmutableArray<KeyValuePair<string, GgufValue>> metadata)
    {
        if (metadata.FirstOrDefault(pair => pair.Key == AlignmentKey).Value is not { } stated)
            return DefaultAlignment;
        return stated is { Type: GgufType.UInt32, IsArray: false, Value: uint alignment } && alignment is >= 8 and <= 1 << 20 && uint.IsPow2(alignment)
            ? alignment
            : throw reader.Wrong($"{AlignmentKey} is {stated.Value} ({stated.Type}); expected a UInt32, a power of two from 8 to 1048576");
    }

    private static ImmutableArray<GgufTensor> ReadTensors(GgufReader reader, int count, long alignment, long fileBytes)
    {
        var table = new List<(string Name, GgmlType Type, ImmutableArray<long> Shape, ulong Offset, long Bytes)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < count; at++)
        {
            var name = reader.Text($"the name of tensor {at}", MaxNameBytes);
            if (name.Length == 0 || !seen.Add(name))
                throw reader.Wrong($"the name of tensor {at}, `{name}`, is empty or stands twice");
            var shape = ReadShape(reader, name);
            var number = reader.UInt32($"the type of `{name}`");
            var type = GgmlType.TryOf(number) ?? throw reader.Wrong($"`{name}` has the type {number}, which is none of ggml's");
            table.Add((name, type, shape, reader.UInt64($"the offset of `{name}`"), SizeOf(reader, name, type, shape)));
        }

        return Place(reader, table, alignment, fileBytes);
    }

    private static ImmutableArray<GgufTensor> Place(
        GgufReader reader, List<(string Name, GgmlType Type, ImmutableArray<long> Shape, ulong Offset, long Bytes)> table, long alignment, long fileBytes)
    {
        var start = Padded(reader.Position, alignment);
        if (table.Count == 0)
            return fileBytes == reader.Position || fileBytes == start ? [] : throw reader.Wrong($"{fileBytes - reader.Position} bytes follow a table without tensors");
        var tensors = ImmutableArray.CreateBuilder<GgufTensor>();
        var (next, end) = (start, start);
        foreach (var (name, type, shape, offset, bytes) in table)
        {
            if (offset != (ulong)(next - start))
                throw reader.Wrong($"`{name}` is said to begin at byte {offset} of the data; expected {next - start}, where the one before it ends");
            if (bytes > fileBytes - next)
                throw reader.Wrong($"`{name}` takes {bytes} bytes from byte {next} on; the file has {fileBytes}");
            tensors.Add(new(name, type, shape, next, bytes));
            (end, next) = (next + bytes, Padded(next + bytes, alignment));
        }

        return fileBytes == end || fileBytes == next
            ? tensors.ToImmutable()
            : throw reader.Wrong($"the file has {fileBytes} bytes; its tensors end at byte {end}");
    }

    private static ImmutableArray<long> ReadShape(GgufReader reader, string name)
    {
        var dimensions = reader.UInt32($"the number of dimensions of `{name}`");
        if (dimensions is < 1 or > 4)
            throw reader.Wrong($"`{name}` has {dimensions} dimensions; expected 1 to 4");
        var shape = new long[dimensions];
        for (var at = shape.Length - 1; at >= 0; at--)
        {
            var length = reader.UInt64($"the shape of `{name}`");
            shape[at] = length is >= 1 and <= long.MaxValue ? (long)length : throw reader.Wrong($"`{name}` has a dimension of {length}");
        }

        return [.. shape];
    }

    private static long SizeOf(GgufReader reader, string name, GgmlType type, ImmutableArray<long> shape)
    {
        if (shape[^1] % type.BlockElements != 0)
            throw reader.Wrong($"`{name}` has rows of {shape[^1]}; {type.Name} needs a multiple of {type.BlockElements}");
        try
        {
            return checked(shape.Aggregate(1L, (product, length) => checked(product * length)) / type.BlockElements * type.BlockBytes);
        }
        catch (OverflowException)
        {
            throw reader.Wrong($"`{name}` has more bytes than fit into 63 bits");
        }
    }
}
