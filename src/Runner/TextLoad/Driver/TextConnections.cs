using System.Net.Sockets;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The connections of one load: opened before it, handed out, and opened anew where the server closes them. Safe for concurrent use.</summary>
internal sealed class TextConnections(Transport transport, int most, Epoll epoll) : IDisposable
{
    private readonly TextConnection?[] _slots = new TextConnection?[most];
    private readonly Stack<TextConnection> _idle = new(most);
    private readonly Lock _gate = new();
    private int _opening;

    /// <summary>By their numbers; null where there is none (any more).</summary>
    public ReadOnlySpan<TextConnection?> All => _slots;

    /// <summary>An open connection that carries nothing, or null.</summary>
    public TextConnection? TakeIdle()
    {
        lock (_gate)
            return _idle.TryPop(out var connection) ? connection : null;
    }

    public void GiveIdle(TextConnection connection)
    {
        lock (_gate)
            _idle.Push(connection);
    }

    /// <summary>Reserves a place for one more connection, to be filled by <see cref="Open"/>.</summary>
    public bool TryReserve()
    {
        lock (_gate)
        {
            if (_opening + _slots.Count(connection => connection is { IsClosed: false }) >= _slots.Length)
                return false;
            _opening++;
            return true;
        }
    }

    /// <summary>Gives a reserved place back.</summary>
    public void Unreserve()
    {
        lock (_gate)
            _opening--;
    }

    /// <summary>Connects, in a place that was reserved.</summary>
    /// <exception cref="SocketException">No connection.</exception>
    /// <exception cref="WireException">Not within the limit of <paramref name="watch"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="BrokenEnvironmentException">This machine does not let us try.</exception>
    public TextConnection Open(CallWatch watch, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            var socket = Connect(watch, limit, cancellationToken);
            lock (_gate)
            {
                var slot = Array.FindIndex(_slots, old => old is null or { IsClosed: true });
                return _slots[slot] = new(socket, slot, epoll);
            }
        }
        finally
        {
            Unreserve();
        }
    }

    public void Dispose()
    {
        foreach (var connection in _slots)
            connection?.Dispose();
    }

    private Socket Connect(CallWatch watch, TimeSpan limit, CancellationToken cancellationToken)
    {
        watch.Start(limit, cancellationToken);
        try
        {
            var socket = transport.Connect(watch);
            watch.Stop();
            return socket;
        }
        catch (SocketException failure) when (IsOurs(failure.SocketErrorCode))
        {
            throw new BrokenEnvironmentException(
                $"This machine opens no further connection to {transport}: {failure.Message}. Raise the limit of open files (ulimit -n), or ask for fewer streams.",
                failure);
        }
        catch (SocketException)
        {
            watch.Stop();
            watch.ThrowIfInterrupted(transport.ToString());
            throw;
        }
        finally
        {
            watch.Stop();
        }
    }

    // of a Unix socket, "no such address" says that the server took its socket away, not that this machine has run out of ports
    private bool IsOurs(SocketError error) =>
        error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AccessDenied
        || (error == SocketError.AddressNotAvailable && transport is not Transport.UnixSocket);
}
