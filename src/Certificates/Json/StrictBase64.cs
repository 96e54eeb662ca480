namespace Adaptation.Certificates;

/// <summary>Base64 with exactly one spelling per alphabet: padded, no white space, unused bits zero.</summary>
internal static class StrictBase64
{
    /// <summary>Which of the two alphabets a text uses; a text without any of the four telling characters is in both.</summary>
    [Flags]
    public enum Alphabet
    {
        Either = 0,
        Standard = 1,
        UrlSafe = 2,
    }

    /// <summary>The alphabets whose own characters occur; both at once is never acceptable.</summary>
    public static Alphabet Seen(string text) =>
        (text.AsSpan().ContainsAny('+', '/') ? Alphabet.Standard : Alphabet.Either)
        | (text.AsSpan().ContainsAny('-', '_') ? Alphabet.UrlSafe : Alphabet.Either);

    /// <returns>The bytes, or null if the text is not strict base64.</returns>
    public static byte[]? TryDecode(string text)
    {
        if (text.Length % 4 != 0 || Seen(text) == (Alphabet.Standard | Alphabet.UrlSafe))
            return null;
        var padding = text.EndsWith("==", StringComparison.Ordinal) ? 2 : text.EndsWith('=') ? 1 : 0;
        var bytes = new byte[text.Length / 4 * 3 - padding];
        var (bits, held, written) = (0u, 0, 0);
        foreach (var symbol in text.AsSpan(0, text.Length - padding))
        {
            if (Value(symbol) is not (>= 0 and var value))
                return null;
            bits = bits << 6 | (uint)value;
            held += 6;
            if (held < 8)
                continue;
            held -= 8;
            bytes[written++] = (byte)(bits >> held);
        }
        return (bits & (1u << held) - 1) == 0 ? bytes : null;
    }

    /// <summary>The same in the standard alphabet alone, as signed notes have it.</summary>
    public static byte[]? TryDecodeStandard(string text) => Seen(text).HasFlag(Alphabet.UrlSafe) ? null : TryDecode(text);

    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes);

    private static int Value(char symbol) => symbol switch
    {
        >= 'A' and <= 'Z' => symbol - 'A',
        >= 'a' and <= 'z' => symbol - 'a' + 26,
        >= '0' and <= '9' => symbol - '0' + 52,
        '+' or '-' => 62,
        '/' or '_' => 63,
        _ => -1,
    };
}
