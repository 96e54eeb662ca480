using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Whether the chip is on the bus, in the number that is wanted, with a driver bound; where nobody has stated its id, which devices it could be.</summary>
internal static class PciExamination
{
    private static readonly Subject Subject = new("pci", "PCI devices", "PCI 设备");

    public static Examination Examine(PreflightSpec spec, ImmutableArray<PciDevice> devices) =>
        !spec.NeedsDevices ? Subject.NotNeeded("a CPU is no device", "CPU 不是设备")
        : spec.Profile.Chip.PciId is { } id ? OfId(spec, devices, id) : Candidates(spec, devices);

    /// <summary>The devices of the chip, as far as they can be told.</summary>
    public static ImmutableArray<PciDevice> Of(PreflightSpec spec, ImmutableArray<PciDevice> devices)
    {
        ImmutableArray<string> ids = spec.Profile.Chip.PciId is { } id ? [id] : spec.Facts.Texts("pci");
        return [.. devices.Where(device => ids.Contains(device.Id, StringComparer.Ordinal) || ids.Contains(device.Id[..device.Id.IndexOf(':', StringComparison.Ordinal)], StringComparer.Ordinal))];
    }

    private static Examination OfId(PreflightSpec spec, ImmutableArray<PciDevice> devices, string id)
    {
        var (found, look) = (Of(spec, devices), Look(spec));
        if (found.IsEmpty)
        {
            ImmutableArray<PciDevice> others = [.. devices.Where(device => device.Id.StartsWith(id[..4], StringComparison.Ordinal))];
            return Subject.Missing(
                $"no device {id} is on the bus{(others.IsEmpty ? "" : $"; of the same vendor there are: {List(others)}")}", $"总线上没有设备 {id}{(others.IsEmpty ? "" : $"；同一厂商的设备有：{List(others)}")}",
                look, new(new("if it is another chip of this vendor, choose its profile", "若是该厂商的其他芯片，请选用对应配置"), "adapt list profiles"));
        }

        var needed = Math.Max(spec.Profile.Chip.Count, spec.Indices.Length);
        var perBoard = spec.Facts.Number("devices.per_board") is { } stated ? (int)stated : 1;
        if (found.Length * perBoard < needed)
            return Subject.Missing($"{Number(found.Length)} of {Number(needed)} devices {id} are on the bus: {List(found)}", $"需要 {needed} 个设备 {id}，总线上只有 {found.Length} 个：{List(found)}", look);
        ImmutableArray<PciDevice> unbound = [.. found.Where(device => device.Driver is null)];
        return unbound.IsEmpty ? Subject.Ok(List(found), List(found))
            : Subject.Missing($"no driver is bound to {List(unbound)}", $"未绑定驱动：{List(unbound)}", spec.LoadDriver);
    }

    /// <summary>A run is refused until the profile states the id, for what is looked for could be any device of the vendor.</summary>
    private static Examination Candidates(PreflightSpec spec, ImmutableArray<PciDevice> devices)
    {
        var (found, look) = (Of(spec, devices), Look(spec));
        var vendors = string.Join(", ", spec.Facts.Texts("pci"));
        if (vendors.Length == 0)
            return Subject.Unknown("neither the vendor's PCI id nor the chip's is stated by any source", "厂商与芯片的 PCI 编号均无来源记载", look, State(spec, "VVVV:DDDD")) with { PreventsRun = true };
        if (found.IsEmpty)
            return Subject.Missing($"no device of vendor {vendors} is on the bus", $"总线上没有厂商 {vendors} 的设备", look,
                new(new("in a virtual machine: hand the device through; else see that the board is seated, powered and enabled in the firmware", "虚拟机需直通设备；物理机请检查板卡插接、供电与固件设置"), null));
        if (found.All(device => device.Driver is null))
            return Subject.Missing($"no driver is bound to any device of vendor {vendors}: {List(found)}", $"厂商 {vendors} 的设备均未绑定驱动：{List(found)}", spec.LoadDriver);
        // a vendor's servers have network and display devices of the same vendor: only what computes is proposed
        string[] Ids(params ReadOnlySpan<string> kinds) => [.. Fit(found, [.. kinds]).Distinct(StringComparer.Ordinal)];
        var likely = Ids("accelerator") is { Length: > 0 } accelerators ? accelerators : Ids("display or GPU", "co-processor");
        return Subject.Unknown(
            $"the chip's id is not stated by any source; devices of vendor {vendors} here: {List(found)}", $"芯片的 PCI 编号无来源记载；本机厂商 {vendors} 的设备：{List(found)}",
            look, State(spec, likely.Length == 1 ? likely[0] : $"{found[0].Id[..4]}:DDDD")) with
        { PreventsRun = true };
    }

    private static IEnumerable<string> Fit(ImmutableArray<PciDevice> devices, ImmutableArray<string> kinds) => devices.Where(device => kinds.Contains(device.Kind)).Select(device => device.Id);

    private static Remedy Look(PreflightSpec spec) => new(new("what the bus shows", "查看总线上的设备"), $"lspci -nn{spec.Vendor}");

    private static Remedy State(PreflightSpec spec, string id) => new(
        new($"a run is refused until a copy of the profile states the id; then give the copy as --profile{(id.Contains('D', StringComparison.Ordinal) ? " (put the id that lspci shows)" : "")}", $"需在配置副本中写明编号，并以 --profile 指定该副本{(id.Contains('D', StringComparison.Ordinal) ? "（填入 lspci 所示编号）" : "")}"),
        $"sed 's/pci: unknown/pci: \"{id}\"/; s/^id: .*/&-mine/' {spec.Profile.File} > my-{Path.GetFileName(spec.Profile.File)}");

    private static string List(ImmutableArray<PciDevice> devices) => string.Join("; ", devices.Take(16)) + (devices.Length > 16 ? string.Create(CultureInfo.InvariantCulture, $"; and {devices.Length - 16} more") : "");

    private static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Whether the driver's module is in the kernel.</summary>
internal static class ModuleExamination
{
    private static readonly Subject Subject = new("module", "kernel module", "内核模块");

    public static Examination Examine(PreflightSpec spec)
    {
        if (!spec.NeedsDevices)
            return Subject.NotNeeded("a CPU has none", "CPU 无需");
        if (spec.KernelModule is not { } module)
            return Subject.Unknown("its name is not stated by any source; a driver in use shows above, under PCI devices", "模块名无来源记载；已绑定的驱动见上方 PCI 设备");
        return spec.Machine.Exists($"/sys/module/{module}") ? Subject.Ok($"{module} is loaded", $"{module} 已加载")
            : Subject.Missing($"{module} is not loaded: there is no /sys/module/{module}", $"{module} 未加载：/sys/module/{module} 不存在", spec.LoadDriver);
    }
}
