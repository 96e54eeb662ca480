using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>One kept connection and the exchange that it carries, if any. Whoever touches it holds <see cref="Gate"/>.</summary>
/// <remarks>The opener's thread may start a request on it while the pump's receives already: hence the gate.</remarks>
internal sealed class TextConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly Epoll _epoll;
    private ReadOnlyMemory<byte> _head;
    private ReadOnlyMemory<byte> _body;
    private int _sent;
    private bool _waitsForRoom;
    private bool _hasServed;

    public TextConnection(Socket socket, int slot, Epoll epoll)
    {
        (_socket, Slot, _epoll) = (socket, slot, epoll);
        if (socket.AddressFamily != AddressFamily.Unix)
            SocketCalls.AskForStamps(socket.SafeHandle);
        epoll.Watch(socket.SafeHandle, slot);
    }

    public Lock Gate { get; } = new();

    public int Slot { get; }

    public TextExchange? Current { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>Whether the server closed this kept connection instead of taking the request: not one byte of an answer came.</summary>
    public bool IsLeft { get; private set; }

    private bool HasUnsent => _sent < _head.Length + _body.Length;

    /// <summary>Hands a request to the kernel.</summary>
    /// <returns>False if the server has closed the connection meanwhile, so that nothing was sent.</returns>
    public bool Start(TextExchange exchange, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
    {
        var waiting = SocketCalls.Waiting(_socket.SafeHandle);
        if (waiting != -SocketCalls.TryAgain && waiting <= 0)
            return false;
        (Current, _head, _body, _sent) = (exchange, head, body, 0);
        if (!exchange.IsRepeated)
            exchange.Sent = Monotonic.Now; // time that a server wins by closing is its own
        if (waiting > 0)
        {
            exchange.Fail(
                TextFailure.Protocol, "The server sent bytes before the request that they would answer: an answer ahead of its question takes no time.",
                exchange.Sent);
        }
        else
        {
            SendRest();
        }

        return true;
    }

    /// <summary>Does what the socket is ready for.</summary>
    public void Serve(uint events, ReceiveClock clock)
    {
        if (IsClosed)
            return;
        if (Current is not { } exchange)
        {
            if (SocketCalls.Waiting(_socket.SafeHandle) != -SocketCalls.TryAgain)
                Dispose(); // closed while idle, or bytes that nobody asked for: either way it is of no use any more
            return;
        }

        if ((events & ~Epoll.Writable) != 0)
            Receive(exchange, clock);
        if ((events & Epoll.Writable) != 0 && !exchange.IsOver)
            SendRest();
    }

    /// <summary>Lets go of the exchange, which is over; closes unless another may follow on this connection.</summary>
    public void Finish()
    {
        var exchange = Current!;
        (Current, _hasServed) = (null, true);
        if (HasUnsent || !exchange.KeepsConnection)
            Dispose();
    }

    /// <summary>Hands back the request that the server left, to be sent once more on another connection.</summary>
    public TextExchange GiveBack()
    {
        var exchange = Current!;
        Current = null;
        exchange.IsRepeated = true;
        Dispose();
        return exchange;
    }

    public void Dispose()
    {
        if (IsClosed)
            return;
        IsClosed = true;
        _socket.Dispose(); // which takes it out of the epoll set
    }

    private void Receive(TextExchange exchange, ReceiveClock clock)
    {
        var count = SocketCalls.Receive(_socket.SafeHandle, exchange.Room(), out var wall);
        var now = Monotonic.Now;
        if (count > 0)
        {
            var stamp = wall == 0 ? new Stamp(now, IsExact: true) : clock.Map(wall, now);
            exchange.Take(count, stamp);
            if (HasUnsent && exchange is { HasHead: true, Head.Status: < 400 })
                exchange.Fail(TextFailure.Protocol, $"The server answered {exchange.Head.Status} before it had the whole request.", stamp.At);
        }
        else if ((count is 0 or -SocketCalls.Reset) && _hasServed && exchange is { FirstByte: < 0, IsRepeated: false })
        {
            IsLeft = true;
        }
        else if (count == 0)
        {
            exchange.Close(now, "was closed", isOrderly: true);
        }
        else if (count is not (-SocketCalls.TryAgain or -SocketCalls.Interrupted))
        {
            exchange.Close(now, $"broke ({Marshal.GetPInvokeErrorMessage(-count)})", isOrderly: false);
        }
    }

    private void SendRest()
    {
        while (HasUnsent)
        {
            var head = _head.Span[Math.Min(_sent, _head.Length)..];
            var body = _body.Span[Math.Max(0, _sent - _head.Length)..];
            var count = SocketCalls.Send(_socket.SafeHandle, head, body);
            if (count < 0)
            {
                // A broken connection shows when it is read from, which also gives a refusal that came before the rest was sent.
                Wait(forRoom: count is -SocketCalls.TryAgain or -SocketCalls.Interrupted);
                return;
            }

            _sent += count;
        }

        Wait(forRoom: false);
    }

    private void Wait(bool forRoom)
    {
        if (_waitsForRoom == forRoom)
            return;
        _waitsForRoom = forRoom;
        _epoll.Watch(_socket.SafeHandle, Slot, forWriting: forRoom);
    }
}
