using System.Globalization;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>How much memory this process may still take.</summary>
/// <param name="Bytes">0 or more.</param>
/// <param name="Source">What says so, for a message.</param>
internal sealed record HostMemory(long Bytes, string Source)
{
    /// <summary>The least of what the machine has available and what each control group above this process leaves.</summary>
    /// <remarks>
    /// Pages of files count as free within a group, since the kernel drops them first. Sources: proc(5), MemAvailable; cgroups(7); kernel
    /// documentation, cgroup-v1/memory and cgroup-v2.
    /// </remarks>
    /// <param name="root">Of the file system: <c>/</c>, but for tests.</param>
    /// <returns>Null where the system says nothing of it.</returns>
    public static HostMemory? Read(string root)
    {
        var found = new List<HostMemory>();
        if (Field(Path.Combine(root, "proc/meminfo"), "MemAvailable:") is { } kibibytes)
            found.Add(new(kibibytes > long.MaxValue >> 10 ? long.MaxValue : kibibytes << 10, "MemAvailable of /proc/meminfo"));
        foreach (var line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            if (line.Split(':', 3) is not [_, var controllers, var group])
                continue;
            if (controllers.Length == 0)
                found.AddRange(Groups(Path.Combine(root, "sys/fs/cgroup"), group, "memory.max", "memory.current", "inactive_file", "active_file"));
            else if (controllers.Split(',').Contains("memory"))
                found.AddRange(Groups(Path.Combine(root, "sys/fs/cgroup/memory"), group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "total_active_file"));
        }

        return found.MinBy(memory => memory.Bytes);
    }

    /// <summary>A group and those above it. In a container the mount shows its own group as the topmost, under whatever path.</summary>
    private static IEnumerable<HostMemory> Groups(string mount, string group, string limit, string usage, params string[] dropped)
    {
        var parts = group.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Contains("..")) // the group lies outside what this process can see
            parts = [];
        for (var depth = parts.Length; depth >= 0; depth--)
        {
            var folder = Path.Combine([mount, .. parts[..depth]]);
            if (Number(Path.Combine(folder, limit)) is not { } most || Number(Path.Combine(folder, usage)) is not { } used)
                continue;
            var droppable = dropped.Sum(field => Math.Min(Field(Path.Combine(folder, "memory.stat"), field) ?? 0, used));
            yield return new(Math.Max(0, most - Math.Max(0, used - droppable)), $"{limit} of the control group /{string.Join('/', parts[..depth])}, {most} bytes");
        }
    }

    private static long? Number(string file) => Lines(file) is [var text, ..] ? Parse(text) : null;

    /// <summary>The number after a name, in a file of one pair a line.</summary>
    private static long? Field(string file, string name) => Lines(file)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words.Length >= 2 && words[0] == name)
        .Select(words => Parse(words[1])).FirstOrDefault();

    /// <summary><c>max</c>, which stands for no limit, is no number.</summary>
    private static long? Parse(string text) => long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return []; // a limit that cannot be read is none that we can hold anyone to
        }
    }
}
