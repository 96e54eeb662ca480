using System.Text;

namespace Adaptation.Models;

/// <summary>The most probable way to cut a piece into tokens (Kudo 2018), by Viterbi's algorithm over its code points.</summary>
internal sealed class UnigramEncoder : IPieceEncoder
{
    // SentencePiece's own: how much less likely an unknown code point is than the least likely token.
    private const double UnknownPenalty = 10;

    private readonly Vocabulary _vocabulary;
    private readonly double[] _scores;
    private readonly int _unknown;
    private readonly double _unknownScore;
    private readonly int _longest;
    private readonly int[]? _bytes;

    /// <param name="scores">Log probability of each id; NaN for one that text never becomes.</param>
    /// <param name="byteFallback">Whether unknown code points become their bytes' tokens.</param>
    /// <exception cref="ModelException">No id has a score, or bytes lack a token.</exception>
    public UnigramEncoder(Vocabulary vocabulary, double[] scores, double least, int unknown, bool byteFallback)
    {
        (_vocabulary, _scores, _unknown, _unknownScore) = (vocabulary, scores, unknown, least - UnknownPenalty);
        _longest = Enumerable.Range(0, vocabulary.Size).Where(id => !double.IsNaN(scores[id])).Select(id => vocabulary.Spelling(id).Length).DefaultIfEmpty(0).Max();
        if (byteFallback)
            _bytes = [.. Enumerable.Range(0, 256).Select(value => vocabulary.Find($"<0x{value:X2}>")
                ?? throw new ModelException($"the tokenizer falls back to bytes but has no token <0x{value:X2}>; get the file again from its publisher"))];
    }

    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var best = new (double Score, int Id, int From)[piece.Length + 1];
        Array.Fill(best, (double.NegativeInfinity, _unknown, 0), 1, piece.Length);
        for (var at = 0; at < piece.Length;)
        {
            var step = char.IsHighSurrogate(piece[at]) ? 2 : 1;
            var known = false;
            for (var end = at + step; end <= piece.Length && end - at <= _longest; end += end < piece.Length && char.IsHighSurrogate(piece[end]) ? 2 : 1)
            {
                if (_vocabulary.Find(piece[at..end]) is not { } id || double.IsNaN(_scores[id]))
                    continue;
                known |= end == at + step;
                Improve(ref best[end], best[at].Score + _scores[id], id, at);
            }

            if (!known)
                Improve(ref best[at + step], best[at].Score + _unknownScore, _unknown, at);
            at += step;
        }

        Walk(piece, best, ids);
    }

    private static void Improve(ref (double Score, int Id, int From) best, double score, int id, int from)
    {
        if (score > best.Score)
            best = (score, id, from);
    }

    private void Walk(ReadOnlySpan<char> piece, ReadOnlySpan<(double Score, int Id, int From)> best, List<int> ids)
    {
        var cuts = new Stack<int>();
        for (var end = piece.Length; end > 0; end = best[end].From)
            cuts.Push(end);
        var start = 0;
        var afterUnknown = false;
        foreach (var end in cuts)
        {
            var id = best[end].Id;
            if (id == _unknown && _bytes is not null)
            {
                foreach (var value in Encoding.UTF8.GetBytes(piece[start..end].ToString()))
                    ids.Add(_bytes[value]);
            }
            else if (id != _unknown || !afterUnknown) // unknown ones in a row are one
                ids.Add(id);
            afterUnknown = id == _unknown;
            start = end;
        }
    }
}
