namespace Adaptation.Runner;

/// <summary>Takes chunk framing out of a body, in place: what it writes never overtakes what it reads.</summary>
/// <remarks>Source: RFC 9112, section 7.1. Extensions and trailers are skipped, within <see cref="WireLimits.HeaderBytes"/>.</remarks>
internal struct ChunkDecoder(WireLimits limits)
{
    private const int MostDigits = 16;
    private State _state;
    private long _left;
    private long _total;
    private int _digits;
    private int _skipped;

    private enum State
    {
        Size,
        Extension,
        SizeEnd,
        Data,
        DataReturn,
        DataEnd,
        TrailerStart,
        Trailer,
        TrailerEnd,
        LastEnd,
    }

    /// <summary>Decodes what there is.</summary>
    /// <param name="read">First byte not yet decoded; moves to <paramref name="filled"/>, or to behind the last chunk.</param>
    /// <param name="write">Where the next byte of the body goes; at most <paramref name="read"/>.</param>
    /// <returns>True once the last chunk and its trailers are through.</returns>
    /// <exception cref="WireException">The framing is wrong, or the body exceeds its limit.</exception>
    public bool Decode(byte[] bytes, ref int read, int filled, ref int write)
    {
        while (read < filled)
        {
            if (_state == State.Data)
            {
                var run = (int)Math.Min(_left, filled - read);
                if (read != write)
                    bytes.AsSpan(read, run).CopyTo(bytes.AsSpan(write));
                read += run;
                write += run;
                _left -= run;
                if (_left == 0)
                    _state = State.DataReturn;
            }
            else if (Frame(bytes[read++]))
            {
                return true;
            }
        }

        return false;
    }

    private bool Frame(byte next)
    {
        switch (_state)
        {
            case State.Size:
                Size(next);
                break;
            case State.Extension:
                _state = next == '\r' ? State.SizeEnd : Skip(State.Extension);
                break;
            case State.SizeEnd:
                Expect(next, '\n', _left == 0 ? State.TrailerStart : State.Data);
                _digits = 0;
                break;
            case State.DataReturn:
                Expect(next, '\r', State.DataEnd);
                break;
            case State.DataEnd:
                Expect(next, '\n', State.Size);
                break;
            case State.TrailerStart:
                _state = next == '\r' ? State.LastEnd : Skip(State.Trailer);
                break;
            case State.Trailer:
                _state = next == '\r' ? State.TrailerEnd : Skip(State.Trailer);
                break;
            case State.TrailerEnd:
                Expect(next, '\n', State.TrailerStart);
                break;
            default:
                Expect(next, '\n', State.LastEnd);
                return true;
        }

        return false;
    }

    private void Size(byte next)
    {
        if (char.IsAsciiHexDigit((char)next) && _digits < MostDigits)
        {
            _left = (_left << 4) | (uint)(next <= '9' ? next - '0' : (next | 0x20) - 'a' + 10);
            _digits++;
            return;
        }

        if (_digits == 0 || next is not ((byte)'\r' or (byte)';' or (byte)' ' or (byte)'\t'))
            throw WireException.Protocol($"A chunk's size has the byte 0x{next:x2} after {_digits} digits; expected a hexadecimal number and CRLF.");
        if (_left < 0 || _left > limits.BodyBytes - _total)
            throw WireException.Protocol($"The answer's body has more than {limits.BodyBytes} bytes, which is the limit.");
        _total += _left;
        _state = next == '\r' ? State.SizeEnd : State.Extension;
    }

    private State Skip(State state) => ++_skipped <= limits.HeaderBytes
        ? state
        : throw WireException.Protocol($"The answer's chunk extensions and trailers have more than {limits.HeaderBytes} bytes, which is the limit.");

    private void Expect(byte next, char expected, State then)
    {
        if (next != expected)
            throw WireException.Protocol($"A chunk of the answer is framed by the byte 0x{next:x2}; expected 0x{(int)expected:x2}.");
        _state = then;
    }
}
