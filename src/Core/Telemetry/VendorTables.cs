using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>The tables that vendors' tools print. Layouts from public captures: the tests name each one.</summary>
internal static partial class VendorTables
{
    /// <summary>Huawei Ascend. The second chip of a card prints no power; a 310P has its memory under Memory-Usage.</summary>
    public static TableFormat Ascend { get; } = new(
        "npu-smi",
        TableFormat.Rows(
            [[new("NPU", Held.Card), new("Name", Held.Name)], [new("Health", Held.Health)], [new("Power(W)", Held.Power), new("Temp(C)", Held.Temperature), new("Hugepages-Usage(page)")]],
            [[new("Chip", Held.Chip)], [new("Bus-Id", Held.Bus)], [new("AICore(%)", Held.Utilisation), new("Memory-Usage(MB)", Held.Memory), new("HBM-Usage(MB)", Held.HighBandwidthMemory)]]),
        [(ToolVersions.Tool, NpuSmi())], isBarred: true);

    /// <summary>Cambricon, from version 4.20 on.</summary>
    public static TableFormat Cambricon { get; } = new(
        "cnmon",
        TableFormat.Rows(
            [[new("Card", Held.Card), new("VF"), new("Name", Held.Name), new("Firmware", Held.Firmware)], [new("Bus-Id", Held.Bus)], [new("Util", Held.Utilisation), new("Ecc-Error", Held.Ecc)]],
            [[new("Fan"), new("Temp", Held.Temperature), new("Pwr:Usage/Cap", Held.Power)], [new("Memory-Usage", Held.Memory)], [new("SR-IOV"), new("Compute-Mode")]]),
        [(ToolVersions.Tool, Cnmon()), (ToolVersions.Driver, CnmonDriver())], isBarred: true);

    /// <summary>Hygon, while the devices were called DCU.</summary>
    public static TableFormat HygonDcu { get; } = Dcu("DCU");

    /// <summary>Hygon, since they are called HCU.</summary>
    public static TableFormat HygonHcu { get; } = Dcu("HCU");

    /// <summary>Kunlunxin. Intel has another tool of the same name, whose tables have other titles.</summary>
    public static TableFormat Kunlunxin { get; } = new(
        "xpu-smi",
        TableFormat.Rows(
            [[new("XPU", Held.Card), new("Name", Held.Name), new("Persistence-M")], [new("Bus-Id", Held.Bus), new("Disp.A")], [new("Volatile Uncorr. ECC", Held.Ecc)]],
            [[new("Fan"), new("Temp", Held.Temperature), new("Perf"), new("Pwr:Usage/Cap", Held.Power)], [new("Memory-Usage", Held.Memory)], [new("XPU-Util", Held.Utilisation), new("Compute M.")]]),
        [(ToolVersions.Driver, KunlunxinDriver()), (ToolVersions.Toolkit, XpuRuntime())], isBarred: true);

    /// <summary>Moore Threads. The table has no power.</summary>
    public static TableFormat MooreThreads { get; } = new(
        "mthreads-gmi",
        TableFormat.Rows(
            [[new("ID", Held.Card), new("Name", Held.Name)], [new("PCIe", Held.Bus)], [new("%GPU", Held.Utilisation), new("Mem", Held.Memory)]],
            [[new("Device Type")], [new("Pcie Lane Width")], [new("Temp", Held.Temperature), new("MPC Capable")]]),
        [(ToolVersions.Tool, Gmi()), (ToolVersions.Driver, GmiDriver())], isBarred: false);

    /// <summary>MetaX.</summary>
    public static TableFormat MetaX { get; } = new(
        "mx-smi",
        TableFormat.Rows(
            [[new("GPU", Held.Card), new("NAME", Held.Name)], [new("Bus-id", Held.Bus)], [new("GPU-Util", Held.Utilisation)]],
            [[new("Temp", Held.Temperature), new("Pwr:Usage/Cap", Held.Power)], [new("Memory-Usage", Held.Memory)], [new("GPU-State", Held.Health)]]),
        [(ToolVersions.Tool, MxSmi()), (ToolVersions.Driver, MetaXDriver()), (ToolVersions.Toolkit, Maca()), (ToolVersions.Firmware, Bios())], isBarred: true);

