using System.Net.Sockets;

namespace Adaptation.Runner;

/// <summary>Makes connections: all before the load, and those that the server closed during it.</summary>
internal sealed class TextOpener(TextLoadRun run, TextLoadSpec spec) : IDisposable
{
    private readonly CallWatch _watch = new(TimeProvider.System);

    /// <summary>Opens the connections that the load starts with.</summary>
    /// <returns>Why they cannot be had, or null.</returns>
    /// <inheritdoc cref="TextConnections.Open"/>
    public string? OpenAll(int count, CancellationToken cancellationToken)
    {
        for (var number = 0; number < count; number++)
        {
            if (TryOpen(cancellationToken, out var failure) is not { } connection)
                return $"connection {number + 1} of {count} could not be opened: {failure}";
            run.Connections.GiveIdle(connection);
        }

        return null;
    }

    /// <summary>Opens one connection for each time that one is missing, until cancelled.</summary>
    /// <inheritdoc cref="TextConnections.Open"/>
    public void OpenMissing(CancellationToken cancellationToken)
    {
        while (true)
        {
            run.Missing.Wait(cancellationToken);
            if (!run.HasWaiting) // another connection became free meanwhile
            {
                run.Connections.Unreserve();
                continue;
            }

            if (TryOpenReserved(cancellationToken, out var failure) is { } connection)
            {
                run.CountNewConnection();
                lock (connection.Gate)
                    run.Use(connection);
            }
            else if (run.TakeWaiting() is { } exchange)
            {
                run.FailUnsent(exchange, TextFailure.NoConnection, $"No connection to {spec.Transport}: {failure}");
            }
        }
    }

    public void Dispose() => _watch.Dispose();

    private TextConnection? TryOpen(CancellationToken cancellationToken, out string failure)
    {
        failure = "";
        return run.Connections.TryReserve() ? TryOpenReserved(cancellationToken, out failure) : null;
    }

    private TextConnection? TryOpenReserved(CancellationToken cancellationToken, out string failure)
    {
        try
        {
            failure = "";
            return run.Connections.Open(_watch, spec.RequestLimit, cancellationToken);
        }
        catch (Exception refused) when (refused is SocketException or WireException)
        {
            failure = refused.Message;
            return null;
        }
    }
}
