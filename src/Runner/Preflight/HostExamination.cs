using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The machine around the chip: its processor, where devices stand to its memory, and the clock that measures.</summary>
internal static class HostExamination
{
    private const string ClockFolder = "/sys/devices/system/clocksource/clocksource0";

    /// <summary>Read from a register within tens of nanoseconds, on x86, Arm, LoongArch and RISC-V, and what hypervisors offer in their place.</summary>
    private static readonly ImmutableArray<string> FineClocks = ["tsc", "arch_sys_counter", "kvm-clock", "xen", "hyperv_clocksource_tsc_page", "Constant", "riscv_clocksource"];

    /// <summary>Read over a bus, about a microsecond each.</summary>
    private static readonly ImmutableArray<string> SlowClocks = ["hpet", "acpi_pm", "hyperv_clocksource_msr"];

    private static readonly Subject OfProcessor = new("processor", "processor architecture", "处理器架构"), OfStated = new("stated", "versions that the profile states", "配置写明的版本"), OfNuma = new("numa", "NUMA nodes", "NUMA 节点"),
        OfClock = new("clock", "clock source", "时钟源"), OfGovernor = new("governor", "frequency governor", "频率调节");

    public static Examination Processor(PreflightSpec spec)
    {
        var (here, wanted) = (spec.Architecture, spec.Facts.Texts("host_cpu"));
        return wanted.IsEmpty ? OfProcessor.Unknown($"{here} here; which ones the profile is for is not stated", $"本机 {here}；配置未写明适用架构")
            : wanted.Contains(here, StringComparer.Ordinal) ? OfProcessor.Ok(here, here)
            : OfProcessor.Missing($"{here} here; the chip and its images are for {string.Join(", ", wanted)}", $"本机 {here}；芯片与镜像适用于 {string.Join("、", wanted)}",
                new Remedy(new("another machine, or another profile", "请更换机器，或选用其他配置"), "adapt list profiles"));
    }

    /// <summary>Versions that the profile states: another one fails OPS-02 at the end of a run. Those that only a container shows are left to it.</summary>
    public static Examination Stated(PreflightSpec spec)
    {
        var read = new StackProbe(spec.Machine.Root).Read(spec.Profile.Chip);
        (string Field, string Wanted, string Seen)[] stated = [.. spec.Profile.Versions.Where(one => read.ContainsKey(one.Key)).Select(one => (one.Key, one.Value, read[one.Key]))];
        (string Field, string Wanted, string Seen)[] others = [.. stated.Where(one => !one.Wanted.Split(" | ").Contains(one.Seen, StringComparer.Ordinal))];
        return stated.Length == 0 ? OfStated.NotNeeded("it states none that can be read here", "配置未写明可在此读取的版本")
            : others.Length == 0 ? OfStated.Ok(string.Join(", ", stated.Select(one => $"{one.Field} {one.Seen}")), string.Join("，", stated.Select(one => $"{one.Field} {one.Seen}")))
            : OfStated.Missing(
                string.Join("; ", others.Select(one => $"the profile states {one.Field} {one.Wanted}, here it is {one.Seen}")), string.Join("；", others.Select(one => $"配置写明 {one.Field} 为 {one.Wanted}，本机为 {one.Seen}")),
                new Remedy(new("what the kernel says of the processor", "查看内核给出的处理器信息"), "grep -m4 -iE 'vendor_id|implementer|cpu part|model name' /proc/cpuinfo"), new Remedy(new("another machine, or another profile", "请更换机器，或选用其他配置"), "adapt list profiles"));
    }

