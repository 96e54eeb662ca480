using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Reads from this machine's kernel what a container did. The container's own word is not asked.</summary>
internal static class ContainerProbe
{
    /// <summary>Counts what left a network namespace, and what tried to.</summary>
    /// <param name="processId">Any process in the namespace.</param>
    /// <returns>Null when the process is gone.</returns>
    public static NetworkCounts? TryReadNetwork(int processId)
    {
        try
        {
            var sent = File.ReadLines($"/proc/{processId}/net/dev").Skip(2)
                .Select(line => line.Split(':', 2))
                .Where(device => device[0].Trim() != "lo")
                .Sum(device => Number(device[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[9]));
            return new(sent, Counter(processId, "net/snmp", "Ip", "OutNoRoutes") + Counter(processId, "net/snmp6", "Ip6OutNoRoutes"));
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
    private static long Counter(int processId, string file, string group, string name)
    {
        var lines = File.ReadLines($"/proc/{processId}/{file}").Where(line => line.StartsWith(group + ":", StringComparison.Ordinal)).ToArray();
        if (lines.Length != 2)
            return 0;
        var at = Array.IndexOf(lines[0].Split(' '), name);
        return at < 0 ? 0 : Number(lines[1].Split(' ')[at]);
    }

    /// <summary>One counter of the form of net/snmp6: a name and a value per line; 0 where the kernel has no IPv6.</summary>
    private static long Counter(int processId, string file, string name)
    {
        var path = $"/proc/{processId}/{file}";
        return File.Exists(path)
            ? File.ReadLines(path).Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(pair => pair is [var found, _] && found == name).Sum(pair => Number(pair[1]))
            : 0;
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <param name="PacketsOut">Packets sent by every interface but the loopback.</param>
/// <param name="Refused">Attempts to send that found no route: what a container with no network is caught by.</param>
internal sealed record NetworkCounts(long PacketsOut, long Refused);
