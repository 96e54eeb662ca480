using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Runner;

/// <summary>What lies below /dev of a running container, seen from outside through its first process.</summary>
/// <remarks>
/// Every folder is opened from the one before it, and no symbolic link is followed: nothing that a container does can lead the look to
/// another place. Source: openat(2), proc(5) on /proc/PID/root.
/// </remarks>
internal static partial class DeviceTree
{
    private const int MostEntries = 50_000;
    private const int Deepest = 8;

    /// <summary>Name to device, such as <c>/dev/davinci0</c> to <c>c 236:0</c>; what is no device is there too, in words, but for folders.</summary>
    /// <param name="root">The container's root: <c>/proc/PID/root</c>, the one link that is followed.</param>
    /// <param name="problem">Why it cannot be seen whole; null if it was.</param>
    public static ImmutableSortedDictionary<string, string> Read(string root, out string? problem)
    {
        var seen = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        try
        {
            using var top = Open(null, root, root);
            using var folder = Open(top, "dev", $"{root}/dev");
            Walk(folder, "/dev", Deepest, seen);
            problem = null;
        }
        catch (UnseenException unseen)
        {
            problem = unseen.Message;
        }

        return seen.ToImmutable();
    }

    private static void Walk(SafeHandle folder, string path, int left, ImmutableSortedDictionary<string, string>.Builder seen)
    {
        foreach (var name in Names(folder, path))
        {
            var shown = $"{path}/{Plain(name)}";
            if (name.Contains('\uFFFD', StringComparison.Ordinal))
                throw new UnseenException($"{shown} has a name that is no text");
            if (DeviceNode.TryStatIn(folder, name, out var what) is not { } node)
                continue; // gone since: what is not there is no device
            if (what != DeviceNode.Folder)
            {
                if (seen.Count >= MostEntries)
                    throw new UnseenException($"{path} and what is beside it hold more than {MostEntries} entries");
                seen[shown] = node.Kind == DeviceNodeKind.None ? what : node.ToString();
            }
            else if (left == 0)
            {
                throw new UnseenException($"{shown} lies more than {Deepest} folders deep");
            }
            else
            {
                using var inner = TryOpen(folder, name);
                if (inner is not null)
                    Walk(inner, shown, left - 1, seen);
                else if (DeviceNode.TryStatIn(folder, name, out _) is not null)
                    throw new UnseenException($"{shown} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
    }

    /// <summary>Of the folder that is open, whatever its name leads to by now.</summary>
    private static string[] Names(SafeHandle folder, string path)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries($"/proc/self/fd/{folder.DangerousGetHandle()}").Take(MostEntries + 1).Select(entry => Path.GetFileName(entry))];
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new UnseenException($"{path} cannot be read: {unread.Message}");
        }
    }

    private static SafeFileHandle Open(SafeHandle? folder, string name, string shown) =>
        TryOpen(folder, name) ?? throw new UnseenException($"{shown} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");

    private static SafeFileHandle? TryOpen(SafeHandle? folder, string name)
    {
        const int closed = 0x80000; // O_CLOEXEC
        // the two flags differ between architectures: Linux, uapi/asm/fcntl.h of arm64 and generic
        var (isFolder, noLink) = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? (0x4000, 0x8000) : (0x10000, 0x20000);
        const int here = -100; // AT_FDCWD
        var opened = OpenAt(folder is null ? here : (int)folder.DangerousGetHandle(), name, closed | isFolder | (folder is null ? 0 : noLink), 0);
        return opened < 0 ? null : new SafeFileHandle(opened, ownsHandle: true);
    }

    /// <summary>A name is the container's own: what evidence could not hold, or what would read as two nodes, is spelled in hex.</summary>
    private static string Plain(string name) => name.All(IsPlain) ? name
        : string.Concat(name.Select(letter => IsPlain(letter) ? $"{letter}" : string.Concat(Encoding.UTF8.GetBytes($"{letter}").Select(octet => $"%{octet:X2}"))));

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.' or '+' or ':' or '@';

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenAt(int folder, string path, int flags, uint mode);

    private sealed class UnseenException(string why) : Exception(why);
}
