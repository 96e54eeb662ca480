using System.Buffers;
using System.Text;

namespace Adaptation.Models;

/// <summary>Turns one piece into token ids. Immutable; safe for concurrent use.</summary>
internal interface IPieceEncoder
{
    void Encode(ReadOnlySpan<char> piece, List<int> ids);
}

/// <summary>Byte-pair encoding over bytes (GPT-2) or over code points with bytes as a last resort (SentencePiece as Hugging Face writes it).</summary>
internal sealed class BytePairEncoder : IPieceEncoder
{
    private readonly Vocabulary _vocabulary;
    private readonly BytePairRules _rules;
    private readonly PairTable _merges;
    private readonly List<string> _beyond = []; // spellings that merges pass through and the vocabulary lacks: symbols from its size on
    private readonly Dictionary<string, int> _beyondIds = [];
    private readonly int[] _bytes = new int[256];
    private readonly int[] _fallback = new int[256];

    /// <param name="merges">Pairs, best first.</param>
    /// <exception cref="ModelException">A merge joins what is not in the vocabulary, and that is not allowed.</exception>
    public BytePairEncoder(Vocabulary vocabulary, IReadOnlyList<(string Left, string Right)> merges, BytePairRules rules)
    {
        (_vocabulary, _rules, _merges) = (vocabulary, rules, new(merges.Count));
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            var (first, second, joined) = (Symbol(left), Symbol(right), Symbol(left + right));
            if (!rules.FirstMergeWins || !_merges.TryFind(first, second, out _))
                _merges.Set(first, second, rank, joined);
        }

        for (var value = 0; value < 256; value++)
        {
            // llama.cpp lets a byte without a token stand between its neighbours until the end; Hugging Face leaves it out at once
            var spelled = ByteLevel.Char((byte)value).ToString();
            _bytes[value] = rules is { ByteLevel: true, MergesBeyondVocabulary: true } ? Symbol(spelled) : Known(spelled);
            _fallback[value] = vocabulary.Find($"<0x{value:X2}>") ?? -1;
        }
    }

    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (_rules.IgnoreMerges && Whole(piece) is { } whole)
        {
            ids.Add(whole);
            return;
        }

        var symbols = ArrayPool<int>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(piece.Length));
        try
        {
            var count = _rules.ByteLevel ? Bytes(piece, symbols) : Points(piece, symbols);
            count = BytePairMerger.Merge(_merges, symbols.AsSpan(0, count));
            foreach (var symbol in symbols.AsSpan(0, count))
                Append(symbol, ids);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(symbols);
        }
    }

    private int? Whole(ReadOnlySpan<char> piece) => _rules.ByteLevel ? _vocabulary.Find(ByteLevel.Spell(piece)) : _vocabulary.Find(piece);

    private int Bytes(ReadOnlySpan<char> piece, int[] symbols)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var count = 0;
        foreach (var rune in piece.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(utf8);
            foreach (var value in utf8[..length])
            {
                if (_bytes[value] >= 0)
                    symbols[count++] = _bytes[value];
                else if (_rules.Unknown is { } unknown)
                    symbols[count++] = unknown;
            }
        }

        return count;
    }

    private int Points(ReadOnlySpan<char> piece, int[] symbols)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var (count, at) = (0, 0);
        foreach (var rune in piece.EnumerateRunes())
        {
            var spelled = piece.Slice(at, rune.Utf16SequenceLength);
            at += rune.Utf16SequenceLength;
            if (Known(spelled) is >= 0 and var id)
            {
                symbols[count++] = id;
                continue;
            }

            var bytes = utf8[..rune.EncodeToUtf8(utf8)];
            if (_rules.ByteFallback && HasAll(bytes))
            {
                foreach (var value in bytes)
                    symbols[count++] = _fallback[value];
            }
            else if (_rules.Unknown is { } unknown && !(_rules.FuseUnknown && count > 0 && symbols[count - 1] == unknown))
                symbols[count++] = unknown;
        }

        return count;
    }

    private bool HasAll(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (_fallback[value] < 0)
                return false;
        }

        return true;
    }

    // A symbol without an id falls to its bytes as llama.cpp lets it: one by one, and those without an id are dropped.
    private void Append(int symbol, List<int> ids)
    {
        if (symbol < _vocabulary.Size)
        {
            ids.Add(symbol);
            return;
        }

        foreach (var value in Encoding.UTF8.GetBytes(_beyond[symbol - _vocabulary.Size]))
        {
            var id = _rules.ByteLevel ? value < 0x80 ? _vocabulary.Find(((char)value).ToString()) : null : _fallback[value] >= 0 ? _fallback[value] : null;
            if (id is { } known)
                ids.Add(known);
        }
    }

    private int Known(ReadOnlySpan<char> spelled) =>
        _vocabulary.Find(spelled) ?? (_beyondIds.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(spelled, out var id) ? id : -1);

    private int Symbol(string spelled)
    {
        if (Known(spelled) is >= 0 and var id)
            return id;
        if (!_rules.MergesBeyondVocabulary)
            throw new ModelException($"the tokenizer has a merge of or into '{spelled}', which its vocabulary lacks; get the file again from its publisher");
        _beyond.Add(spelled);
        return _beyondIds[spelled] = _vocabulary.Size + _beyond.Count - 1;
    }
}

/// <summary>In what tokenizers that merge byte pairs differ.</summary>
internal sealed record BytePairRules
{
    public required bool ByteLevel { get; init; }

    /// <summary>Whether a piece that is a token needs no merges to become it.</summary>
    public required bool IgnoreMerges { get; init; }

    /// <summary>Whether a code point without a token becomes its bytes' tokens, &lt;0xE5&gt; and so on.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Id for what has none; null: it is left out.</summary>
    public int? Unknown { get; init; }

    /// <summary>Whether several unknown ones in a row are one.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Of a pair that is listed twice (llama.cpp: the first; Hugging Face: the last).</summary>
    public bool FirstMergeWins { get; init; }

    /// <summary>Whether merges may pass through spellings that have no id.</summary>
    public bool MergesBeyondVocabulary { get; init; }
}
