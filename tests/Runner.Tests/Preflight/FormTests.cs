using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>What a form of handing devices in needs of the engine and of the machine, and what is only said of a device.</summary>
public sealed class FormTests : IDisposable
{
    private readonly SoundMachine _machine = new(Shipped.Find("ascend/910b3-vllm-ascend"), 0, 1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private PreflightSpec Toolkit => _machine.Spec(LaunchForm.Toolkit);

    private PreflightSpec Cdi => _machine.Spec(LaunchForm.Cdi);

    private PreflightSpec Plain => _machine.Spec(LaunchForm.Plain);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task A_runtime_that_the_engine_does_not_list_is_missing_and_the_form_without_it_is_named()
    {
        var bare = Toolkit with { Engine = Toolkit.Engine! with { Runtimes = ["runc"] } };

        await FaultTests.OnlyAsync(bare, "toolkit", "Docker does not know the runtime ascend; it knows: runc");
        Assert.Contains((await FaultTests.MissingAsync(bare))[0].Remedies, remedy => remedy.Command == "adapt doctor --profile ascend/910b3-vllm-ascend --devices 0,1 --form plain");
        Assert.Equal(LaunchForm.Cdi, (await Preflight.ExamineAsync(bare with { Form = null }, Token)).Form); // left open, it is what can be done
        Assert.Equal(ExaminationState.Unknown, await StateAsync(Toolkit with { Engine = null }, "toolkit"));
    }

    [Fact]
    public async Task A_toolkit_that_is_too_old_is_missing_where_both_versions_are_known()
    {
        await FaultTests.OnlyAsync(Wanting("0.0.2"), "toolkit.version", "0.0.1 is installed; 0.0.2 or newer is wanted");
        Assert.Equal(ExaminationState.Ok, await StateAsync(Wanting("0.0.1"), "toolkit.version"));
        Assert.Equal(ExaminationState.Unknown, await StateAsync(Wanting("of last spring"), "toolkit.version"));
        Assert.Equal(ExaminationState.Unknown, await StateAsync(Toolkit, "toolkit.version"));

        PreflightSpec Wanting(string least)
        {
            var facts = Toolkit.Profile.Facts;
            var fact = new Fact("launch.toolkit_least", "p.yaml", 1, new FactValue.Text(least), ["somewhere"], FactConfidence.Seen, "");
            return Toolkit with { Profile = Toolkit.Profile with { Facts = facts with { All = facts.All.SetItem(fact.Key, fact) } } };
        }
    }

    [Fact]
    public async Task The_device_interface_wants_a_new_engine_that_has_it_on_and_a_specification_of_the_kind_and_each_device()
    {
        var simulated = _machine.Simulated;
        await FaultTests.OnlyAsync(Cdi with { Engine = Cdi.Engine! with { ApiVersion = "1.43" } }, "toolkit", "API 1.43; the Container Device Interface wants 1.44 or newer");
        await FaultTests.OnlyAsync(Cdi with { Engine = Cdi.Engine! with { CdiFolders = [] } }, "toolkit", "has the Container Device Interface off");
        simulated.File("/etc/cdi/vendor.yaml", "cdiVersion: 0.6.0\nkind: huawei.com/npu\ndevices:\n- name: \"0\"\n");
        await FaultTests.OnlyAsync(Cdi, "toolkit", "/etc/cdi/vendor.yaml does not name huawei.com/npu=1");
        simulated.File("/etc/cdi/vendor.yaml", "kind: huawei.com/npus\nname: \"0\"\nname: \"1\"\n");
        await FaultTests.OnlyAsync(Cdi, "toolkit", "specifies the kind huawei.com/npu");
        simulated.Remove("/etc/cdi").File("/var/run/cdi/npu.json", """{"cdiVersion":"0.6.0","kind":"huawei.com/npu","devices":[{"name":"0"},{"name":"1"}]}""");
        Assert.Empty(await FaultTests.MissingAsync(Cdi));
    }

    [Fact]
    public async Task A_path_to_mount_that_is_not_there_is_missing_only_where_we_mount_it()
    {
        _machine.Simulated.Remove("/usr/local/dcmi");

        await FaultTests.OnlyAsync(Plain, "mounts", "not there: /usr/local/dcmi");
        Assert.Empty(await FaultTests.MissingAsync(Toolkit));
    }

    [Fact]
    public async Task A_group_that_the_container_gets_opens_a_node_and_another_does_not()
    {
        using var machine = new SoundMachine(Shipped.Find("hygon/bw1000-vllm-dtk"), 0);
        machine.Simulated.Mode("/dev/kfd", (UnixFileMode)0b110_110_000);
        var spec = machine.Spec(LaunchForm.Plain);
        File.WriteAllText(machine.Simulated.Root + "/etc/group", "video:x:0:\n"); // the node's own

        Assert.Empty(await FaultTests.MissingAsync(spec));
        await FaultTests.OnlyAsync(machine.Spec(LaunchForm.Cdi), "access", "10001:10001 may not read and write /dev/kfd"); // groups go with nodes alone
        File.WriteAllText(machine.Simulated.Root + "/etc/group", "video:x:44:\n");
        await FaultTests.OnlyAsync(spec, "access", "10001:10001 + video may not read and write /dev/kfd");
    }

    [Fact]
    public async Task A_folder_s_devices_of_others_may_be_closed_and_not_all_of_them()
    {
        using var machine = new SoundMachine(Shipped.Find("hygon/bw1000-vllm-dtk"), 0);
        machine.Simulated.Mode("/dev/dri/card0", (UnixFileMode)0b110_110_000).Link("/dev/dri/first", "renderD128");
        var access = (await Preflight.ExamineAsync(machine.Spec(), Token)).Examinations.Single(one => one.Id == "access");
        Assert.Equal(ExaminationState.Ok, access.State);
        Assert.Contains("/dev/dri/card0 (mode 660", Assert.Single(access.Notes).En, StringComparison.Ordinal);

        machine.Simulated.Mode("/dev/dri/renderD128", (UnixFileMode)0b110_110_000);
        await FaultTests.OnlyAsync(machine.Spec(), "access", "/dev/dri/card0 (mode 660, owner 0:root), /dev/dri/renderD128 (mode 660, owner 0:root)");
        machine.Simulated.Remove("/dev/dri").Folder("/dev/dri");
        await FaultTests.OnlyAsync(machine.Spec(), "nodes", "/dev/dri is a folder without a device in it");
    }

    [Fact]
    public async Task Where_the_id_is_not_stated_the_one_accelerator_of_the_vendor_is_proposed_for_a_copy()
    {
        _machine.Simulated.Pci("0000:07:00.0", "19e5:1711").File("/sys/bus/pci/devices/0000:07:00.0/class", "0x030000\n"); // a server's own display
        var pci = (await Preflight.ExamineAsync(Toolkit, Token)).Examinations.Single(one => one.Id == "pci");

        Assert.Equal((ExaminationState.Unknown, true), (pci.State, pci.PreventsRun));
        Assert.Contains("0000:c1:00.0 19e5:fade (accelerator), driver simulated, NUMA node 0", pci.Seen.En, StringComparison.Ordinal);
        Assert.Contains(pci.Remedies, remedy => remedy.Command == "sed 's/pci: unknown/pci: \"19e5:fade\"/; s/^id: .*/&-mine/' hardware-profiles/ascend/910b3-vllm-ascend.yaml > my-910b3-vllm-ascend.yaml");
        Assert.DoesNotContain("8086", pci.Seen.En, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_that_is_not_loaded_is_loaded_by_its_name()
    {
        using var machine = new SoundMachine(Shipped.Find("hygon/bw1000-vllm-dtk"), 0);
        machine.Simulated.Remove("/sys/module/hycu");

        await FaultTests.OnlyAsync(machine.Spec(), "module", "hycu is not loaded");
        Assert.Equal("sudo modprobe hycu", (await FaultTests.MissingAsync(machine.Spec()))[0].Remedies[0].Command);
    }

    [Fact]
    public async Task A_device_that_its_tool_calls_ill_is_missing_and_one_in_use_is_remarked()
    {
        var text = VendorTools.Text(Toolkit.Profile);
        _machine.Simulated.Tool("/usr/local/bin/npu-smi", text.Replace("| 1     910B3               | OK            ", "| 1     910B3               | Warning       ", StringComparison.Ordinal));
        await FaultTests.OnlyAsync(Toolkit, "health", "device 1.0: Warning");

        _machine.Simulated.Tool("/usr/local/bin/npu-smi", text.Replace(" 3379 / 65536", "60000 / 65536", StringComparison.Ordinal));
        var tool = (await Preflight.ExamineAsync(Toolkit, Token)).Examinations.Single(one => one.Id == "tool");
        Assert.Equal(ExaminationState.Ok, tool.State);
        Assert.StartsWith("device 0.0 is in use: 91.6 % of its memory", Assert.Single(tool.Notes).En, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counted_errors_are_missing_health_and_a_mode_is_none()
    {
        using var machine = new SoundMachine(Shipped.Find("kunlunxin/p800-vllm-kunlun"), 0);
        Assert.Equal(ExaminationState.Ok, await StateAsync(machine.Spec(), "health"));

        machine.Simulated.Tool("/usr/local/bin/xpu-smi", VendorTools.Text(machine.Spec().Profile).Replace("N/A |                    0 |", "N/A |                   12 |", StringComparison.Ordinal));
        await FaultTests.OnlyAsync(machine.Spec(), "health", "device 0: ECC 12");
    }

    [Fact]
    public async Task A_tool_that_prints_its_banner_and_no_device_is_missing_its_devices()
    {
        _machine.Simulated.Tool("/usr/local/bin/npu-smi", "+---------------------------------------------------------------------+\n| npu-smi 24.1.rc2               Version: 24.1.rc2                    |\n");

        await FaultTests.OnlyAsync(Toolkit, "tool", "no row of a device is understood in what npu-smi info prints");
    }

    [Fact]
    public async Task A_tool_of_the_same_name_from_another_vendor_is_called_that()
    {
        using var machine = new SoundMachine(Shipped.Find("kunlunxin/p800-vllm-kunlun"), 0);
        machine.Simulated.Tool("/usr/local/bin/xpu-smi", "Intel XPU System Management Interface -- v1.2\nUsage: xpu-smi [Options]\n");

        await FaultTests.OnlyAsync(machine.Spec(), "tool", "xpu-smi here is Intel's tool of the same name");
    }

    [Fact]
    public async Task A_processor_of_another_maker_is_missing()
    {
        using var machine = new SoundMachine(Shipped.Find("hygon-cpu/c86-libtorch"));
        machine.Simulated.File("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n");

        await FaultTests.OnlyAsync(machine.Spec(), "stated", "the profile states cpu.vendor HygonGenuine, here it is AuthenticAMD");
    }

    [Fact]
    public async Task Devices_far_from_each_other_and_slow_clocks_are_remarked()
    {
        _machine.Simulated.File($"/sys/bus/pci/devices/{_machine.Addresses[1]}/numa_node", "1\n").File("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n")
            .File("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");

        var report = await Preflight.ExamineAsync(Toolkit, Token);

        Assert.All(["numa", "clock", "governor"], id => Assert.Single(report.Examinations.Single(one => one.Id == id && one.State == ExaminationState.Ok).Notes));
        _machine.Simulated.File($"/sys/bus/pci/devices/{_machine.Addresses[1]}/numa_node", "-1\n");
        Assert.Equal(ExaminationState.Unknown, await StateAsync(Toolkit, "numa"));
    }

    [Fact]
    public void Devices_and_forms_that_do_not_exist_are_refused_before_anything_is_looked_at()
    {
        Assert.Contains("each once", Refused(Toolkit with { Indices = [0, 0] }), StringComparison.Ordinal);
        Assert.Contains("launch.runtime", Refused(new PreflightSpec(Shipped.Find("enflame/s60-vllm-gcu"), HostMachine.Local) { Form = LaunchForm.Toolkit, Architecture = "amd64", DataFolder = "/" }), StringComparison.Ordinal);
        Assert.Contains("is cpu", Refused(new PreflightSpec(Shipped.Find("generic/x64-onnxruntime"), HostMachine.Local) { Form = LaunchForm.Plain, Architecture = "amd64", DataFolder = "/" }), StringComparison.Ordinal);

        static string Refused(PreflightSpec spec) => string.Join('\n', Assert.Throws<BadInputException>(() => Preflight.Refuse(spec)).Problems);
    }

    private static async Task<ExaminationState> StateAsync(PreflightSpec spec, string id) => (await Preflight.ExamineAsync(spec, Token)).Examinations.Single(one => one.Id == id).State;
}
