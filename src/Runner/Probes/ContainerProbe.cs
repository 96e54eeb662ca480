using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Reads from this machine's kernel what a container did. The container's own word is not asked.</summary>
internal static class ContainerProbe
{
    /// <summary>Counts what left a network namespace, and what tried to.</summary>
    /// <param name="processId">Any process in the namespace.</param>
    /// <returns>Null when the process is gone, or the kernel does not count: what cannot be read is not zero.</returns>
    public static NetworkCounts? TryReadNetwork(int processId)
    {
        try
        {
            var refused = Counter(processId, "net/snmp", "Ip", "OutNoRoutes") + Counter(processId, "net/snmp6", "Ip6OutNoRoutes");
            // last, and without it nothing counts: the process was still there when the files before it were looked for
            var sent = File.ReadLines($"/proc/{processId}/net/dev").Skip(2)
                .Select(line => line.Split(':', 2))
                .Where(device => device[0].Trim() != "lo")
                .Sum(device => Number(device[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[9]));
            return refused is { } count ? new(sent, count) : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Bytes that the processes of a container had read from disks, page cache hits not counted (proc(5), io: read_bytes).</summary>
    public static long ReadBytes(int processId)
    {
        var space = PidNamespace(processId);
        if (space is null)
            return 0;
        var own = space == PidNamespace(Environment.ProcessId);
        var members = own ? [processId] : Processes().Where(id => PidNamespace(id) == space);
        return members.Sum(ReadBytesOf);
    }

    private static long ReadBytesOf(int processId)
    {
        try
        {
            return File.ReadLines($"/proc/{processId}/io")
                .Where(line => line.StartsWith("read_bytes: ", StringComparison.Ordinal))
                .Sum(line => Number(line["read_bytes: ".Length..]));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static IEnumerable<int> Processes() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
        .Where(id => id > 0);

    private static string? PidNamespace(int processId)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{processId}/ns/pid", returnFinalTarget: false)?.Name;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>One counter of the two-line form of net/snmp: a line of names, a line of values.</summary>
    /// <returns>Null where the kernel has no such counter.</returns>
    private static long? Counter(int processId, string file, string group, string name)
    {
        var lines = File.ReadLines($"/proc/{processId}/{file}").Where(line => line.StartsWith(group + ":", StringComparison.Ordinal)).ToArray();
        if (lines.Length != 2)
            return null;
        var (names, values) = (lines[0].Split(' '), lines[1].Split(' '));
        var at = Array.IndexOf(names, name);
        return at < 0 || at >= values.Length ? null : Number(values[at]);
    }

    /// <summary>One counter of the form of net/snmp6: a name and a value per line.</summary>
    /// <returns>0 where the kernel has no IPv6, null where it has and does not count.</returns>
    private static long? Counter(int processId, string file, string name)
    {
        var path = $"/proc/{processId}/{file}";
        if (!File.Exists(path))
            return 0;
        var pairs = File.ReadLines(path).Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return pairs.FirstOrDefault(pair => pair is [var found, _] && found == name) is [_, var value] ? Number(value) : null;
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <param name="PacketsOut">Packets sent by every interface but the loopback.</param>
/// <param name="Refused">Attempts to send that found no route: what a container with no network is caught by.</param>
internal sealed record NetworkCounts(long PacketsOut, long Refused);
