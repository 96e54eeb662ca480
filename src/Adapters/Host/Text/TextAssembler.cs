using System.Buffers;
using System.Text;

namespace Adaptation.Adapters.Host;

/// <summary>Turns the tokens of one choice into text that may be sent: whole characters, and nothing of a stop string.</summary>
internal sealed class TextAssembler
{
    private static readonly byte[] Replacement = "\uFFFD"u8.ToArray();

    private readonly StopMatcher? _stops;

    private readonly ArrayBufferWriter<byte> _sendable = new(64);

    private byte[] _pending = new byte[64];

    private int _pendingLength;

    private bool _hasStopped;

    /// <param name="stops">May be empty.</param>
    public TextAssembler(IReadOnlyCollection<string> stops) => _stops = stops.Count == 0 ? null : new(stops);

    /// <summary>Characters begun so far, held ones included: the offset of what comes next.</summary>
    public int Characters { get; private set; }

    /// <summary>What can be sent now, as UTF-8; taken off with <see cref="Take"/>.</summary>
    public ReadOnlySpan<byte> Sendable => _sendable.WrittenSpan;

    /// <summary>Takes the bytes of the next token.</summary>
    /// <param name="mayStop">Whether a stop string may end within them.</param>
    /// <returns>Whether one did; nothing after its first byte is kept.</returns>
    public bool Add(ReadOnlySpan<byte> bytes, bool mayStop)
    {
        foreach (var next in bytes)
        {
            if (_hasStopped)
                return true;
            Append(next);
            if (_stops?.Add(next) is > 0 and var length && mayStop)
            {
                _pendingLength = Math.Max(0, _pendingLength - length);
                _hasStopped = true;
            }
        }
        Release(_hasStopped ? 0 : _stops?.Held() ?? 0, isEnd: false);
        return _hasStopped;
    }

    /// <summary>Takes bytes of the prompt, in which no stop string is looked for.</summary>
    public void Echo(ReadOnlySpan<byte> bytes)
    {
        foreach (var next in bytes)
            Append(next);
        Release(0, isEnd: false);
    }

    /// <summary>Lets go of what is held: no further token comes. Bytes that are no character become U+FFFD.</summary>
    public void End() => Release(0, isEnd: true);

    /// <summary>Forgets what was sendable: it has been sent.</summary>
    public void Take() => _sendable.ResetWrittenCount();

    private void Append(byte next)
    {
        if (_pendingLength == _pending.Length)
            Array.Resize(ref _pending, 2 * _pendingLength);
        _pending[_pendingLength++] = next;
        if ((next & 0xC0) != 0x80)
            Characters++;
    }

    /// <param name="held">Bytes at the end that must wait.</param>
    private void Release(int held, bool isEnd)
    {
        var rest = _pending.AsSpan(0, _pendingLength - held);
        var kept = held;
        while (!rest.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(rest, out _, out var length);
            if (status == OperationStatus.NeedMoreData && !isEnd)
            {
                kept += rest.Length;
                break;
            }
            _sendable.Write(status == OperationStatus.Done ? rest[..length] : Replacement);
            rest = rest[length..];
        }
        _pending.AsSpan(_pendingLength - kept, kept).CopyTo(_pending);
        _pendingLength = kept;
    }
}
