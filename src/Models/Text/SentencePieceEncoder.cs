using System.Text;

namespace Adaptation.Models;

/// <summary>SentencePiece's byte-pair encoding: neighbours are joined into the token of the highest score, leftmost among equals.</summary>
internal sealed class SentencePieceEncoder : IPieceEncoder
{
    private readonly Vocabulary _vocabulary;
    private readonly float[] _scores;
    private readonly int? _unknown;
    private readonly int[] _bytes = new int[256];

    public SentencePieceEncoder(Vocabulary vocabulary, float[] scores, int? unknown)
    {
        (_vocabulary, _scores, _unknown) = (vocabulary, scores, unknown);
        for (var value = 0; value < 256; value++)
            _bytes[value] = vocabulary.Find($"<0x{value:X2}>") ?? (value < 0x80 ? vocabulary.Find(((char)value).ToString()) : null) ?? unknown ?? -1;
    }

    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var symbols = new Symbols(piece);
        var queue = new PriorityQueue<(int Left, int Right, int Length), (float Score, int Left)>(HighestFirst.Instance);
        for (var i = 1; i < symbols.Count; i++)
            Offer(piece, symbols, queue, i - 1, i);
        while (queue.TryDequeue(out var pair, out _))
        {
            var (left, right, length) = pair;
            if (symbols.Lengths[left] == 0 || symbols.Lengths[right] == 0 || symbols.Lengths[left] + symbols.Lengths[right] != length)
                continue; // one of the two has been joined since
            symbols.Join(left, right);
            Offer(piece, symbols, queue, symbols.Previous[left], left);
            Offer(piece, symbols, queue, left, symbols.Next[left]);
        }

        for (var i = 0; i < symbols.Count; i = symbols.Next[i] < 0 ? symbols.Count : symbols.Next[i])
            Append(piece.Slice(symbols.Starts[i], symbols.Lengths[i]), ids);
    }

    private void Offer(ReadOnlySpan<char> piece, Symbols symbols, PriorityQueue<(int, int, int), (float, int)> queue, int left, int right)
    {
        if (left < 0 || right < 0)
            return;
        var length = symbols.Lengths[left] + symbols.Lengths[right];
        if (_vocabulary.Find(piece.Slice(symbols.Starts[left], length)) is { } id)
            queue.Enqueue((left, right, length), (_scores[id], left));
    }

    private void Append(ReadOnlySpan<char> symbol, List<int> ids)
    {
        if (_vocabulary.Find(symbol) is { } id)
        {
            ids.Add(id);
            return;
        }

        Span<byte> utf8 = stackalloc byte[4]; // only a single code point can lack a token
        foreach (var value in utf8[..Encoding.UTF8.GetBytes(symbol, utf8)])
        {
            if (_bytes[value] >= 0)
                ids.Add(_bytes[value]);
        }
    }

    private sealed class HighestFirst : IComparer<(float Score, int Left)>
    {
        public static HighestFirst Instance { get; } = new();

        public int Compare((float Score, int Left) x, (float Score, int Left) y) =>
            x.Score != y.Score ? y.Score.CompareTo(x.Score) : x.Left.CompareTo(y.Left);
    }

    /// <summary>The code points of a piece as a linked list; -1 ends it.</summary>
    private sealed class Symbols
    {
        public Symbols(ReadOnlySpan<char> piece)
        {
            (Starts, Lengths, Next, Previous) = (new int[piece.Length], new int[piece.Length], new int[piece.Length], new int[piece.Length]);
            for (var at = 0; at < piece.Length; Count++)
            {
                Starts[Count] = at;
                Lengths[Count] = char.IsHighSurrogate(piece[at]) ? 2 : 1;
                at += Lengths[Count];
                (Previous[Count], Next[Count]) = (Count - 1, at < piece.Length ? Count + 1 : -1);
            }
        }

        public int Count { get; }

        public int[] Starts { get; }

        public int[] Lengths { get; }

        public int[] Next { get; }

        public int[] Previous { get; }

        public void Join(int left, int right)
        {
            Lengths[left] += Lengths[right];
            Lengths[right] = 0;
            Next[left] = Next[right];
            if (Next[right] >= 0)
                Previous[Next[right]] = left;
        }
    }
}
