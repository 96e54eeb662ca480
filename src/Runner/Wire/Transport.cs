using System.Net;
using System.Net.Sockets;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How a server is reached.</summary>
public abstract record Transport
{
    private const int BufferBytes = 4 << 20;
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private Transport()
    {
    }

    /// <summary>What requests name as their host.</summary>
    internal abstract string Authority { get; }

    /// <summary>A connected socket in blocking mode, owned by the caller.</summary>
    /// <param name="watch">Started; ends the attempt by limit or cancellation.</param>
    /// <exception cref="SocketException">No connection, or interrupted by <paramref name="watch"/>.</exception>
    /// <exception cref="BrokenEnvironmentException">This machine does not let us try.</exception>
    internal abstract Socket Connect(CallWatch watch);

    /// <param name="Path">As this machine sees it; at most 107 bytes of UTF-8.</param>
    public sealed record UnixSocket(string Path) : Transport
    {
        private const int LongestPath = 107; // sun_path holds 108 with its final zero: unix(7)

        internal override string Authority => "localhost";

        public override string ToString() => $"unix:{Path}";

        internal override Socket Connect(CallWatch watch)
        {
            var length = Encoding.UTF8.GetByteCount(Path);
            if (length > LongestPath)
            {
                throw new BrokenEnvironmentException(
                    $"The path of the socket {Path} has {length} bytes; the kernel takes {LongestPath}. Choose a shorter folder for runs.");
            }

            // A full backlog blocks connect(2), and shutdown(2) does not wake it: so it waits in slices.
            while (true)
            {
                if (TryConnect(watch) is { } socket)
                    return socket;
                watch.ThrowIfInterrupted(ToString());
            }
        }

        private Socket? TryConnect(CallWatch watch)
        {
            var socket = Sized(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
            try
            {
                socket.SendTimeout = (int)Slice.TotalMilliseconds;
                watch.Guard(socket);
                socket.Connect(new UnixDomainSocketEndPoint(Path));
                socket.SendTimeout = 0;
                return socket;
            }
            catch (SocketException full) when (full.SocketErrorCode is SocketError.WouldBlock or SocketError.TimedOut)
            {
                socket.Dispose();
                return null;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>Loopback inside the network namespace of a process: a container without any network of its own.</summary>
    /// <param name="ProcessId">A process of the container that lives as long as the transport is used. Process ids come round again.</param>
    public sealed record NetworkNamespace(int ProcessId, int Port) : Transport
    {
        internal override string Authority => $"127.0.0.1:{Port}";

        public override string ToString() => $"127.0.0.1:{Port} inside the network of process {ProcessId}";

        internal override Socket Connect(CallWatch watch)
        {
            var server = new IPEndPoint(IPAddress.Loopback, Port); // here, where an impossible port is the caller's exception
            return NetworkNamespaceThread.Run(ProcessId, () => ConnectTcp(server, watch));
        }
    }

    /// <param name="Host">Name or address.</param>
    public sealed record Tcp(string Host, int Port) : Transport
    {
        internal override string Authority => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

        public override string ToString() => Authority;

        internal override Socket Connect(CallWatch watch)
        {
            SocketException? failure = null;
            foreach (var address in IPAddress.TryParse(Host, out var literal) ? [literal] : Dns.GetHostAddresses(Host))
            {
                watch.ThrowIfInterrupted(ToString());
                try
                {
                    return ConnectTcp(new IPEndPoint(address, Port), watch);
                }
                catch (SocketException refused)
                {
                    failure = refused;
                }
            }

            throw failure ?? new SocketException((int)SocketError.HostNotFound);
        }
    }

    private static Socket ConnectTcp(IPEndPoint server, CallWatch watch)
    {
        var socket = Sized(new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            watch.Guard(socket);
            socket.Connect(server);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket Sized(Socket socket)
    {
        socket.SendBufferSize = BufferBytes; // the kernel cuts it to net.core.wmem_max
        socket.ReceiveBufferSize = BufferBytes;
        return socket;
    }
}
