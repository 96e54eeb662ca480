using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>A server of known delay: every token leaves at its due time to within microseconds, on one thread that does nothing else.</summary>
internal sealed class PaceServer : IDisposable
{
    private readonly PaceSpec _spec;
    private readonly Socket _listener;
    private readonly PaceWaiter _waiter = new();
    private readonly List<PaceConnection> _connections = [];
    private readonly PriorityQueue<PaceConnection, long> _queue = new();
    private volatile bool _isEnding;

    public PaceServer(PaceSpec spec)
    {
        _spec = spec;
        _listener = spec.Listen is UnixDomainSocketEndPoint
            ? new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new(spec.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (spec.Listen is not UnixDomainSocketEndPoint)
            _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (spec.Listen is UnixDomainSocketEndPoint stale)
            RemoveStale(stale);
        _listener.Bind(spec.Listen);
        if (spec.Listen is UnixDomainSocketEndPoint unix)
            File.SetUnixFileMode(unix.ToString()!, (UnixFileMode)0x1B6); // 0666: the client is another user outside the container
        _listener.Listen(4096);
        _listener.Blocking = false;
        _waiter.Watch(_listener.SafeHandle, 0);
    }

    /// <summary>Reads the arguments, then serves on the calling thread until the process is asked to end.</summary>
    /// <returns>The exit code: 3 for arguments, 4 where it cannot serve.</returns>
    public static int Run(string[] arguments, TextWriter output, TextWriter errors)
    {
        if (PaceSpec.TryParse(arguments, out var problem) is not { } spec)
        {
            errors.WriteLine($"adaptation-host: {problem}");
            return 3;
        }

        try
        {
            using var server = new PaceServer(spec);
            using var ending = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
            {
                signal.Cancel = true; // ends in order: the socket's file goes too
                server._isEnding = true;
            });
            output.WriteLine($"adaptation-host: pace is ready on {spec.Listen}; first token after {spec.First / 1e6} ms, then every {spec.Gap / 1e6} ms");
            server.Serve();
            return 0;
        }
        catch (Exception failure) when (failure is AdapterException or SocketException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"adaptation-host: {failure.Message}");
            return 4;
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        if (_spec.Listen is UnixDomainSocketEndPoint unix)
            File.Delete(unix.ToString()!);
        _waiter.Dispose();
    }

    private void Serve()
    {
        while (!_isEnding)
        {
            SendDue();
            var count = _waiter.Wait(_queue.TryPeek(out _, out var due) ? due : long.MaxValue);
            for (var index = 0; index < count; index++)
            {
                var (id, events) = _waiter[index];
                if (id == 0)
                    Accept();
                else if (id > 0 && !_connections[id - 1].IsClosed)
                    Handle(_connections[id - 1], events);
            }
        }
    }

    private void SendDue()
    {
        var now = PaceWaiter.Now;
        while (_queue.TryPeek(out var connection, out var due) && due <= now)
        {
            _queue.Dequeue();
            connection.Continue(hasRoom: false);
            Plan(connection);
        }
    }

    private void Handle(PaceConnection connection, uint events)
    {
        if ((events & PaceWaiter.Writable) != 0 && _spec.Gap == 0)
            connection.Continue(hasRoom: true);
        else if ((events & PaceWaiter.Writable) != 0)
            connection.Flush();
        if ((events & ~PaceWaiter.Writable) != 0 && !connection.IsClosed && connection.Receive())
            Plan(connection);
    }

    /// <summary>Enters a stream for its next token; one that pumps is called by the room in its socket instead.</summary>
    private void Plan(PaceConnection connection)
    {
        if (connection.Due is > 0 and < long.MaxValue)
            _queue.Enqueue(connection, connection.Due);
    }

    private void Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (SocketException none) when (none.SocketErrorCode is SocketError.WouldBlock or SocketError.ConnectionAborted)
            {
                return;
            }

            socket.Blocking = false;
            if (socket.AddressFamily != AddressFamily.Unix)
                socket.NoDelay = true;
            var id = FreePlace();
            var connection = new PaceConnection(socket, id, _spec, _waiter);
            _connections[id - 1] = connection;
            _waiter.Watch(socket.SafeHandle, id);
        }
    }

    /// <summary>A socket that nobody listens on is what a killed server left.</summary>
    private static void RemoveStale(UnixDomainSocketEndPoint place)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(place);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused && new FileInfo(place.ToString()!).Length == 0)
        {
            File.Delete(place.ToString()!);
        }
        catch (SocketException)
        {
            // nothing there; binding says whatever else is wrong
        }
    }

    private int FreePlace()
    {
        var place = _connections.FindIndex(connection => connection is null or { IsClosed: true });
        if (place >= 0)
            return place + 1;
        _connections.Add(null!);
        return _connections.Count;
    }
}