    public static Examination Numa(PreflightSpec spec, ImmutableArray<PciDevice> pci, ToolExamination tool)
    {
        var count = spec.Machine.List("/sys/devices/system/node", "node*").Count(name => name.Length > 4 && name[4..].All(char.IsAsciiDigit));
        var (en, zh) = count == 0 ? ("the kernel shows none", "内核未显示") : ($"{count} in the machine", $"本机 {count} 个");
        if (!spec.NeedsDevices)
            return count == 0 ? OfNuma.Unknown(en, zh) : OfNuma.Ok(en, zh);
        var mine = PciExamination.Of(spec, pci);
        // where the tool prints addresses, only the devices that are planned count
        ImmutableArray<PciDevice> planned = [.. mine.Where(device => tool.Planned.Any(row => row.Bus is { } bus && device.Address.EndsWith(bus[(bus.IndexOf(':', StringComparison.Ordinal) + 1)..], StringComparison.OrdinalIgnoreCase)))];
        var devices = planned.IsEmpty ? mine : planned;
        int[] nodes = [.. devices.Select(device => device.NumaNode).OfType<int>().Distinct().Order()];
        if (devices.IsEmpty)
            return OfNuma.Unknown($"{en}; no device of the chip is known on the bus", $"{zh}；总线上没有可确认的芯片设备");
        if (devices.Any(device => device.NumaNode is null))
            return OfNuma.Unknown($"{en}; the kernel does not know the node of {string.Join(", ", devices.Where(device => device.NumaNode is null).Select(device => device.Address))}", $"{zh}；内核未给出设备所属节点");
        var list = string.Join(", ", nodes.Select(node => node.ToString(CultureInfo.InvariantCulture)));
        return OfNuma.Ok($"{en}; devices on {list}", $"{zh}；设备位于 {list}") with
        {
            Notes = nodes.Length < 2 ? [] : [new("devices on different nodes: transfers between them cross the processors' link, and figures of several devices can differ from those on one node", "设备位于不同节点：数据经处理器互连传输，多卡结果可能与同节点不同")],
        };
    }

    public static Examination Clock(PreflightSpec spec)
    {
        if (spec.Machine.TryRead($"{ClockFolder}/current_clocksource")?.Trim() is not { Length: > 0 } name)
            return OfClock.Unknown($"{ClockFolder}/current_clocksource cannot be read", $"无法读取 {ClockFolder}/current_clocksource");
        if (FineClocks.Contains(name))
            return OfClock.Ok(name, name);
        Remedy[] other = [.. Better(spec.Machine)];
        if (SlowClocks.Contains(name))
            return OfClock.Ok(name, name) with { Notes = [new("each reading takes about a microsecond: a load of many streams is slowed by its own clock", "每次读取约 1 微秒：多路并发负载会被计时拖慢")], Remedies = [.. other] };
        return name is "jiffies" or "refined-jiffies"
            ? OfClock.Missing($"{name}: moves in steps of milliseconds, so that no latency measured here means anything", $"{name}：步进为毫秒级，测得的延迟没有意义", [.. other.DefaultIfEmpty(new(new("see why the kernel put the processor's counter aside", "查看内核弃用处理器计数器的原因"), "sudo dmesg | grep -i clocksource"))])
            : OfClock.Unknown($"{name}: how fine it is, is not known here", $"{name}：精度未知");
    }

    private static IEnumerable<Remedy> Better(HostMachine machine)
    {
        var listed = (machine.TryRead($"{ClockFolder}/available_clocksource") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (FineClocks.FirstOrDefault(listed.Contains) is { } finer)
            yield return new(new("the kernel has a finer one", "内核提供更精细的时钟源"), $"echo {finer} | sudo tee {ClockFolder}/current_clocksource");
    }

    public static Examination Governor(PreflightSpec spec)
    {
        string[] words = [.. spec.Machine.List("/sys/devices/system/cpu", "cpu*").Select(cpu => spec.Machine.TryRead($"/sys/devices/system/cpu/{cpu}/cpufreq/scaling_governor")?.Trim()).OfType<string>().Where(word => word.Length > 0).Distinct(StringComparer.Ordinal)];
        return words.Length == 0 ? OfGovernor.Unknown("the kernel does not govern frequencies here: firmware or a hypervisor does", "内核未管理频率：由固件或虚拟化层决定")
            : OfGovernor.Ok(string.Join(", ", words), string.Join("、", words)) with
            {
                Notes = words is ["performance"] ? [] : [new("frequencies rise with the load: first figures of a run can be low", "频率随负载变化：运行初期的结果可能偏低")],
                Remedies = words is ["performance"] ? [] : [new(new("keep them up", "保持高频"), "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")],
            };
    }
}
