using System.Globalization;
using System.Text;

namespace Adaptation.Models;

/// <summary>A set of Unicode code points, such as a bracket expression means one.</summary>
/// <remarks>
/// General categories are those of Unicode 15.1, which the engines know, whatever version .NET brings: a token count must not change with an
/// update of the runtime. The Basic Multilingual Plane is looked up, what lies above is decided from the definition.
/// </remarks>
internal sealed class CodePointSet
{
    private readonly Func<int, bool> _holds;
    private readonly ulong[] _low = new ulong[0x10000 / 64];

    /// <param name="foldSpaces">Whether each white space beyond ASCII counts as a vertical tab, as llama.cpp does before it matches.</param>
    public CodePointSet(Func<int, bool> holds, bool foldSpaces)
    {
        _holds = foldSpaces ? point => holds(point > 0x7F && IsSpace(point) ? '\v' : point) : holds;
        for (var point = 0; point < 0x10000; point++)
        {
            if (_holds(point))
                _low[point >> 6] |= 1UL << (point & 63);
        }
    }

    public bool Contains(int point) => point < 0x10000 ? (_low[point >> 6] >> (point & 63) & 1) != 0 : _holds(point);

    /// <summary>How many UTF-16 units the code point at a place has if the set holds it; 0 if not.</summary>
    /// <param name="text">Without lone surrogates.</param>
    public int LengthAt(ReadOnlySpan<char> text, int at)
    {
        var unit = text[at];
        return !char.IsHighSurrogate(unit) ? (Contains(unit) ? 1 : 0)
            : Contains(char.ConvertToUtf32(unit, text[at + 1])) ? 2 : 0;
    }

    public static bool IsSpace(int point) => point < 0x10000 && char.IsWhiteSpace((char)point);

    /// <summary>Members of a general category (Lu) or of a group of them (L); null if there is none of that name.</summary>
    public static Func<int, bool>? Category(string name)
    {
        if (name is "Han" or "script=Han")
            return IsHan;
        var mask = 0;
        for (var category = UnicodeCategory.UppercaseLetter; category <= UnicodeCategory.OtherNotAssigned; category++)
        {
            if (Short(category).StartsWith(name, StringComparison.Ordinal))
                mask |= 1 << (int)category;
        }

        return mask == 0 || name.Length == 0 ? null : point => (mask >> (int)CategoryOf(point) & 1) != 0;
    }

    private static string Short(UnicodeCategory category) => Names.Substring((int)category * 2, 2);

    private static UnicodeCategory CategoryOf(int point)
    {
        var found = Array.BinarySearch(NewIn16, point);
        var isNew = found >= 0 || ~found % 2 != 0; // within a range, or at one of its ends
        return isNew ? UnicodeCategory.OtherNotAssigned : CharUnicodeInfo.GetUnicodeCategory(point);
    }

    // What Unicode 16 assigned (DerivedAge.txt), as first and last of each range; single ones stand twice.
    private static readonly int[] NewIn16 =
    [
        0x897, 0x897, 0x1B4E, 0x1B4F, 0x1B7F, 0x1B7F, 0x1C89, 0x1C8A, 0x2427, 0x2429, 0x31E4, 0x31E5, 0xA7CB, 0xA7CD, 0xA7DA, 0xA7DC,
        0x105C0, 0x105F3, 0x10D40, 0x10D65, 0x10D69, 0x10D85, 0x10D8E, 0x10D8F, 0x10EC2, 0x10EC4, 0x10EFC, 0x10EFC, 0x11380, 0x11389,
        0x1138B, 0x1138B, 0x1138E, 0x1138E, 0x11390, 0x113B5, 0x113B7, 0x113C0, 0x113C2, 0x113C2, 0x113C5, 0x113C5, 0x113C7, 0x113CA,
        0x113CC, 0x113D5, 0x113D7, 0x113D8, 0x113E1, 0x113E2, 0x116D0, 0x116E3, 0x11BC0, 0x11BE1, 0x11BF0, 0x11BF9, 0x11F5A, 0x11F5A,
        0x13460, 0x143FA, 0x16100, 0x16139, 0x16D40, 0x16D79, 0x18CFF, 0x18CFF, 0x1CC00, 0x1CCF9, 0x1CD00, 0x1CEB3, 0x1E5D0, 0x1E5FA,
        0x1E5FF, 0x1E5FF, 0x1F8B2, 0x1F8BB, 0x1F8C0, 0x1F8C1, 0x1FA89, 0x1FA89, 0x1FA8F, 0x1FA8F, 0x1FABE, 0x1FABE, 0x1FAC6, 0x1FAC6,
        0x1FADC, 0x1FADC, 0x1FADF, 0x1FADF, 0x1FAE9, 0x1FAE9, 0x1FBCB, 0x1FBEF,
    ];

    // in the order of UnicodeCategory
    private const string Names = "LuLlLtLmLoMnMcMeNdNlNoZsZlZpCcCfCsCoPcPdPsPePiPfPoSmScSkSoCn";

    // Scripts.txt of Unicode 16, Script=Han.
    private static bool IsHan(int point) => point switch
    {
        < 0x2E80 => false,
        <= 0x2FD5 => point is <= 0x2E99 or (>= 0x2E9B and <= 0x2EF3) or >= 0x2F00,
        <= 0x303B => point is 0x3005 or 0x3007 or (>= 0x3021 and <= 0x3029) or >= 0x3038,
        <= 0x9FFF => point is (>= 0x3400 and <= 0x4DBF) or >= 0x4E00,
        <= 0xFAD9 => point is (>= 0xF900 and <= 0xFA6D) or >= 0xFA70,
        < 0x20000 => point is 0x16FE2 or 0x16FE3 or 0x16FF0 or 0x16FF1,
        _ => point is <= 0x2A6DF or (>= 0x2A700 and <= 0x2B739) or (>= 0x2B740 and <= 0x2B81D) or (>= 0x2B820 and <= 0x2CEA1)
            or (>= 0x2CEB0 and <= 0x2EBE0) or (>= 0x2EBF0 and <= 0x2EE5D) or (>= 0x2F800 and <= 0x2FA1D) or (>= 0x30000 and <= 0x3134A)
            or (>= 0x31350 and <= 0x323AF),
    };

    /// <summary>Replaces each surrogate without a partner by U+FFFD; UTF-8 could not say it.</summary>
    public static string WellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                i++;
            else
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        }

        return text;
    }
}
