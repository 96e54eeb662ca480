using System.Runtime.InteropServices;

namespace Adaptation.Runner.Docker;

/// <summary>Takes away the mounts that a stopped daemon leaves, such as a network namespace pinned to a file: nobody could delete its folder.</summary>
internal static partial class MountTable
{
    private const int DetachNow = 2;

    /// <summary>Detaches all that is mounted below a folder; for a folder with none it does nothing.</summary>
    /// <remarks>Source: proc(5), mountinfo field 5, where space, tab, newline and backslash are octal; umount2(2), MNT_DETACH.</remarks>
    public static void Detach(string folder)
    {
        var below = File.ReadAllLines("/proc/self/mountinfo").Select(line => Plain(line.Split(' ')[4]))
            .Where(point => point.StartsWith($"{folder}/", StringComparison.Ordinal))
            .OrderByDescending(point => point.Length);
        foreach (var point in below)
            _ = Unmount(point, DetachNow); // one that is gone already, or not ours to take, stays as it is
    }

    private static string Plain(string field) =>
        field.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
            .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string point, int flags);
}
