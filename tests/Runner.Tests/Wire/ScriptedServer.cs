using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Runner.Tests;

/// <summary>A server that does to each connection, byte by byte, what a test tells it to.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly Socket _listener;
    private readonly string? _path;

    private ScriptedServer(Socket listener, string? path, Transport transport, Action<Peer> script)
    {
        (_listener, _path, Transport) = (listener, path, transport);
        listener.Listen(64);
        new Thread(() => Accept(script)) { IsBackground = true }.Start();
    }

    public Transport Transport { get; }

    public static ScriptedServer OnUnixSocket(Action<Peer> script)
    {
        var path = Path.Combine(Path.GetTempPath(), $"wire-{Guid.NewGuid():N}.sock");
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        return new(listener, path, new Transport.UnixSocket(path), script);
    }

    public static ScriptedServer OnTcp(Action<Peer> script)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new(listener, null, new Transport.Tcp("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port), script);
    }

    /// <summary>Answers every request of every connection alike.</summary>
    public static ScriptedServer Answering(byte[] answer) => OnUnixSocket(peer =>
    {
        while (peer.ReadRequest())
            peer.Send(answer);
    });

    public void Dispose()
    {
        _listener.Dispose();
        if (_path is not null)
            File.Delete(_path);
    }

    private void Accept(Action<Peer> script)
    {
        for (var number = 0; ; number++)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }

            var peer = new Peer(socket, number);
            new Thread(() => peer.Follow(script)) { IsBackground = true }.Start();
        }
    }
}

/// <summary>The server's end of one connection.</summary>
/// <param name="Number">0 for the first connection the server accepted.</param>
internal sealed partial record Peer(Socket Socket, int Number)
{
    private const int OutgoingBytes = 0x5411; // TIOCOUTQ

    public byte[] Request { get; private set; } = [];

    public void Follow(Action<Peer> script)
    {
        try
        {
            script(this);
        }
        catch (SocketException)
        {
            // the client has hung up on us, as it should on many of these scripts
        }
        finally
        {
            Socket.Dispose();
        }
    }

    /// <returns>False at the end of the connection.</returns>
    public bool ReadRequest()
    {
        var bytes = new List<byte>();
        var buffer = new byte[65536];
        while (!IsWhole(bytes))
        {
            var count = Socket.Receive(buffer);
            if (count == 0)
                return false;
            bytes.AddRange(buffer.AsSpan(0, count));
        }

        Request = [.. bytes];
        return true;
    }

    public void Send(byte[] bytes) => Socket.Send(bytes);

    /// <summary>Returns once the client has received all that was sent: what comes next comes apart from it.</summary>
    public void WaitUntilReceived()
    {
        while (IoControl((int)Socket.Handle, OutgoingBytes, out var left) == 0 && left > 0)
            Thread.Yield();
    }

    public void WaitForHangUp()
    {
        while (Socket.Receive(new byte[65536]) > 0)
        {
        }
    }

    private static bool IsWhole(List<byte> bytes)
    {
        var all = CollectionsMarshal.AsSpan(bytes);
        var end = all.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        var head = Encoding.ASCII.GetString(all[..end]).Split("\r\n");
        var length = head.FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal));
        return all.Length - end - 4 >= (length is null ? 0 : int.Parse(length[16..], CultureInfo.InvariantCulture));
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoControl(int handle, nuint request, out int value);
}
