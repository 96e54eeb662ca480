using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>Escapes what JSON must have escaped and nothing else, so that Chinese text stays readable and canonical bytes have one spelling.</summary>
/// <remarks>The platform's encoders escape, depending on version, more: characters above U+FFFF, and some line separators.</remarks>
internal sealed class LiteralJsonEncoder : JavaScriptEncoder
{
    public static readonly JsonWriterOptions Compact = new() { Encoder = new LiteralJsonEncoder(), SkipValidation = false };

    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        string.Concat(Enumerable.Range(0, 0x20).Select(code => (char)code)) + "\"\\");

    public override int MaxOutputCharactersPerInputCharacter => 6;

    public override bool WillEncode(int unicodeScalar) => unicodeScalar < 0x20 || unicodeScalar is '"' or '\\';

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength) =>
        new ReadOnlySpan<char>(text, textLength).IndexOfAny(Escaped);

    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var target = new Span<char>(buffer, bufferLength);
        if (!WillEncode(unicodeScalar))
            return new Rune(unicodeScalar).TryEncodeToUtf16(target, out numberOfCharactersWritten);
        var escape = unicodeScalar is '"' or '\\'
            ? $"\\{(char)unicodeScalar}"
            : string.Create(CultureInfo.InvariantCulture, $"\\u{unicodeScalar:x4}");
        numberOfCharactersWritten = escape.Length;
        return escape.TryCopyTo(target);
    }

    /// <summary>Writes one JSON text: compact, UTF-8, nothing behind it.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer, Compact))
            content(writer);
        return buffer.WrittenSpan.ToArray();
    }
}
