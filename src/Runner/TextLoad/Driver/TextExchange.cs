using System.Buffers;

namespace Adaptation.Runner;

/// <summary>Up to where the body reached when a receive had been taken in.</summary>
/// <param name="End">Bytes of the body, chunk framing removed.</param>
internal readonly record struct Mark(int End, Stamp Stamp);

/// <summary>One request on its way and what came back: bytes and stamps as they arrived. Only framing is looked at; the rest is read after the load.</summary>
/// <remarks>
/// Every byte that comes in is the vendor's: all sizes are bounded, what is ambiguous is refused. Not safe for concurrent use.
/// Source of the framing: RFC 9112, sections 2 to 7.
/// </remarks>
internal sealed class TextExchange(int request)
{
    private const int FirstBuffer = 16 << 10;
    private const int LeastRoom = 4 << 10;
    private static readonly WireLimits Framing = WireLimits.Default with { BodyBytes = 0x7F00_0000 }; // what counts is the limit on what is received
    private byte[] _bytes = [];
    private Mark[] _marks = [];
    private ChunkDecoder _chunks = new(Framing);
    private Phase _phase;
    private AnswerBudget _budget = null!;
    private long? _length;
    private long _limit;
    private long _received;
    private int _filled;
    private int _headStart;
    private int _searched;
    private int _bodyStart;
    private int _bodyEnd;
    private int _markCount;

    private enum Phase
    {
        Head,
        Chunks,
        Length,
        UntilClose,
        Over,
    }

    public int Request => request;

    public long Due { get; set; } = -1;

    public long Sent { get; set; } = -1;

    public long FirstByte { get; private set; } = -1;

    public long Ended { get; private set; } = -1;

    /// <summary>Status 0 before the head is read.</summary>
    public HttpHead Head { get; private set; }

    public TextFailure? Failure { get; private set; }

    public string? Explanation { get; private set; }

    /// <summary>False where the end of the answer is the end of the connection, or the answer says so.</summary>
    public bool KeepsConnection
    {
        get => field && Failure is null && Head.KeepsAlive;
        private set;
    } = true;

    /// <summary>Whether it was sent before on a kept connection that the server closed without a byte of an answer.</summary>
    public bool IsRepeated { get; set; }

    public bool IsOver => _phase == Phase.Over;

    public bool HasHead => Head.Status != 0;

    public ReadOnlySpan<byte> HeadBytes => _bytes.AsSpan(_headStart, _bodyStart - _headStart);

    public ReadOnlyMemory<byte> Body => _bytes.AsMemory(_bodyStart, _bodyEnd - _bodyStart);

    public ReadOnlySpan<Mark> Marks => _marks.AsSpan(0, _markCount);

    /// <summary>Readies it for an answer of up to <paramref name="limit"/> bytes.</summary>
    public void Begin(long due, long limit, AnswerBudget budget) => (Due, _limit, _budget) = (due, limit, budget);

    /// <summary>Where the next bytes go; never empty, never more than the limit and one byte.</summary>
    public Span<byte> Room()
    {
        if (_bytes.Length - _filled < LeastRoom)
            _bytes = Larger(_bytes, _filled, FirstBuffer, 1);
        return _bytes.AsSpan(_filled, (int)Math.Min(_bytes.Length - _filled, _limit - _received + 1));
    }

    /// <summary>Takes in what was received into <see cref="Room"/>.</summary>
    public void Take(int count, Stamp stamp)
    {
        if (FirstByte < 0)
            FirstByte = stamp.At;
        _received += count;
        _filled += count;
        if (_received > _limit)
        {
            Fail(TextFailure.TooLarge, $"The answer has more than {_limit} bytes, which is the limit; the rest was not read.", stamp.At);
            return;
        }

        try
        {
            Advance(stamp);
        }
        catch (WireException wrong)
        {
            Fail(TextFailure.Protocol, wrong.Message, stamp.At);
        }
    }

    /// <summary>Takes in that the connection ended.</summary>
    /// <param name="how">In words: closed, reset.</param>
    public void Close(long at, string how, bool isOrderly)
    {
        if (_phase == Phase.UntilClose && isOrderly)
        {
            KeepsConnection = false;
            End(at);
        }
        else
        {
            Fail(TextFailure.Broken, $"The connection {how} {Where()}. The server died, or gave the request up.", at);
        }
    }

    /// <summary>Ends it as failed, even where its end was there already; the first failure stays.</summary>
    public void Fail(TextFailure failure, string explanation, long at)
    {
        if (Failure is not null)
            return;
        (Failure, Explanation) = (failure, explanation);
        End(at);
    }

