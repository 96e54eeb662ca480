using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>One client's connection: the request as it comes in, the answer as it goes out.</summary>
internal sealed class PaceConnection(Socket socket, int id, PaceSpec spec, PaceWaiter waiter)
{
    private const int BlockFrames = 256;
    private const int MostIn = 80 << 20;
    private const int MostBehind = 4 << 20;
    private byte[] _in = new byte[8192];
    private int _filled;
    private readonly byte[] _frame = new byte[1024];
    private byte[] _block = [];
    private readonly List<byte> _behind = [];
    private PaceAnswer? _answer;
    private PaceRequest _request;
    private int _sent;
    private bool _waitsForRoom;

    public bool IsClosed { get; private set; }

    /// <summary>Nanoseconds at which something is to be sent; <see cref="long.MaxValue"/> for never.</summary>
    public long Due { get; private set; } = long.MaxValue;

    /// <summary>Takes in what has come.</summary>
    /// <returns>True if it made an answer due.</returns>
    public bool Receive()
    {
        if (_filled > MostIn)
            Close();
        if (IsClosed)
            return false;
        if (_filled == _in.Length)
            Array.Resize(ref _in, _in.Length * 2);
        var count = socket.Receive(_in.AsSpan(_filled), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
            return false;
        if (count <= 0 || error != SocketError.Success)
        {
            Close();
            return false;
        }

        _filled += count;
        return _answer is null && Begin();
    }

    /// <summary>Sends what is due; call it at <see cref="Due"/> and whenever there is room.</summary>
    public void Continue(bool hasRoom)
    {
        if (IsClosed || (hasRoom && !Flush()) || _answer is null)
            return;
        if (!_request.IsStream)
        {
            Send(_answer.Whole(PaceWaiter.Now));
            End();
        }
        else if (spec.Gap == 0 && Due <= PaceWaiter.Now)
        {
            Pump();
        }
        else if (Due <= PaceWaiter.Now)
        {
            _answer.Write(_frame, _sent++, PaceWaiter.Now);
            Send(_frame.AsSpan(0, _answer.FrameBytes));
            Due += spec.Gap;
            if (_sent == _request.Tokens)
                Finish();
        }
    }

    private bool Begin()
    {
        if (PaceRequest.TryRead(_in.AsSpan(0, _filled), spec.Tokens) is not { } request)
            return false;
        _in.AsSpan(request.Length, _filled - request.Length).CopyTo(_in);
        _filled -= request.Length;
        if (request.Refusal is { } refusal)
            Send(PaceAnswer.Json(400, $$$"""{"error":{"message":"{{{JsonEncodedText.Encode(refusal)}}}","code":400}}"""));
        else if (request.Path is "/v1/completions" or "/v1/chat/completions")
            return Start(request);
        else if (request.Path is "/health" or "/v2/health/live" or "/v2/health/ready" or "/v1/models")
            Send(PaceAnswer.Json(200, """{"object":"list","data":[{"id":"pace","object":"model"}]}"""));
        else
            Send(PaceAnswer.Json(404, """{"error":{"message":"there is no such route","code":404}}"""));
        return false;
    }

    private bool Start(PaceRequest request)
    {
        var now = PaceWaiter.Now;
        (_request, _answer, _sent) = (request, new(request), 0);
        Due = now + spec.First + (request.IsStream ? 0 : spec.Gap * (request.Tokens - 1));
        if (request.IsStream)
            Send(Encoding.ASCII.GetBytes(PaceAnswer.StreamHead));
        return true;
    }

    /// <summary>Sends as much as there is room for, in blocks.</summary>
    private void Pump()
    {
        if (_block.Length == 0)
            _block = new byte[BlockFrames * _frame.Length];
        while (_sent < _request.Tokens && _behind.Count == 0 && !IsClosed)
        {
            var (frames, size, now) = (Math.Min(BlockFrames, _request.Tokens - _sent), _answer!.FrameBytes, PaceWaiter.Now);
            for (var frame = 0; frame < frames; frame++)
                _answer.Write(_block.AsSpan(frame * size), _sent++, now);
            Send(_block.AsSpan(0, frames * size));
        }

        if (_sent == _request.Tokens)
            Finish();
        else if (!IsClosed)
            Due = 0; // not at any time, but when there is room in the socket
    }

    private void Finish()
    {
        Send(_answer!.Tail());
        End();
    }

    private void End()
    {
        (_answer, Due) = (null, long.MaxValue);
        if (_filled > 0 && !IsClosed)
            Begin();
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        if (IsClosed)
            return;
        if (_behind.Count == 0)
        {
            var count = socket.Send(bytes, SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                Close();
                return;
            }

            bytes = bytes[Math.Max(0, count)..];
        }

        _behind.AddRange(bytes);
        if (_behind.Count > MostBehind)
            Close();
        else
            WaitForRoom(_behind.Count > 0);
    }

    /// <summary>Sends what there was no room for.</summary>
    /// <returns>True once nothing waits any more.</returns>
    public bool Flush()
    {
        var waiting = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_behind);
        var error = SocketError.Success;
        var count = waiting.IsEmpty ? 0 : socket.Send(waiting, SocketFlags.None, out error);
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            Close();
            return false;
        }

        _behind.RemoveRange(0, Math.Max(0, count));
        WaitForRoom(_behind.Count > 0);
        return _behind.Count == 0;
    }

    private void WaitForRoom(bool waits)
    {
        if (waits == _waitsForRoom || IsClosed)
            return;
        _waitsForRoom = waits;
        waiter.Watch(socket.SafeHandle, id, forWriting: waits);
    }

    private void Close()
    {
        IsClosed = true;
        (_answer, Due) = (null, long.MaxValue);
        socket.Dispose();
    }
}
