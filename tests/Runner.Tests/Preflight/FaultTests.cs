using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>One fault on a machine that is sound otherwise: exactly that is missing, and there is a command for it.</summary>
public sealed class FaultTests
{
    private const int Limit = 60_000;

    /// <summary>One stack of every vendor of accelerators, of which the facts differ.</summary>
    public static TheoryData<string> Makers =>
    [
        "ascend/910b3-vllm-ascend", "ascend/910c-vllm-ascend", "biren/br104-vllm-supa", "cambricon/mlu370-vllm-mlu", "enflame/s60-vllm-gcu", "hygon/bw1000-vllm-dtk", "hygon/k100-ai-vllm-dtk", "iluvatar/bi-v150-vllm-corex",
        "kunlunxin/p800-vllm-kunlun", "metax/c550-vllm-metax", "mthreads/s5000-vllm-musa", "thead/zw810e-vllm", "tsingmicro/tx8110-vllm",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit), MemberData(nameof(Makers))]
    public async Task Device_nodes_that_are_gone_are_files_have_one_number_or_are_closed(string id)
    {
        using var machine = Of(id);
        var (simulated, spec, nodes) = (machine.Simulated, machine.Spec(), machine.Nodes);
        var first = nodes[0];

        simulated.Remove(first);
        await OnlyAsync(spec, "nodes", $"{first} is not there");
        simulated.File(first, "");
        await OnlyAsync(spec, "nodes", $"{first} is a file, not a character device");
        simulated.Remove(first).Node(first, 236, 77);
        if (nodes.Length > 1)
        {
            simulated.Remove(nodes[1]).Node(nodes[1], 236, 77);
            await OnlyAsync(spec, "nodes", $"{first} {nodes[1]} are one device (c 236:77) under 2 names");
            simulated.Remove(nodes[1]).Node(nodes[1], 236, 78);
        }

        simulated.Mode(first, (UnixFileMode)0b110_110_000);
        await OnlyAsync(spec, "access", $"{first} (mode 660, owner 0:root)");
    }

    [Theory(Timeout = Limit), MemberData(nameof(Makers))]
    public async Task A_bus_without_the_chip_or_without_its_driver(string id)
    {
        using var machine = Of(id);
        var (simulated, spec) = (machine.Simulated, machine.Spec());
        if (machine.Addresses.IsEmpty)
        {
            Assert.True(Pci(await Preflight.ExamineAsync(spec, Token)).PreventsRun); // nobody states an id: nothing can be found missing
            return;
        }

        var vendor = (spec.Profile.Chip.PciId ?? spec.Profile.Facts.Texts("pci")[0])[..4];
        foreach (var address in machine.Addresses)
            simulated.Remove($"/sys/bus/pci/devices/{address}/driver");
        await OnlyAsync(spec, "pci", "no driver is bound");
        foreach (var address in machine.Addresses)
            simulated.File($"/sys/bus/pci/devices/{address}/vendor", "0x8086\n");
        await OnlyAsync(spec, "pci", spec.Profile.Chip.PciId is { } known ? $"no device {known} is on the bus" : $"no device of vendor {vendor} is on the bus");
    }

    [Theory(Timeout = Limit), InlineData("ascend/910b3-vllm-ascend"), InlineData("biren/br104-vllm-supa"), InlineData("enflame/s60-vllm-gcu"), InlineData("hygon/bw1000-vllm-dtk"), InlineData("mthreads/s5000-vllm-musa"), InlineData("tsingmicro/tx8110-vllm")]
    public async Task A_management_tool_that_hangs_prints_garbage_ends_badly_or_is_not_there(string id)
    {
        using var machine = Of(id);
        var (simulated, spec) = (machine.Simulated, machine.Spec() with { ToolLimit = TimeSpan.FromSeconds(0.3) });
        var tool = spec.Profile.Facts.Texts("telemetry.command")[0];
        var place = new HostMachine(simulated.Root).Find(tool)!;
        var hasReader = spec.Profile.Facts.Text("telemetry.tool") is not null;

        var calls = Path.Join(simulated.Root, "calls");
        simulated.Script(place, $"echo asked >> '{calls}'\nsleep 30\n");
        await OnlyAsync(spec, "tool", $"{tool} did not end within 0.3 s");
        Assert.True(!File.Exists(calls) || File.ReadLines(calls).Count() == 1); // killed before it came to write, or asked once: versions are not asked of it again
        spec = spec with { ToolLimit = TimeSpan.FromSeconds(10) };
        simulated.Script(place, "echo half of a row\nexit 7\n");
        await OnlyAsync(spec, "tool", $"{tool} ended with exit code 7");
        simulated.Script(place, "printf '\\001garbage | 0 | OK\\n'\n");
        if (hasReader)
            await OnlyAsync(spec, "tool", "garbage | 0 | OK`");
        simulated.Remove(place);
        if (!spec.Profile.Facts.Texts("launch.mounts").Contains(place) || spec.Form != LaunchForm.Plain)
            await OnlyAsync(spec, "tool", $"{tool} is not installed");
    }

    [Theory(Timeout = Limit), MemberData(nameof(Makers))]
    public async Task A_tool_that_shows_fewer_devices_than_are_planned(string id)
    {
        using var machine = new SoundMachine(Shipped.Find(id), 0, 1, 7);

        var report = await Preflight.ExamineAsync(machine.Spec(), Token);

        var tool = report.Examinations.Single(one => one.Id == "tool");
        if (tool.State == ExaminationState.Unknown) // no capture of its table is public
            Assert.Contains(id[..id.IndexOf('/', StringComparison.Ordinal)], (string[])["biren", "tsingmicro"]);
        else
            await OnlyAsync(machine.Spec(), "tool", "planned: 0, 1, 7");
    }

    [Theory(Timeout = Limit), InlineData("ascend/910b3-vllm-ascend"), InlineData("enflame/s60-vllm-gcu"), InlineData("thead/zw810e-vllm")]
    public async Task Limits_clocks_disks_images_and_processors_of_another_kind(string id)
    {
        using var machine = Of(id);
        var (simulated, spec) = (machine.Simulated, machine.Spec());

        await OnlyAsync(spec with { FreeBytes = 1L << 30 }, "disk", "1 GiB free");
        if (spec.Profile.Image.Base != "unknown")
            await OnlyAsync(spec with { FreeBytes = 30L << 30, HasImage = false, KeepsImages = true }, "disk image", "60 GiB are allowed for a vendor's image");
        await OnlyAsync(spec with { Architecture = "s390x" }, "processor", "s390x here");
        if (spec.Profile.Image.Base != "unknown")
            await OnlyAsync(spec with { HasImage = false }, "image", $"{spec.Profile.Image.Base} is not in the container engine");
        simulated.File("/sys/devices/system/clocksource/clocksource0/current_clocksource", "jiffies\n");
        await OnlyAsync(spec, "clock", "jiffies: moves in steps of milliseconds");
        simulated.File("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
        simulated.File("/proc/self/limits", "Max locked memory         65536                65536                bytes     \n");
        if (spec.Profile.Facts.Texts("launch.ulimits").Contains("memlock=-1"))
            await OnlyAsync(spec, "memlock", "65536 bytes for this process; the chip needs unlimited");
        else
            Assert.Empty(await MissingAsync(spec));
        simulated.File("/proc/self/status", "CapEff:\t0000000001000000\n"); // CAP_SYS_RESOURCE
        Assert.Empty(await MissingAsync(spec));
    }

    private static SoundMachine Of(string id) => new(Shipped.Find(id), 0);

    private static Examination Pci(PreflightReport report) => report.Examinations.Single(one => one.Id == "pci");

    internal static async Task<Examination[]> MissingAsync(PreflightSpec spec) =>
        [.. (await Preflight.ExamineAsync(spec, Token)).Examinations.Where(one => one.State == ExaminationState.Missing)];

    /// <param name="ids">Of the examinations that find something missing, in the order of their spelling.</param>
    /// <param name="seen">What the first of them says.</param>
    internal static async Task OnlyAsync(PreflightSpec spec, string ids, string seen)
    {
        var missing = (await MissingAsync(spec)).OrderBy(one => one.Id, StringComparer.Ordinal).ToArray();
        Assert.Equal(ids, string.Join(' ', missing.Select(one => one.Id)));
        Assert.Contains(seen, missing[0].Seen.En, StringComparison.Ordinal);
        Assert.All(missing, one => Assert.Contains(one.Remedies, remedy => remedy.Command is not null));
    }
}
