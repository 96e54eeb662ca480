using System.Collections.Immutable;

namespace Adaptation.Adapters.Abstractions;

/// <summary>An array of one element type: row-major, little-endian, without padding.</summary>
/// <remarks>Immutable as long as the owner of <see cref="Data"/> does not write to it.</remarks>
public sealed class Tensor
{
    /// <param name="shape">Every dimension 0 or more.</param>
    /// <param name="data">Exactly as many bytes as shape and type ask for; see <see cref="DataType.Bytes"/> for strings.</param>
    /// <exception cref="ArgumentException">Shape and data do not agree.</exception>
    public Tensor(DataType type, ImmutableArray<long> shape, ReadOnlyMemory<byte> data)
    {
        var elements = TryCount(shape.AsSpan())
            ?? throw new ArgumentException($"[{string.Join(',', shape)}] is no shape: a dimension is negative, or the product overflows", nameof(shape));
        var agrees = type == DataType.Bytes
            ? ByteStrings.TryCount(data.Span) == elements
            : elements <= data.Length && elements * type.Size() == data.Length;
        if (!agrees)
            throw new ArgumentException($"{data.Length} bytes are not {elements} elements of {type.Word()}", nameof(data));
        (Type, Shape, Data, Elements) = (type, shape, data, elements);
    }

    /// <summary>The type of every element.</summary>
    public DataType Type { get; }

    /// <summary>Empty for a scalar.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>All elements in row-major order.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The product of <see cref="Shape"/>.</summary>
    public long Elements { get; }

    /// <summary>Number of elements of a shape; 1 for a scalar.</summary>
    /// <returns>Null if a dimension is negative, or the product of those that are not 0 overflows.</returns>
    public static long? TryCount(ReadOnlySpan<long> shape)
    {
        var (product, empty) = (1L, false);
        foreach (var dimension in shape)
        {
            if (dimension < 0)
                return null;
            empty |= dimension == 0;
            if (dimension != 0 && Math.BigMul(product, dimension, out product) != 0)
                return null;
            if (product < 0)
                return null;
        }
        return empty ? 0 : product;
    }
}
