using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Reads the chunks of a stream that equal an earlier one byte for byte, but for their text and token ids.</summary>
/// <remarks>
/// The earlier one has been read strictly. What equals it everywhere else, and has a JSON string and an array of integers in the same two places, is
/// well-formed for the same reasons and says the same, so that it need not be parsed again: a fifth of the time. Anything else is left to the parser.
/// </remarks>
internal sealed class ChunkPattern
{
    private const int MostDigits = 9;
    private static readonly SearchValues<byte> EndOfPlainText = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(code => (byte)code)]);
    private byte[] _before = [];
    private byte[] _between = [];
    private byte[] _after = [];
    private bool _isTextFirst;
    private bool _hasIds;

    /// <summary>Takes a chunk that was read strictly as the pattern.</summary>
    /// <param name="text">Its text with the quotes, a part of <paramref name="json"/>.</param>
    /// <param name="ids">Its array of token ids with the brackets, a part of <paramref name="json"/>, or empty.</param>
    public void Learn(ReadOnlySpan<byte> json, ReadOnlySpan<byte> text, ReadOnlySpan<byte> ids)
    {
        if (!json.Overlaps(text, out var textAt))
            return;
        _hasIds = json.Overlaps(ids, out var idsAt);
        _isTextFirst = !_hasIds || textAt < idsAt;
        var (first, firstEnd) = _isTextFirst ? (textAt, textAt + text.Length) : (idsAt, idsAt + ids.Length);
        var (second, secondEnd) = !_hasIds ? (firstEnd, firstEnd) : _isTextFirst ? (idsAt, idsAt + ids.Length) : (textAt, textAt + text.Length);
        _before = json[..first].ToArray();
        _between = json[firstEnd..second].ToArray();
        _after = json[secondEnd..].ToArray();
    }

    /// <returns>False if it differs in more than text and ids, or they need the parser; nothing is said about it then.</returns>
    public bool TryRead(ReadOnlySpan<byte> json, out string text, out ImmutableArray<int> ids)
    {
        (text, ids) = ("", []);
        if (_before.Length == 0 || !json.StartsWith(_before))
            return false;
        var rest = json[_before.Length..];
        if (!(_isTextFirst ? TryText(ref rest, out text) : TryIds(ref rest, out ids)) || !rest.StartsWith(_between))
            return false;
        rest = rest[_between.Length..];
        if (_hasIds && !(_isTextFirst ? TryIds(ref rest, out ids) : TryText(ref rest, out text)))
            return false;
        return rest.SequenceEqual(_after);
    }

    private static bool TryText(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (rest.IsEmpty || rest[0] != '"')
            return false;
        var length = rest[1..].IndexOfAny(EndOfPlainText);
        if (length < 1 || rest[length + 1] != '"')
            return false;
        text = Encoding.UTF8.GetString(rest.Slice(1, length));
        rest = rest[(length + 2)..];
        return true;
    }

    private static bool TryIds(ref ReadOnlySpan<byte> rest, out ImmutableArray<int> ids)
    {
        ids = [];
        var end = rest.IndexOf((byte)']');
        if (end < 2 || rest[0] != '[')
            return false;
        var inner = rest[1..end];
        var values = new int[inner.Count((byte)',') + 1];
        var at = 0;
        foreach (var part in inner.Split((byte)','))
        {
            if (!TryId(inner[part], out values[at++]))
                return false;
        }

        ids = ImmutableCollectionsMarshal.AsImmutableArray(values);
        rest = rest[(end + 1)..];
        return true;
    }

    private static bool TryId(ReadOnlySpan<byte> digits, out int id)
    {
        id = 0;
        if (digits.Length is 0 or > MostDigits || (digits[0] == '0' && digits.Length > 1))
            return false;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return false;
            id = id * 10 + (digit - '0');
        }

        return true;
    }
}