    /// <summary>Gives the memory back; what was read from it must have been copied.</summary>
    public void Release()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        if (_marks.Length > 0)
            ArrayPool<Mark>.Shared.Return(_marks);
        _budget?.Give(_bytes.Length + (long)_marks.Length * 24);
        (_bytes, _marks, _markCount, _headStart, _bodyStart, _bodyEnd) = ([], [], 0, 0, 0, 0);
    }

    private void Advance(Stamp stamp)
    {
        if (_phase == Phase.Head && !ReadHeads())
            return;
        var (before, read, isEnd) = (_bodyEnd, _filled, false);
        switch (_phase)
        {
            case Phase.Chunks:
                read = _bodyEnd;
                isEnd = _chunks.Decode(_bytes, ref read, _filled, ref _bodyEnd);
                if (!isEnd)
                    _filled = _bodyEnd; // the next bytes go right behind the body
                break;
            case Phase.Length:
                _bodyEnd = (int)Math.Min(_filled, _bodyStart + _length!.Value);
                isEnd = _bodyEnd == _bodyStart + _length.Value;
                read = _bodyEnd;
                break;
            default:
                _bodyEnd = _filled;
                break;
        }

        if (_bodyEnd > before)
            AddMark(new(_bodyEnd - _bodyStart, stamp));
        if (!isEnd)
            return;
        if (read < _filled)
            Fail(TextFailure.Protocol, $"The answer goes on for at least {_filled - read} bytes behind its end.", stamp.At);
        End(stamp.At);
    }

    /// <returns>True once the head of the answer proper is there; interim ones (100 Continue and its like) say nothing of it.</returns>
    private bool ReadHeads()
    {
        while (true)
        {
            var rest = _bytes.AsSpan(_headStart, _filled - _headStart);
            if (!"HTTP/1."u8.StartsWith(rest[..Math.Min(rest.Length, 7)]))
            {
                throw WireException.Protocol(
                    $"The answer begins with '{Clip.Text(rest[..Math.Min(rest.Length, 64)])}'; expected a status line such as 'HTTP/1.1 200 OK'.");
            }
            var found = _bytes.AsSpan(_searched, _filled - _searched).IndexOf("\r\n\r\n"u8);
            var end = _searched + found + 4;
            if ((found < 0 ? _filled : end) > Framing.HeaderBytes)
                throw WireException.Protocol($"The answer's headers have more than {Framing.HeaderBytes} bytes, which is the limit.");
            if (found < 0)
            {
                _searched = Math.Max(_headStart, _filled - 3);
                return false;
            }

            var head = HttpHead.Parse(_bytes.AsSpan(_headStart, end - 2 - _headStart));
            if (head.Status == 101)
                throw WireException.Protocol("The answer switches to another protocol (status 101), which was not asked for.");
            if (!head.IsInterim)
                return BeginBody(head, end);
            (_headStart, _searched) = (end, end);
        }
    }

    private bool BeginBody(HttpHead head, int end)
    {
        (Head, _bodyStart, _bodyEnd) = (head, end, end);
        _length = head.HasNoBody ? 0 : head.ContentLength;
        _phase = _length is not null ? Phase.Length : head.IsChunked ? Phase.Chunks : Phase.UntilClose;
        if (_length > _limit - end)
            Fail(TextFailure.TooLarge, $"The answer announces {_length} bytes, which with its head exceeds the limit of {_limit}.", FirstByte);
        return !IsOver;
    }

    private void AddMark(Mark mark)
    {
        if (_markCount == _marks.Length)
            _marks = Larger(_marks, _markCount, 64, 24);
        _marks[_markCount++] = mark;
    }

    private T[] Larger<T>(T[] old, int used, int least, int bytesEach)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(least, old.Length * 2));
        old.AsSpan(0, used).CopyTo(larger);
        if (old.Length > 0)
            ArrayPool<T>.Shared.Return(old);
        _budget.Take((larger.Length - old.Length) * (long)bytesEach);
        return larger;
    }

    private void End(long at)
    {
        if (Ended < 0)
            Ended = at;
        _phase = Phase.Over;
    }

    private string Where() => _phase switch
    {
        Phase.Head when FirstByte < 0 => "before any answer",
        Phase.Head => "within the answer's headers",
        Phase.Chunks => $"after {_bodyEnd - _bodyStart} bytes of a chunked body, before its last chunk",
        Phase.Length => $"after {_bodyEnd - _bodyStart} of the {_length} bytes of the answer's body",
        _ => $"after {_bodyEnd - _bodyStart} bytes of the answer's body",
    };
}

/// <summary>How much memory the answers of a load take. Safe for concurrent use.</summary>
internal sealed class AnswerBudget
{
    private long _used;

    /// <summary>Bytes.</summary>
    public long Used => Volatile.Read(ref _used);

    public void Take(long bytes) => Interlocked.Add(ref _used, bytes);

    public void Give(long bytes) => Interlocked.Add(ref _used, -bytes);
}
