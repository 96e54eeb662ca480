using System.Buffers.Binary;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Holds an answer against what an ONNX backend test expects.</summary>
/// <remarks>
/// Source: ONNX backend test runner, numpy's assert_allclose with rtol 1e-3 and atol 1e-7, NaN equal to NaN. Stricter in two places: the shape must be the
/// same and not only fit, and integers, booleans and strings must be equal.
/// </remarks>
internal static class TensorDifference
{
    private const double Rtol = 1e-3, Atol = 1e-7;

    /// <returns>What differs first, what was seen and what was expected; null if they agree.</returns>
    public static (string What, string Seen, string Expected)? Find(WireTensor expected, WireTensor actual)
    {
        if (actual.DataType != expected.DataType)
            return ($"type of {expected.Name}", actual.DataType, expected.DataType);
        if (!actual.Shape.SequenceEqual(expected.Shape))
            return ($"shape of {expected.Name}", $"[{string.Join(',', actual.Shape)}]", $"[{string.Join(',', expected.Shape)}]");
        return WireFloats.Size(expected.DataType) > 0 ? Fractions(expected, actual) : Bytes(expected, actual);
    }

    private static (string What, string Seen, string Expected)? Fractions(WireTensor expected, WireTensor actual)
    {
        var (count, outside, first) = (expected.Data.Length / WireFloats.Size(expected.DataType), 0, -1);
        for (var at = 0; at < count; at++)
        {
            if (Agrees(WireFloats.Get(actual.DataType, actual.Data.Span, at), WireFloats.Get(expected.DataType, expected.Data.Span, at)))
                continue;
            first = outside++ == 0 ? at : first;
        }

        return outside == 0 ? null
            : ($"{outside} of {count} elements of {expected.Name}, the first at {first}", Number(WireFloats.Get(actual.DataType, actual.Data.Span, first)), Number(WireFloats.Get(expected.DataType, expected.Data.Span, first)));
    }

    private static bool Agrees(double actual, double expected) =>
        actual.Equals(expected) || (double.IsFinite(actual) && double.IsFinite(expected) && Math.Abs(actual - expected) <= Atol + (Rtol * Math.Abs(expected)));

    private static (string What, string Seen, string Expected)? Bytes(WireTensor expected, WireTensor actual)
    {
        var seen = actual.Data.Span;
        var wanted = expected.Data.Span;
        if (seen.SequenceEqual(wanted))
            return null;
        var size = Math.Max(1, TensorType.SizeOf(expected.DataType)!.Value);
        var at = seen.CommonPrefixLength(wanted) / size * size;
        var different = 0;
        for (var each = 0; size <= Math.Min(seen.Length, wanted.Length) - each; each += size)
            different += seen.Slice(each, size).SequenceEqual(wanted.Slice(each, size)) ? 0 : 1;
        return ($"{different} elements of {expected.Name}, the first at byte {at}", Element(expected.DataType, seen[Math.Min(at, seen.Length)..]), Element(expected.DataType, wanted[Math.Min(at, wanted.Length)..]));
    }

    private static string Element(string type, ReadOnlySpan<byte> bytes) => type switch
    {
        _ when bytes.IsEmpty => "nothing",
        "INT8" => ((sbyte)bytes[0]).ToString(CultureInfo.InvariantCulture),
        "UINT8" or "BOOL" => bytes[0].ToString(CultureInfo.InvariantCulture),
        "INT16" => BinaryPrimitives.ReadInt16LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
        "UINT16" => BinaryPrimitives.ReadUInt16LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
        "INT32" => BinaryPrimitives.ReadInt32LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
        "UINT32" => BinaryPrimitives.ReadUInt32LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
        "INT64" => BinaryPrimitives.ReadInt64LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
        "UINT64" => BinaryPrimitives.ReadUInt64LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
        _ => $"'{Clip.Text(bytes)}'",
    };

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}

/// <summary>Floating-point elements of the wire as doubles, which hold all of them exactly.</summary>
internal static class WireFloats
{
    /// <returns>Bytes of one element; 0 for a type that is no floating-point number.</returns>
    public static int Size(string dataType) => dataType switch { "FP16" or "BF16" => 2, "FP32" => 4, "FP64" => 8, _ => 0 };

    public static double Get(string dataType, ReadOnlySpan<byte> data, int at) => dataType switch
    {
        "FP16" => (double)BinaryPrimitives.ReadHalfLittleEndian(data[(2 * at)..]),
        "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(data[(2 * at)..]) << 16),
        "FP32" => BinaryPrimitives.ReadSingleLittleEndian(data[(4 * at)..]),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(data[(8 * at)..]),
    };
}
