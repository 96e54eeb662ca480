using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Certificates;

/// <summary>Files that are there whole or not at all.</summary>
public static partial class WholeFile
{
    private static readonly LogDisk Disk = new();

    /// <summary>Writes beside the file, to the disk, and puts it in place by one rename, which is on the disk too when this returns; the folder is made where it is absent. Several may write at once: one of them wins.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var partial = $"{path}.{Path.GetRandomFileName()}.partial";
        try
        {
            Write(path, partial, bytes);
        }
        catch
        {
            if (File.Exists(partial))
                File.Delete(partial);
            throw;
        }
        Disk.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>The same in a folder that one process writes to, such as a run's: what lies beside the file has one name, so that what a killed process left there is written over. The rename may be lost with the power, as a whole.</summary>
    public static void WriteAlone(string path, ReadOnlySpan<byte> bytes) => Write(path, path + ".partial", bytes);

    /// <summary>Writes what follows from a file's content, whoever else changes it at once: each sees what the one before it wrote. The folder is what they hold, so that nothing stays beside the file.</summary>
    /// <param name="change">What it throws leaves the file as it is.</param>
    public static void Change(string path, Func<byte[], byte[]> change)
    {
        const int readOnly = 0, closeOnExec = 0x80000, exclusive = 2;
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        using var handle = new SafeFileHandle(Open(folder, readOnly | closeOnExec), ownsHandle: true);
        if (handle.IsInvalid || Lock(handle, exclusive) != 0)
            throw new IOException($"{folder} could not be held: {Marshal.GetLastPInvokeErrorMessage()}");
        Write(path, change(File.ReadAllBytes(path)));
    }

    private static void Write(string path, string partial, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using (var file = File.OpenHandle(partial, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, bytes, fileOffset: 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(partial, path, overwrite: true);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