    /// <summary>Iluvatar. Of the two devices of a board one prints the power of both.</summary>
    public static TableFormat Iluvatar { get; } = new(
        "ixsmi",
        TableFormat.Rows(
            [[new("GPU", Held.Card), new("Name", Held.Name)], [new("Bus-Id", Held.Bus)], [new("Clock-SM", Held.CoreClock), new("Clock-Mem", Held.MemoryClock)]],
            [[new("Fan"), new("Temp", Held.Temperature), new("Perf"), new("Pwr:Usage/Cap", Held.Power)], [new("Memory-Usage", Held.Memory)], [new("GPU-Util", Held.Utilisation), new("Compute M.")]]),
        [(ToolVersions.Tool, IxMl()), (ToolVersions.Driver, IxDriver())], isBarred: true);

    /// <summary>Enflame.</summary>
    public static TableFormat Enflame { get; } = new(
        "efsmi",
        TableFormat.Rows(
            [[new("DEV", Held.Card), new("NAME", Held.Name)], [new("FW VER", Held.Firmware, Also: "Boot FW VER")], [new("BUS-ID", Held.Bus), new("ECC", Held.Ecc)]],
            [[new("TEMP", Held.Temperature), new("Dpm", Also: "Lpm"), new("Pwr(Usage/Cap)", Held.Power)], [new("Mem", Held.Memory, IsTotal: true), new("GCU Virt")], [new("DUsed", Held.Utilisation), new("SN")]]),
        [(ToolVersions.Tool, Efsmi()), (ToolVersions.Driver, EfsmiDriver())], isBarred: true);

    private static TableFormat Dcu(string title) => new(
        "hy-smi",
        TableFormat.Rows(
            (TableColumn[][])
            [[
                new(title, Held.Card), new("Temp", Held.Temperature), new("AvgPwr", Held.Power), new("Perf"), new("PwrCap", Held.PowerCap),
                new("VRAM%", Held.MemoryShare), new($"{title}%", Held.Utilisation), new("Mode"),
            ]]),
        [], isBarred: false);

    [GeneratedRegex(@"\bnpu-smi ([0-9][0-9A-Za-z.]*)\s+Version:", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NpuSmi();

    [GeneratedRegex(@"\bCNMON v([0-9][0-9A-Za-z.]*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Cnmon();

    [GeneratedRegex(@"\bDriver v([0-9][0-9A-Za-z.]*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CnmonDriver();

    [GeneratedRegex(@"\bXPU-SMI\s+Driver Version: (\S+)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KunlunxinDriver();

    [GeneratedRegex(@"\bXPU-RT Version: (\S+)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex XpuRuntime();

    [GeneratedRegex(@"\bmthreads-gmi:([0-9]\S*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Gmi();

    [GeneratedRegex(@"\bDriver Version:([0-9]\S*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex GmiDriver();

    [GeneratedRegex(@"\bMX-SMI ([0-9]\S*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MxSmi();

    [GeneratedRegex(@"\bKernel Mode Driver Version: (\S+)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MetaXDriver();

    [GeneratedRegex(@"\bMACA Version: (\S+)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Maca();

    [GeneratedRegex(@"\bBIOS Version: (\S+)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Bios();

    [GeneratedRegex(@"\bIX-ML: ([0-9]\S*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IxMl();

    [GeneratedRegex(@"\bDriver Version: ([0-9]\S*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IxDriver();

    [GeneratedRegex(@"\bEFSMI(?::|\s+V)\s?([0-9]\S*)\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Efsmi();

    [GeneratedRegex(@"\bDriver Ver: ([0-9][0-9A-Za-z.]*)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EfsmiDriver();
}
