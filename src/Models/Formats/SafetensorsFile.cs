using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Models;

/// <summary>A safetensors file, opened for reading. Safe for concurrent use until it is disposed.</summary>
public sealed class SafetensorsFile : IRawWeights, IDisposable
{
    private const int Piece = 1 << 16;
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafetensorsEntry> _entries;

    private SafetensorsFile(string path, SafeFileHandle file, long dataStart, ImmutableArray<SafetensorsEntry> tensors, ImmutableSortedDictionary<string, string> metadata)
    {
        (_path, _file, _dataStart, Tensors, Metadata) = (path, file, dataStart, tensors, metadata);
        _entries = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        Shapes = tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Shape.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>In the order of their bytes.</summary>
    public ImmutableArray<SafetensorsEntry> Tensors { get; }

    public ImmutableSortedDictionary<string, string> Metadata { get; }

    public IReadOnlyDictionary<string, long[]> Shapes { get; }

    /// <summary>Reads and checks the header; of the data only the size.</summary>
    /// <exception cref="ModelException">The header or the size of the file is not as the format asks.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = File.OpenHandle(path);
        try
        {
            var length = RandomAccess.GetLength(file);
            Span<byte> prefix = stackalloc byte[8];
            if (length < 8 || RandomAccess.Read(file, prefix, 0) != 8)
                throw new ModelException($"{path} has {length} bytes; a safetensors file begins with 8 that say how long its header is.");
            var size = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (size > SafetensorsHeader.MaxBytes || (long)size > length - 8)
                throw new ModelException($"{path} states a header of {size} bytes; the file has {length}, and a header at most {SafetensorsHeader.MaxBytes}. Is it a safetensors file, and whole?");
            var json = new byte[size];
            Fill(path, file, json, 8);
            var (tensors, metadata) = SafetensorsHeader.Parse(path, json, length - 8 - json.Length);
            return new(path, file, 8 + json.Length, tensors, metadata);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Read(string name, Span<double> into)
    {
        var entry = _entries[name];
        if (into.Length != Elements(entry))
            throw new ArgumentException($"{name} has {Elements(entry)} elements; there is room for {into.Length}", nameof(into));
        Read(entry, 0, into);
    }

    public void Read(string name, long first, Span<float> into)
    {
        var entry = _entries[name];
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(into.Length, Elements(entry) - first, nameof(into));
        var values = ArrayPool<double>.Shared.Rent(Math.Min(into.Length, Piece));
        try
        {
            for (var done = 0; done < into.Length;)
            {
                var piece = values.AsSpan(0, Math.Min(Math.Min(values.Length, Piece), into.Length - done));
                Read(entry, first + done, piece);
                foreach (var value in piece)
                    into[done++] = (float)value;
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(values);
        }
    }

    public void Dispose() => _file.Dispose();

    private static long Elements(SafetensorsEntry entry) => entry.Shape.Aggregate(1L, (product, length) => product * length);

    private void Read(SafetensorsEntry entry, long first, Span<double> into)
    {
        var type = SafetensorsHeader.TypeOf(entry.DataType)
            ?? throw new ModelException($"{_path}: `{entry.Name}` is {entry.DataType}; weights are read from F32, F16, BF16 and F64. Convert the file.");
        var bytes = ArrayPool<byte>.Shared.Rent(Math.Min(into.Length, Piece) * type.BlockBytes());
        try
        {
            for (var done = 0; done < into.Length; done += Piece)
            {
                var piece = into.Slice(done, Math.Min(Piece, into.Length - done));
                var raw = bytes.AsSpan(0, (int)type.Bytes(piece.Length));
                Fill(_path, _file, raw, _dataStart + entry.Start + type.Bytes(first + done));
                WeightCodec.Decode(type, raw, piece);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static void Fill(string path, SafeFileHandle file, Span<byte> into, long offset)
    {
        while (!into.IsEmpty)
        {
            var read = RandomAccess.Read(file, into, offset);
            if (read == 0)
                throw new ModelException($"{path} ended at byte {offset}: it was shortened while it was read. Fetch or export it again.");
            into = into[read..];
            offset += read;
        }
    }
}
