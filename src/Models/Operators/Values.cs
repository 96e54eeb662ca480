using System.Buffers.Binary;

namespace Adaptation.Models;

/// <summary>A tensor of a case while it is made: row-major, floating-point numbers as float64, integers and booleans as int64.</summary>
internal sealed class Values
{
    public Values(ElementType type, params ReadOnlySpan<int> shape)
    {
        (Type, Shape) = (type, shape.ToArray());
        (Reals, Whole) = type.IsReal() ? (new double[Layout.Count(shape)], (long[])[]) : ([], new long[Layout.Count(shape)]);
    }

    public ElementType Type { get; }

    public int[] Shape { get; }

    /// <summary>Empty for integers and booleans.</summary>
    public double[] Reals { get; }

    /// <summary>Empty for floating-point numbers.</summary>
    public long[] Whole { get; }

    public int Count => Type.IsReal() ? Reals.Length : Whole.Length;

    /// <summary>An element as a number, whatever the type; exact, for int64 up to 2^53.</summary>
    public double Number(int at) => Type.IsReal() ? Reals[at] : Whole[at];

    /// <summary>Moves elements: element i of the result is element <c>sources[i]</c> of this.</summary>
    /// <param name="shape">Of the result; as many elements as there are sources.</param>
    public Values Taken(ReadOnlySpan<int> shape, int[] sources)
    {
        var taken = new Values(Type, shape);
        for (var at = 0; at < sources.Length; at++)
            taken.Copy(at, this, sources[at]);
        return taken;
    }

    /// <summary>The same elements in another shape.</summary>
    public Values Shaped(params ReadOnlySpan<int> shape)
    {
        var shaped = new Values(Type, shape);
        Reals.CopyTo(shaped.Reals, 0);
        Whole.CopyTo(shaped.Whole, 0);
        return shaped;
    }

    public void Copy(int at, Values from, int source)
    {
        if (Type.IsReal())
            Reals[at] = from.Reals[source];
        else
            Whole[at] = from.Whole[source];
    }

    /// <summary>Little-endian bytes of the type. A NaN becomes the positive quiet one without payload, so that bytes can be compared.</summary>
    public byte[] Bytes()
    {
        var (bytes, size) = (new byte[Count * Type.Size()], Type.Size());
        for (var at = 0; at < Count; at++)
            Write(bytes.AsSpan(at * size, size), at);
        return bytes;
    }

    private void Write(Span<byte> to, int at)
    {
        switch (Type)
        {
            case ElementType.FP64:
                BinaryPrimitives.WriteInt64LittleEndian(to, double.IsNaN(Reals[at]) ? 0x7FF8L << 48 : BitConverter.DoubleToInt64Bits(Reals[at]));
                break;
            case ElementType.FP32:
                BinaryPrimitives.WriteInt32LittleEndian(to, double.IsNaN(Reals[at]) ? 0x7FC0 << 16 : BitConverter.SingleToInt32Bits((float)Reals[at]));
                break;
            case ElementType.FP16:
                BinaryPrimitives.WriteInt16LittleEndian(to, double.IsNaN(Reals[at]) ? (short)0x7E00 : BitConverter.HalfToInt16Bits((Half)Reals[at]));
                break;
            case ElementType.BF16: // rounded before, so that the lower half is zero
                BinaryPrimitives.WriteInt16LittleEndian(
                    to, (short)(double.IsNaN(Reals[at]) ? 0x7FC0 : BitConverter.SingleToInt32Bits((float)Rounding.To(Type, Reals[at])) >> 16));
                break;
            case ElementType.Int64:
                BinaryPrimitives.WriteInt64LittleEndian(to, Whole[at]);
                break;
            case ElementType.Int32:
                BinaryPrimitives.WriteInt32LittleEndian(to, checked((int)Whole[at]));
                break;
            default:
                to[0] = Type == ElementType.Int8 ? unchecked((byte)checked((sbyte)Whole[at])) : checked((byte)Whole[at]);
                break;
        }
    }
}
