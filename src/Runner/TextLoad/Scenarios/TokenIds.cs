using System.Collections.Immutable;
using System.Text;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Counts the token ids that a server sent by the text that they spell. Not safe for concurrent use.</summary>
/// <remarks>
/// An id that adds nothing to the text counts for nothing, but for one special token at the end of an answer, which ends its generation. Bytes that
/// are no character stand in the text as U+FFFD; those of a last character that never became whole may also be missing from it.
/// </remarks>
internal sealed class TokenIds(ITokenizer tokenizer)
{
    private readonly Dictionary<int, (byte[] Bytes, bool IsSpecial)> _known = [];
    private readonly char[] _room = new char[4096];

    /// <param name="ChunkTokens">Tokens in each chunk.</param>
    /// <param name="HasEnd">Whether the last of them has no text: it ended the generation.</param>
    /// <param name="Textless">Special tokens that were not counted.</param>
    public sealed record Count(ImmutableArray<long> ChunkTokens, bool HasEnd, long Textless)
    {
        public long WithText { get; } = ChunkTokens.Sum() - (HasEnd ? 1 : 0);
    }

    /// <returns>Null if the ids do not spell the text.</returns>
    public Count? TryCount(ImmutableArray<TextChunk> chunks)
    {
        var (hasEnd, special) = (false, 0L);
        var spelling = new Spelling(chunks, _room);
        foreach (var id in chunks.SelectMany(chunk => chunk.TokenIds.IsDefault ? [] : chunk.TokenIds))
        {
            hasEnd = false;
            if (id < 0 || id >= tokenizer.VocabularySize)
                return null;
            var (bytes, isSpecial) = Look(id);
            if (isSpecial && !spelling.IsNext(bytes))
                (hasEnd, special) = (true, special + 1); // not in the text: it may be what ended it, if nothing follows
            else if (!spelling.TryAdd(bytes))
                return null;
        }

        return spelling.TryEnd(hasEnd) is { } counts ? new(counts, hasEnd, special - (hasEnd ? 1 : 0)) : null;
    }

    private (byte[] Bytes, bool IsSpecial) Look(int id)
    {
        if (_known.TryGetValue(id, out var known))
            return known;
        var bytes = tokenizer.Decode([id]);
        return _known[id] = (bytes, id == tokenizer.EndOfText || tokenizer.Special(Encoding.UTF8.GetString(bytes)) == id);
    }

    /// <summary>How far ids have spelled the chunks of one answer.</summary>
    private sealed class Spelling(ImmutableArray<TextChunk> chunks, char[] room)
    {
        private readonly string _text = string.Concat(chunks.Select(chunk => chunk.Text));
        private readonly long[] _counts = new long[chunks.Length];
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
        private int _at;
        private int _chunk;
        private int _chunkEnd = chunks.IsEmpty ? 0 : chunks[0].Text.Length;
        private long _unseen;

        /// <summary>Whether the text goes on with these bytes.</summary>
        public bool IsNext(byte[] bytes) => _unseen == 0 && _text.AsSpan(_at).StartsWith(Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);

        /// <returns>False if the text goes on otherwise.</returns>
        public bool TryAdd(byte[] bytes)
        {
            if (bytes.Length == 0)
                return true;
            if (bytes.Length + 4 > room.Length) // no token is that long
                return false;
            _unseen++;
            var count = _decoder.GetChars(bytes, room, flush: false);
            return count == 0 || TryTake(count);
        }

        public ImmutableArray<long>? TryEnd(bool hasEnd)
        {
            // the start of a character is U+FFFD, or was kept back
            var count = _decoder.GetChars([], room, flush: true);
            if ((count > 0 && _at < _text.Length && !TryTake(count)) || _at < _text.Length)
                return null;
            if (_counts.Length > 0)
                _counts[^1] += _unseen + (hasEnd ? 1 : 0);
            return [.. _counts];
        }

        private bool TryTake(int count)
        {
            if (!_text.AsSpan(_at).StartsWith(room.AsSpan(0, count), StringComparison.Ordinal))
                return false;
            _at += count;
            while (_at > _chunkEnd)
                _chunkEnd += chunks[++_chunk].Text.Length;
            _counts[_chunk] += _unseen;
            _unseen = 0;
            return true;
        }
    }
}
