using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Runner;

/// <summary>Makes sockets inside another network namespace, on a thread that does this one thing and ends.</summary>
/// <remarks>A namespace belongs to a thread (setns(2)), and a socket keeps the one it was made in. A thread of the pool would carry it on to strangers.</remarks>
internal static partial class NetworkNamespaceThread
{
    private const int NetworkOnly = 0x4000_0000; // CLONE_NEWNET

    /// <exception cref="BrokenEnvironmentException">The process is gone, or we may not enter its namespace.</exception>
    public static Socket Run(int processId, Func<Socket> connect)
    {
        Socket? socket = null;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(processId);
                socket = connect();
            }
            catch (Exception any) when (any is SocketException or WireException or OperationCanceledException or BrokenEnvironmentException)
            {
                failure = ExceptionDispatchInfo.Capture(any);
            }
        })
        {
            IsBackground = true,
            Name = $"network of {processId}",
        };
        thread.Start();
        thread.Join(); // connect is bounded by the caller's watch
        failure?.Throw();
        return socket!;
    }

    private static void Enter(int processId)
    {
        var path = $"/proc/{processId}/ns/net";
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (SetNamespace(handle, NetworkOnly) == 0)
                return;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            throw new BrokenEnvironmentException(
                $"The network namespace of process {processId} cannot be opened ({gone.Message}). The container ended, or runs as another user: run as root.", gone);
        }

        throw new BrokenEnvironmentException(
            $"Entering {path} was refused ({Marshal.GetLastPInvokeErrorMessage()}). It takes CAP_SYS_ADMIN: run as root, or let the server listen on a Unix socket.");
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle handle, int kind);
}
