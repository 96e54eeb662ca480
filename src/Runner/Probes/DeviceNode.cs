using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>What the kernel says of a name below /dev: two names with the same kind and numbers are the same device.</summary>
/// <remarks>Source: statx(2), whose structure is the same on every architecture.</remarks>
[StructLayout(LayoutKind.Auto)]
public readonly partial record struct DeviceNode(DeviceNodeKind Kind, uint Major, uint Minor, UnixFileMode Mode, uint UserId, uint GroupId)
{
    private const int Here = -100; // AT_FDCWD
    private const int LinksThemselves = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint Basic = 0x7ff; // STATX_BASIC_STATS

    internal const string Folder = "a folder", Link = "a symbolic link", PlainFile = "a plain file";

    /// <summary>Such as <c>c 236:0</c>.</summary>
    public override string ToString() => Kind switch
    {
        DeviceNodeKind.Character => $"c {Major}:{Minor}",
        DeviceNodeKind.Block => $"b {Major}:{Minor}",
        _ => "no device",
    };

    /// <summary>Symbolic links are followed.</summary>
    /// <returns>Null where there is nothing of that name, or this user may not look.</returns>
    internal static DeviceNode? TryStat(string path) => TryStat(Here, path, 0, out _);

    /// <param name="what">Words for what is no device.</param>
    /// <inheritdoc cref="TryStat(string)"/>
    internal static DeviceNode? TryStat(string path, out string what) => TryStat(Here, path, 0, out what);

    /// <summary>Something in an open folder, itself: a symbolic link is none of what it points to.</summary>
    /// <param name="what">Words for what is no device.</param>
    /// <inheritdoc cref="TryStat(string)"/>
    internal static DeviceNode? TryStatIn(SafeHandle folder, string name, out string what) => TryStat((int)folder.DangerousGetHandle(), name, LinksThemselves, out what);

    /// <returns>What a name itself is, in words: a link is not followed; null where there is nothing of that name, or this user may not look.</returns>
    internal static string? TryKind(string path) => TryStat(Here, path, LinksThemselves, out var what) is null ? null : what;

    private static DeviceNode? TryStat(int folder, string path, int flags, out string what)
    {
        what = "";
        Span<byte> stat = stackalloc byte[256];
        if (Statx(folder, path, flags, Basic, ref MemoryMarshal.GetReference(stat)) != 0)
            return null;
        static uint Word(ReadOnlySpan<byte> from, int at) => MemoryMarshal.Read<uint>(from[at..]);
        var mode = MemoryMarshal.Read<ushort>(stat[28..]);
        what = (mode & 0xF000) switch { 0x4000 => Folder, 0xA000 => Link, 0x8000 => PlainFile, 0x1000 => "a named pipe", 0xC000 => "a socket", 0x2000 => "a character device", 0x6000 => "a block device", _ => "no device" };
        var kind = (mode & 0xF000) switch { 0x2000 => DeviceNodeKind.Character, 0x6000 => DeviceNodeKind.Block, _ => DeviceNodeKind.None };
        return new(kind, Word(stat, 128), Word(stat, 132), (UnixFileMode)(mode & 0xFFF), Word(stat, 20), Word(stat, 24));
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte stat);
}

public enum DeviceNodeKind
{
    /// <summary>A file, a folder, or something else that is no device.</summary>
    None,

    Character,

    Block,
}
