using System.Globalization;

namespace Adaptation.Runner.Docker;

/// <summary>What this machine's kernel says of a container's first process: nothing that the engine could misreport.</summary>
/// <param name="CapEff">Effective capabilities, 16 hex digits, as in /proc/pid/status.</param>
/// <param name="Seccomp">0 off, 1 strict, 2 filter.</param>
/// <param name="ReadOnlyRoot">As its mount table says of <c>/</c>.</param>
/// <param name="HostNetwork">True where it shares this process's network namespace; the next two likewise.</param>
/// <param name="MemoryLimited">Null where the control group cannot be read; the next two likewise.</param>
internal sealed record KernelView(
    string CapEff, bool NoNewPrivileges, long Uid, string Seccomp, bool ReadOnlyRoot,
    bool HostNetwork, bool HostPid, bool HostIpc,
    bool? MemoryLimited, bool? CpuLimited, bool? PidsLimited)
{
    /// <summary>Reads it, or returns null: the process is gone, is another machine's, or is not in the container's control group.</summary>
    /// <param name="containerId">64 hex digits, part of the control group's path.</param>
    /// <remarks>Source: proc(5), namespaces(7), the kernel's cgroup-v1 and cgroup-v2 documents.</remarks>
    public static KernelView? TryRead(int processId, string containerId)
    {
        var proc = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}");
        try
        {
            var groups = File.ReadAllLines($"{proc}/cgroup");
            if (!groups.Any(line => line.Contains(containerId, StringComparison.Ordinal)))
                return null;
            var status = File.ReadAllLines($"{proc}/status").Select(line => line.Split(':', 2)).Where(pair => pair.Length == 2)
                .ToDictionary(pair => pair[0], pair => pair[1].Trim());
            // the last mount on / is the one on top
            var root = File.ReadAllLines($"{proc}/mountinfo").Select(line => line.Split(' ')).Last(fields => fields[4] == "/");
            return new KernelView(
                status["CapEff"], status["NoNewPrivs"] == "1", Effective(status["Uid"]), status["Seccomp"],
                root[5].Split(',').Contains("ro"), Shares(proc, "net"), Shares(proc, "pid"), Shares(proc, "ipc"),
                CgroupLimits.Memory(groups), CgroupLimits.Cpu(groups), CgroupLimits.Pids(groups));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Of real, effective, saved and file system ids, the one that counts.</summary>
    private static long Effective(string ids) => long.Parse(ids.Split('\t')[1], CultureInfo.InvariantCulture);

    private static bool Shares(string proc, string kind) =>
        new FileInfo($"{proc}/ns/{kind}").LinkTarget is { } theirs && theirs == new FileInfo($"/proc/self/ns/{kind}").LinkTarget;
}

/// <summary>Whether limits stand in a process's control groups, version 1 or 2.</summary>
internal static class CgroupLimits
{
    /// <summary>Version 1 writes "no limit" as the largest page-aligned number.</summary>
    private const long NoLimit = 1L << 60;

    private const string Root = "/sys/fs/cgroup";

    public static bool? Memory(string[] groups) =>
        Read(groups, "memory", "memory.limit_in_bytes") is { } old ? long.Parse(old, CultureInfo.InvariantCulture) < NoLimit
        : Read(groups, "", "memory.max") is { } text ? text != "max"
        : null;

    public static bool? Cpu(string[] groups) =>
        Read(groups, "cpu", "cpu.cfs_quota_us") is { } old ? old != "-1"
        : Read(groups, "", "cpu.max") is { } text ? !text.StartsWith("max", StringComparison.Ordinal)
        : null;

    public static bool? Pids(string[] groups) => (Read(groups, "pids", "pids.max") ?? Read(groups, "", "pids.max")) is { } text ? text != "max" : null;

    /// <param name="controller">Empty for the one hierarchy of version 2, which /proc/pid/cgroup lists with no controller.</param>
    private static string? Read(string[] groups, string controller, string file)
    {
        var fields = groups.Select(line => line.Split(':', 3))
            .FirstOrDefault(fields => fields is [_, var controllers, _] && controllers.Split(',').Contains(controller));
        if (fields is not [_, var hierarchy, var path])
            return null;
        var full = $"{Root}/{hierarchy}{path}/{file}";
        return File.Exists(full) ? File.ReadAllText(full).Trim() : null;
    }
}
