using System.Runtime.InteropServices;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Runner.Docker;

/// <summary>A lock on a file that the kernel lets go of when the process dies, however it dies.</summary>
/// <remarks>Source: flock(2). The file stays: to delete it would let two holders lock two files of one name.</remarks>
internal sealed partial class FileLock : IAsyncDisposable
{
    private const int Shared = 1;
    private const int Exclusive = 2;
    private const int NonBlocking = 4;
    private const int Unlock = 8;
    private const int ReadWriteCreateCloseOnExec = 0x2 | 0x40 | 0x80000;
    private const int OwnerOnly = 0x180;
    private const int WouldBlock = 11;
    private const int Interrupted = 4;

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Waits until nobody else holds the lock in any way.</summary>
    public static async Task<FileLock> AcquireAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryAcquire(path, Exclusive) is { } held)
                return held;
            await Task.Delay(Between, time, cancellationToken);
        }
    }

    /// <returns>Null while somebody holds it in any way.</returns>
    public static FileLock? TryAcquire(string path) => TryAcquire(path, Exclusive);

    /// <returns>Null while somebody holds it exclusively.</returns>
    public static FileLock? TryShare(string path) => TryAcquire(path, Shared);

    public ValueTask DisposeAsync()
    {
        // unlocked by name, not by closing: a process that is just being forked off holds a copy of the handle until it is another program
        if (!_file.IsClosed)
            _ = Flock(_file, Unlock);
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private static FileLock? TryAcquire(string path, int kind)
    {
        // open(2) and not File.Open: that one takes a lock of its own kind. Closed on exec, so no child inherits the lock.
        var file = Open(path, ReadWriteCreateCloseOnExec, OwnerOnly);
        if (file.IsInvalid)
            throw new BrokenEnvironmentException($"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}. May this user write there?");
        while (Flock(file, kind | NonBlocking) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == Interrupted)
                continue;
            file.Dispose();
            return error == WouldBlock ? null : throw new BrokenEnvironmentException(
                $"{path} cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}. Put the state folder on a local disk.");
        }

        return new FileLock(file);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);
}
