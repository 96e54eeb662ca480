using System.Formats.Asn1;

namespace Adaptation.Certificates;

/// <summary>Lets through only signatures that are the one DER spelling of two numbers from 1 to n-1, before any library sees them.</summary>
internal static class EcSignature
{
    private static ReadOnlySpan<byte> P256Order =>
    [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ];

    private static ReadOnlySpan<byte> Sm2Order =>
    [
        0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0x72, 0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23,
    ];

    /// <returns>Null if the signature may be shown to the library; else <c>SIG_ENCODING</c> or <c>SIG_RANGE</c>.</returns>
    public static string? Refuse(ReadOnlySpan<byte> signature, KeyAlgorithm algorithm)
    {
        // SEQUENCE with a short definite length and nothing behind it; 2 * (2 + 33) stays far below 128.
        if (signature.Length < 8 || signature[0] != 0x30 || signature[1] >= 0x80 || signature[1] != signature.Length - 2)
            return "SIG_ENCODING";
        var rest = signature[2..];
        if (!TryTakeInteger(ref rest, out var r) || !TryTakeInteger(ref rest, out var s) || !rest.IsEmpty)
            return "SIG_ENCODING";
        var order = algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2Order : P256Order;
        return IsInRange(r, order) && IsInRange(s, order) ? null : "SIG_RANGE";
    }

    /// <summary>The one DER spelling of r and s.</summary>
    /// <param name="raw">Two big-endian numbers of the same length.</param>
    public static byte[] FromRaw(ReadOnlySpan<byte> raw)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Shortest(raw[..(raw.Length / 2)]));
            writer.WriteIntegerUnsigned(Shortest(raw[(raw.Length / 2)..]));
        }
        return writer.Encode();
    }

    private static ReadOnlySpan<byte> Shortest(ReadOnlySpan<byte> number) =>
        number[..^1].IndexOfAnyExcept((byte)0) is >= 0 and var start ? number[start..] : number[^1..];

    private static bool TryTakeInteger(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> magnitude)
    {
        magnitude = default;
        if (rest.Length < 3 || rest[0] != 0x02 || rest[1] is 0 or >= 0x80 || rest.Length < 2 + rest[1])
            return false;
        var value = rest.Slice(2, rest[1]);
        rest = rest[(2 + value.Length)..];
        if (value[0] >= 0x80 || (value.Length > 1 && value[0] == 0 && value[1] < 0x80))
            return false; // negative, or not the shortest spelling
        magnitude = value[0] == 0 ? value[1..] : value;
        return true;
    }

    private static bool IsInRange(ReadOnlySpan<byte> magnitude, ReadOnlySpan<byte> order) =>
        !magnitude.IsEmpty
        && (magnitude.Length < order.Length || (magnitude.Length == order.Length && magnitude.SequenceCompareTo(order) < 0));
}
