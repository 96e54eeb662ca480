using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>A number as JSON spells it, exactly: no digit is rounded away, and an exponent of any size costs no more than its own digits.</summary>
/// <param name="Digits">Without zeros at either end; empty for 0.</param>
/// <param name="Point">The value is 0.DIGITS times ten to the power of it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct JsonNumber(bool IsNegative, string Digits, BigInteger Point)
{
    /// <summary>1.0 and 10e-1 are integers too (JSON Schema 2020-12, validation, 6.1.1).</summary>
    public bool IsInteger => Point >= Digits.Length;

    /// <summary>One spelling for each value.</summary>
    public string Canonical => Digits.Length == 0 ? "0" : $"{(IsNegative ? "-" : "")}{Digits}e{Point.ToString(CultureInfo.InvariantCulture)}";

    /// <param name="text">A number as RFC 8259 spells it; who calls has parsed it.</param>
    public static JsonNumber Parse(ReadOnlySpan<char> text)
    {
        var isNegative = text[0] == '-';
        var mantissa = text[(isNegative ? 1 : 0)..];
        var exponent = BigInteger.Zero;
        if (mantissa.IndexOfAny('e', 'E') is >= 0 and var at)
        {
            exponent = BigInteger.Parse(mantissa[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            mantissa = mantissa[..at];
        }

        var point = mantissa.IndexOf('.') is >= 0 and var dot ? dot : mantissa.Length;
        var all = new StringBuilder(mantissa.Length).Append(mantissa).Replace(".", "").ToString();
        var digits = all.AsSpan().TrimStart('0');
        var leading = all.Length - digits.Length;
        digits = digits.TrimEnd('0');
        return digits.IsEmpty ? new(false, "", 0) : new(isNegative, digits.ToString(), point - leading + exponent);
    }

    public static JsonNumber Of(JsonElement number) => Parse(number.GetRawText());

    /// <returns>Below, above or equal to 0, as this number lies to the other.</returns>
    public int ComparedTo(JsonNumber other)
    {
        var (sign, others) = (Sign, other.Sign);
        return sign != others ? sign.CompareTo(others) : sign * Magnitude(other);
    }

    /// <summary>Whether dividing by <paramref name="divisor"/>, which is above 0, leaves nothing.</summary>
    public bool IsMultipleOf(JsonNumber divisor)
    {
        if (Digits.Length == 0)
            return true;
        // digits * 10^power over the divisor's digits: neither ends in 0, so that a negative power leaves a remainder whatever the digits are
        var power = Point - Digits.Length - (divisor.Point - divisor.Digits.Length);
        if (power < 0)
            return false;
        var by = BigInteger.Parse(divisor.Digits, CultureInfo.InvariantCulture);
        return (BigInteger.Parse(Digits, CultureInfo.InvariantCulture) % by * BigInteger.ModPow(10, power, by) % by).IsZero;
    }

    /// <summary>As a count that fits an int; null if it is none.</summary>
    public int? AsCount() =>
        !IsNegative && IsInteger && Point <= 9 ? int.Parse(Digits.Length == 0 ? "0" : Digits.PadRight((int)Point, '0'), CultureInfo.InvariantCulture) : null;

    private int Sign => Digits.Length == 0 ? 0 : IsNegative ? -1 : 1;

    private int Magnitude(JsonNumber other) => Point != other.Point ? Point.CompareTo(other.Point) : string.CompareOrdinal(Digits, other.Digits);
}
