using System.Globalization;
using System.Text;

namespace Adaptation.Models;

/// <summary>Token ids and their spellings as the file has them. Immutable; safe for concurrent use.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly string[] _spellings;

    /// <param name="spellings">By id; null where an id is not used.</param>
    /// <exception cref="ModelException">Two ids have one spelling.</exception>
    public Vocabulary(IReadOnlyList<string?> spellings)
    {
        _ids = new(spellings.Count, StringComparer.Ordinal);
        _spellings = [.. spellings.Select(spelling => spelling ?? "")];
        for (var id = 0; id < spellings.Count; id++)
        {
            if (spellings[id] is { } spelling && !_ids.TryAdd(spelling, id))
                throw new ModelException($"the tokenizer's vocabulary has '{spelling}' twice, as {_ids[spelling]} and as {id}; get the file again from its publisher");
        }

        _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Size => _spellings.Length;

    public string Spelling(int id) => _spellings[id];

    public int? Find(ReadOnlySpan<char> spelling) => _bySpan.TryGetValue(spelling, out var id) ? id : null;

    /// <summary>The byte that a token such as &lt;0xE5&gt; stands for, or null.</summary>
    public static byte? TryByte(string spelling) =>
        spelling is ['<', '0', 'x', _, _, '>'] && byte.TryParse(spelling.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value : null;

    /// <summary>Bytes of each id for a SentencePiece vocabulary: U+2581 is a space, byte tokens are their byte.</summary>
    public byte[] SentencePieceBytes(int id) =>
        TryByte(_spellings[id]) is { } value ? [value] : Encoding.UTF8.GetBytes(_spellings[id].Replace('\u2581', ' '));

    /// <summary>Bytes of each id for a byte-level vocabulary; what is not in that spelling stands for itself.</summary>
    public byte[] ByteLevelBytes(int id) => ByteLevel.TryBytes(_spellings[id]) ?? Encoding.UTF8.GetBytes(_spellings[id]);
}
