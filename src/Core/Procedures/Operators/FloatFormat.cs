using System.Buffers.Binary;

namespace Adaptation.Core;

/// <summary>A floating-point type of the wire: what its numbers are worth and how far apart they lie.</summary>
/// <remarks>Source: IEEE 754-2019, table 3.5; bfloat16 is the upper half of binary32.</remarks>
/// <param name="Word">As the Open Inference Protocol spells it.</param>
/// <param name="Size">Bytes of one element.</param>
/// <param name="Digits">Bits of the significand, the hidden one included.</param>
/// <param name="Lowest">Exponent of the smallest normal number.</param>
public sealed record FloatFormat(string Word, int Size, int Digits, int Lowest)
{
    private static readonly FloatFormat[] All = [new("FP16", 2, 11, -14), new("BF16", 2, 8, -126), new("FP32", 4, 24, -126), new("FP64", 8, 53, -1022)];

    /// <returns>Null for a type that is no floating-point number.</returns>
    public static FloatFormat? TryFind(string word) => Array.Find(All, format => format.Word == word);

    /// <summary>Half the distance of 1 to the next number: what one correct rounding may change, relative to the value.</summary>
    public double Roundoff => Math.ScaleB(1, -Digits);

    /// <summary>Distance of the type's numbers near a value; a value beyond its range is treated as if the range went on.</summary>
    /// <param name="value">Finite.</param>
    public double Ulp(double value) => Math.ScaleB(1, (value == 0 ? Lowest : Math.Max(Math.ILogB(value), Lowest)) - Digits + 1);

    /// <summary>Whether a number of this type is too small to be normal, and not 0.</summary>
    public bool IsSubnormal(double value) => value != 0 && Math.Abs(value) < Math.ScaleB(1, Lowest);

    /// <param name="data">Little-endian.</param>
    /// <param name="at">Index of the element.</param>
    public double Read(ReadOnlySpan<byte> data, int at) => Word switch
    {
        "FP16" => (double)BinaryPrimitives.ReadHalfLittleEndian(data[(2 * at)..]),
        "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(data[(2 * at)..]) << 16),
        "FP32" => BinaryPrimitives.ReadSingleLittleEndian(data[(4 * at)..]),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(data[(8 * at)..]),
    };
}
