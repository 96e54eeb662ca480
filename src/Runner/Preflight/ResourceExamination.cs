using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Disk, memory, and how much of it may be locked.</summary>
internal static class ResourceExamination
{
    /// <summary>Bounds, not measurements: what we allow for a vendor's image unpacked beside its own archive, and for a plain base with an engine, models and records of runs.</summary>
    private const long VendorImageBytes = 60L << 30, PlainBytes = 4L << 30;

    private const int SysResource = 24; // CAP_SYS_RESOURCE: may raise a limit beyond the hard one

    private static readonly Subject OfDisk = new("disk", "disk space", "磁盘空间"), OfMemory = new("memory", "memory", "内存"), OfLock = new("memlock", "limit of locked memory", "锁定内存上限");

    public static Examination Disk(PreflightSpec spec)
    {
        var isBig = spec.NeedsDevices && spec.HasImage != true;
        var isHere = isBig && spec.KeepsImages;
        var needed = isHere ? VendorImageBytes : PlainBytes;
        var what = isHere ? ("a vendor's image, models and records", "厂商镜像、模型与记录") : ("models and records", "模型与记录");
        return (spec.FreeBytes switch
        {
            null => OfDisk.Unknown($"{spec.DataFolder} cannot be asked", $"无法查询 {spec.DataFolder}"),
            var free when free < needed => OfDisk.Missing(
                $"{Size(free.Value)} free where {spec.DataFolder} lies; {Size(needed)} are allowed for {what.Item1}", $"{spec.DataFolder} 所在磁盘剩余 {Size(free.Value)}；按{what.Item2}预留 {Size(needed)}",
                new(new("see what takes the space", "查看占用"), $"df -h {spec.DataFolder} && du -xsh {spec.DataFolder}/*"),
                new(new("or have the folder on another disk", "或改用其他磁盘"), "export XDG_DATA_HOME=/PATH/on/a/larger/disk")),
            var free => OfDisk.Ok($"{Size(free.Value)} free where {spec.DataFolder} lies ({Size(needed)} allowed for)", $"{spec.DataFolder} 所在磁盘剩余 {Size(free.Value)}（预留 {Size(needed)}）"),
        }) with
        {
            Notes = isBig && !isHere
                ? [new($"the engine keeps images elsewhere and wants {Size(VendorImageBytes)} there: df -h \"$(docker info --format '{{{{.DockerRootDir}}}}')\"", $"容器引擎的镜像存于别处，那里需 {Size(VendorImageBytes)}，见左侧命令")] : [],
        };
    }

    public static Examination Memory(PreflightSpec spec)
    {
        if (Number(spec.Machine.TryRead("/proc/meminfo"), "MemTotal:") is not { } kibibytes)
            return OfMemory.Unknown("/proc/meminfo says nothing", "/proc/meminfo 无数据");
        var (has, may) = (kibibytes << 10, spec.Profile.Container.MemoryBytes);
        return has >= may ? OfMemory.Ok($"{Size(has)}; a container of this profile may take {Size(may)}", $"{Size(has)}；该配置的容器最多使用 {Size(may)}")
            : OfMemory.Unknown(
                $"{Size(has)}, and a container of this profile may take {Size(may)}: whether the model needs so much is not known, and one that does is killed by the kernel", $"{Size(has)}，少于该配置容器的上限 {Size(may)}：模型是否需要未知，超出时会被内核终止",
                new Remedy(new("a machine with more, or a lower `container.memory` in a copy of the profile, so that it is the container that ends", "换用更大内存的机器，或在配置副本中降低 container.memory"), null));
    }

    /// <summary>A container's limit is set by the container engine, which can give no more than it has, unless it may raise limits.</summary>
    public static Examination MemoryLock(PreflightSpec spec)
    {
        if (!spec.NeedsDevices)
            return OfLock.NotNeeded("a CPU needs none", "CPU 无需");
        if (spec.Facts.All.GetValueOrDefault("launch.ulimits")?.Value is null)
            return OfLock.Unknown("what the chip needs is not stated by any source", "芯片所需上限无来源记载");
        if (spec.Facts.Texts("launch.ulimits").FirstOrDefault(limit => limit.StartsWith("memlock=", StringComparison.Ordinal))?[8..] is not { } text || !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var wanted))
            return OfLock.NotNeeded("sources state no limit of it", "来源未要求");
        if (spec.Engine is { IsContainer: true, IsLocal: false })
            return OfLock.Unknown("the container engine runs on another machine", "容器引擎在另一台机器上");
        var (isDaemon, folder) = Engine(spec.Machine);
        var (who, whose) = isDaemon ? ("dockerd", "dockerd") : ("this process", "本进程");
        if (spec.Machine.TryRead($"{folder}/limits")?.Split('\n').FirstOrDefault(line => line.StartsWith("Max locked memory", StringComparison.Ordinal))?[17..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, var hard, ..])
            return OfLock.Unknown($"{folder}/limits cannot be read", $"无法读取 {folder}/limits");
        if (hard == "unlimited" || (wanted >= 0 && long.TryParse(hard, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes >= wanted))
            return OfLock.Ok($"{hard} for {who}", $"{whose}：{hard}");
        if (MayRaise(spec.Machine, folder))
            return OfLock.Ok($"{hard} bytes for {who}, which may raise it for a container", $"{whose}：{hard} 字节，可为容器提高");
        var needs = wanted < 0 ? "unlimited" : text;
        return OfLock.Missing($"{hard} bytes for {who}; the chip needs {needs}", $"{whose}：{hard} 字节；芯片需要{(wanted < 0 ? "无限制" : $" {needs}")}",
            new(new("for an engine that systemd starts", "由 systemd 启动的引擎"), "sudo mkdir -p /etc/systemd/system/docker.service.d && printf '[Service]\\nLimitMEMLOCK=infinity\\n' | sudo tee /etc/systemd/system/docker.service.d/memlock.conf && sudo systemctl daemon-reload && sudo systemctl restart docker"),
            new(new("for one that a user starts: then log in anew", "由用户启动的引擎：随后重新登录"), "printf '* soft memlock unlimited\\n* hard memlock unlimited\\n' | sudo tee /etc/security/limits.d/memlock.conf"));
    }

    /// <summary>The daemon that runs; where none does, this process, from which an engine of our own would inherit.</summary>
    private static (bool IsDaemon, string Folder) Engine(HostMachine machine) =>
        machine.TryRead("/var/run/docker.pid")?.Trim() is { Length: > 0 } id && id.All(char.IsAsciiDigit) && machine.TryRead($"/proc/{id}/limits") is not null ? (true, $"/proc/{id}") : (false, "/proc/self");

    /// <summary>Capabilities in a user namespace of its own do not count there.</summary>
    private static bool MayRaise(HostMachine machine, string folder) =>
        machine.TryRead($"{folder}/uid_map")?.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is ["0", "0", "4294967295"]
        && machine.TryRead($"{folder}/status")?.Split('\n').FirstOrDefault(line => line.StartsWith("CapEff:", StringComparison.Ordinal)) is { } line
        && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var held) && (held >> SysResource & 1) == 1;

    private static long? Number(string? text, string key) =>
        text?.Split('\n').FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var number, ..]
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.#} GiB");
}
