using System.Collections.Concurrent;

namespace Adaptation.Models;

/// <summary>What a tokenizer is made of: special tokens, normalizer, pre-tokenizers, encoder.</summary>
internal sealed record TokenizerParts
{
    public required Vocabulary Vocabulary { get; init; }

    /// <summary>Looked for in the text as it is given.</summary>
    public required SpecialTokens Special { get; init; }

    /// <summary>Looked for in the normalized text.</summary>
    public required SpecialTokens Normalized { get; init; }

    /// <summary>Ids by spelling of what <see cref="ITokenizer.Special"/> tells.</summary>
    public required IReadOnlyDictionary<string, int> SpecialIds { get; init; }

    /// <summary>Changes a part between special tokens.</summary>
    public required Func<string, string> Normalize { get; init; }

    public required IReadOnlyList<IPreTokenizer> PreTokenizers { get; init; }

    public required IPieceEncoder Encoder { get; init; }

    /// <summary>Bytes of an id.</summary>
    public required Func<int, byte[]> Spell { get; init; }

    public int? BeginOfText { get; init; }

    public int? EndOfText { get; init; }
}

/// <summary>Special tokens first, then normalizing, cutting into pieces and encoding each of them.</summary>
internal sealed class TextTokenizer : ITokenizer
{
    private const int LongestCached = 64;
    private const int MostCached = 1 << 16;

    private readonly TokenizerParts _parts;
    private readonly byte[][] _bytes;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cached;
    private int _cacheCount;

    public TextTokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _bytes = new byte[parts.Vocabulary.Size][];
        for (var id = 0; id < _bytes.Length; id++)
            _bytes[id] = parts.Spell(id);
        _cached = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int VocabularySize => _bytes.Length;

    public int? BeginOfText => _parts.BeginOfText;

    public int? EndOfText => _parts.EndOfText;

    public int? Special(string spelling) => _parts.SpecialIds.TryGetValue(spelling, out var id) ? id : null;

    public int[] Encode(string text, bool parseSpecial)
    {
        var ids = new List<int>();
        text = CodePointSet.WellFormed(text);
        foreach (var fragment in _parts.Special.Split(text, 0, text.Length, parseSpecial))
        {
            if (fragment.Id is { } id)
                ids.Add(id);
            else
                EncodeFragment(fragment, parseSpecial, ids);
        }

        return [.. ids];
    }

    public byte[] Decode(ReadOnlySpan<int> ids)
    {
        using var bytes = new MemoryStream();
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _bytes.Length, nameof(ids));
            bytes.Write(_bytes[id]);
        }

        return bytes.ToArray();
    }

    private void EncodeFragment(Fragment fragment, bool parseSpecial, List<int> ids)
    {
        var text = _parts.Normalize(fragment.Text[fragment.Start..fragment.End]);
        foreach (var part in _parts.Normalized.Split(text, 0, text.Length, parseSpecial))
        {
            if (part.Id is { } id)
                ids.Add(id);
            else
                EncodePieces(new(part.Text, part.Start, part.End, IsFirst: fragment.Start == 0 && part.Start == 0), ids);
        }
    }

    private void EncodePieces(Piece whole, List<int> ids)
    {
        var pieces = new List<Piece> { whole };
        foreach (var step in _parts.PreTokenizers)
        {
            var next = new List<Piece>(pieces.Count);
            foreach (var piece in pieces)
                step.Cut(piece, next);
            pieces = next;
        }

        foreach (var piece in pieces)
            EncodePiece(piece.Span, ids);
    }

    private void EncodePiece(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (piece.Length > LongestCached)
        {
            _parts.Encoder.Encode(piece, ids);
            return;
        }

        if (!_cached.TryGetValue(piece, out var known))
        {
            var fresh = new List<int>();
            _parts.Encoder.Encode(piece, fresh);
            known = [.. fresh];
            // Bounded, and never emptied: text from outside must not make the process grow, and common words come early.
            if (Volatile.Read(ref _cacheCount) < MostCached && _cache.TryAdd(piece.ToString(), known))
                Interlocked.Increment(ref _cacheCount);
        }

        ids.AddRange(known);
    }
}
