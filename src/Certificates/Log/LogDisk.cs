using System.Runtime.InteropServices;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Certificates;

/// <summary>The few things that a log does to a disk, in the words of what survives the power going off. Paths are absolute.</summary>
/// <remarks>Nothing survives before it was synced: of a file its content, of a folder the names in it. The tests have a disk that forgets the rest.</remarks>
internal interface ILogDisk
{
    /// <inheritdoc cref="ILogSource.TryRead"/>
    byte[]? TryRead(string path, int maxBytes);

    /// <summary>Makes a file, or writes over one; makes folders above it that are missing.</summary>
    void Write(string path, ReadOnlySpan<byte> content);

    /// <summary>Makes a folder in one that is there.</summary>
    /// <returns>Whether it was missing.</returns>
    bool MakeFolder(string path);

    /// <summary>Returns when a file's content, or a folder's names, are on the disk.</summary>
    void Sync(string path);

    /// <summary>Puts a file in the place of another: a reader sees the one or the other whole.</summary>
    void Replace(string path, string target);

    /// <summary>Removes a folder with its files, if it is there.</summary>
    void RemoveFolder(string path);
}

/// <summary>The disk of this machine, by the calls of POSIX: .NET has none that syncs a folder.</summary>
internal sealed partial class LogDisk : ILogDisk
{
    private const int ReadOnly = 0;
    private const int NoWait = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NoSuchFile = 2;
    private const int NoAccess = 13;
    private const int NoFolder = 20;
    private const int LockExclusive = 2;
    private const int LockNoWait = 4;

    public byte[]? TryRead(string path, int maxBytes) => LogFolder.ReadFile(path, maxBytes);

    public void Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        RandomAccess.Write(file, content, fileOffset: 0);
    }

    public bool MakeFolder(string path)
    {
        if (Directory.Exists(path))
            return false;
        Directory.CreateDirectory(path);
        return true;
    }

    public void Sync(string path)
    {
        using var handle = OpenAny(path);
        if (Sync(handle) != 0)
            throw new IOException($"{path} could not be brought to the disk: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    public void Replace(string path, string target) => File.Move(path, target, overwrite: true);

    public void RemoveFolder(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    /// <summary>As <see cref="Lock(string)"/>, of an empty file that nothing else reads: .NET takes locks of the same kind on what it reads.</summary>
    public static SafeFileHandle LockFile(string path)
    {
        if (!File.Exists(path))
            File.WriteAllBytes(path, []);
        return Lock(path);
    }

    /// <summary>Holds a folder until the handle is disposed or the process ends, however it ends.</summary>
    /// <exception cref="BrokenEnvironmentException">Another process, or another part of this one, holds it.</exception>
    public static SafeFileHandle Lock(string path)
    {
        var handle = OpenAny(path);
        if (Lock(handle, LockExclusive | LockNoWait) == 0)
            return handle;
        var why = Marshal.GetLastPInvokeErrorMessage();
        handle.Dispose();
        throw new BrokenEnvironmentException(
            $"{path} is in use by another process that writes to this log ({why}). A log has one writer, or it would have two histories: wait for the other to end. 另一进程正在写入此日志，请等待其结束。");
    }

    /// <summary>Opens a file to read, without waiting for whoever might be at the other end of what is no file.</summary>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="IOException">It is a pipe, a device or a socket, or cannot be read now.</exception>
    public static FileStream? TryOpen(string path)
    {
        if (TryOpenAny(path) is not { } handle)
            return null;
        var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        if (file.CanSeek)
            return file;
        file.Dispose();
        throw new IOException($"{path} is a pipe or a device; a log consists of plain files");
    }

    private static SafeFileHandle OpenAny(string path) => TryOpenAny(path) ?? throw new IOException($"{path} could not be opened: there is no such file or folder");

    private static SafeFileHandle? TryOpenAny(string path)
    {
        var descriptor = Open(path, ReadOnly | NoWait | CloseOnExec);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : Marshal.GetLastPInvokeError() switch
        {
            NoSuchFile or NoFolder => null,
            NoAccess => throw new UnauthorizedAccessException($"{path} could not be opened: {Marshal.GetLastPInvokeErrorMessage()}"),
            _ => throw new IOException($"{path} could not be opened: {Marshal.GetLastPInvokeErrorMessage()}"),
        };
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
