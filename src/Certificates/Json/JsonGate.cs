using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Adaptation.Certificates;

/// <summary>Refuses every JSON text that two readers could take for two things, before any meaning is read.</summary>
/// <remarks>
/// Gates, each with a reason code behind the caller's prefix: TOO_LARGE, BOM, UTF8, NUL, JSON, TOO_DEEP, SURROGATE, NUMBER, DUP_KEY,
/// CASE_VARIANT (a known name but for letter case, or for one character changed, added or left out), TRAILING. Integers only, within 2^53-1 either side.
/// </remarks>
internal ref struct JsonGate
{
    public const int MaxDepth = 32;
    public const long MaxInteger = (1L << 53) - 1;

    /// <summary>A key id has 71 characters and must be whole.</summary>
    private const int MaxQuoted = 80;

    private readonly string _prefix;
    private readonly List<Frame> _frames;
    private Utf8JsonReader _reader;

    private JsonGate(ReadOnlySpan<byte> json, string prefix, JsonShape shape)
    {
        _prefix = prefix;
        _frames = [new Frame(null, shape)];
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });
    }

    /// <summary>Checks a whole file and parses it.</summary>
    /// <param name="prefix">What the reason codes begin with: ENV, STM, LOCK and so on.</param>
    /// <exception cref="RejectedException">A gate does not let it through.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, string prefix, int maxBytes, JsonShape shape)
    {
        CheckBytes(json.Span, prefix, maxBytes);
        try
        {
            new JsonGate(json.Span, prefix, shape).Run(json.Span);
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            throw Rejection.Because(prefix + "_JSON", $"not valid JSON at byte {error.BytePositionInLine} of line {error.LineNumber + 1}");
        }
    }

    private static void CheckBytes(ReadOnlySpan<byte> json, string prefix, int maxBytes)
    {
        if (json.Length > maxBytes)
            throw Rejection.Because(prefix + "_TOO_LARGE", $"{json.Length} bytes; at most {maxBytes} are read");
        if (json.StartsWith("\uFEFF"u8))
            throw Rejection.Because(prefix + "_BOM", "begins with a byte order mark; expected plain UTF-8");
        if (!Utf8.IsValid(json))
            throw Rejection.Because(prefix + "_UTF8", "is not valid UTF-8");
        if (json.Contains((byte)0))
            throw Rejection.Because(prefix + "_NUL", "contains a NUL byte");
    }

    private void Run(ReadOnlySpan<byte> json)
    {
        do
        {
            _reader.Read();
            CheckToken();
        }
        while (_frames.Count > 1);

        if (json[(int)_reader.BytesConsumed..].IndexOfAnyExcept(" \t\r\n"u8) >= 0)
            throw Rejection.Because(_prefix + "_TRAILING", $"goes on after the JSON value, at byte {_reader.BytesConsumed}");
    }

    private void CheckToken()
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                Enter(new HashSet<string>(StringComparer.Ordinal));
                break;
            case JsonTokenType.StartArray:
                Enter(names: null);
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _frames.RemoveAt(_frames.Count - 1);
                break;
            case JsonTokenType.PropertyName:
                CheckName(Text());
                break;
            case JsonTokenType.String when _reader.ValueIsEscaped:
                Text();
                break;
            case JsonTokenType.Number:
                CheckNumber(_reader.ValueSpan);
                break;
        }
    }

    private readonly void Enter(HashSet<string>? names)
    {
        if (_reader.CurrentDepth >= MaxDepth)
            throw Rejection.Because(_prefix + "_TOO_DEEP", $"is nested deeper than {MaxDepth} levels");
        _frames.Add(new Frame(names, _frames[^1].Inner));
    }

    private readonly void CheckName(string name)
    {
        ref var frame = ref CollectionsMarshal.AsSpan(_frames)[^1];
        if (!frame.Names!.Add(name))
            throw Rejection.Because(_prefix + "_DUP_KEY", $"member {Quote(name)} occurs twice in one object");
        if (!frame.Shape.Knows(name) && frame.Shape.LookAlike(name) is { } known)
            throw Rejection.Because(_prefix + "_CASE_VARIANT", $"member {Quote(name)} looks like {known} and is not");
        frame.Inner = frame.Shape[name];
    }

    private readonly string Text()
    {
        string text;
        try
        {
            text = _reader.GetString()!;
        }
        catch (InvalidOperationException) // documented: the escapes do not make a valid text
        {
            throw Rejection.Because(_prefix + "_SURROGATE", "a string holds half of a surrogate pair");
        }
        return text.Contains('\0', StringComparison.Ordinal)
            ? throw Rejection.Because(_prefix + "_NUL", "a string holds the NUL character")
            : text;
    }

    private readonly void CheckNumber(ReadOnlySpan<byte> number)
    {
        var digits = number.StartsWith((byte)'-') ? number[1..] : number;
        var isInteger = digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 && !number.SequenceEqual("-0"u8);
        if (!isInteger || digits.Length > 16 || long.Parse(digits, System.Globalization.CultureInfo.InvariantCulture) > MaxInteger)
        {
            throw Rejection.Because(
                _prefix + "_NUMBER", $"{Encoding.ASCII.GetString(number[..Math.Min(40, number.Length)])}: only integers within 2^53-1 are read");
        }
    }

    /// <summary>A name from a hostile file, made fit to be shown.</summary>
    internal static string Quote(string name) =>
        "\"" + string.Concat(name.Take(MaxQuoted).Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:x4}")) + (name.Length > MaxQuoted ? "\"..." : "\"");

    /// <param name="Names">Names seen so far; null for an array.</param>
    /// <param name="Shape">Of the members of this object, or of the elements of this array.</param>
    private record struct Frame(HashSet<string>? Names, JsonShape Shape)
    {
        /// <summary>The shape of the value that comes next.</summary>
        public JsonShape Inner { get; set; } = Shape;
    }
}
