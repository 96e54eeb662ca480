using System.Collections.Immutable;
using System.Text;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>What the lock holds of machines with accelerators, and what OPS-02 says of machines, tools and profiles that do not tell the truth.</summary>
public sealed class LockCaptureTests
{
    private const int Limit = 60_000;
    private const string Toolkit = "/usr/local/Ascend/ascend-toolkit/latest/runtime/version.info", Serial = "0323A4000017", Quadruple = "19e5:d802:19e5:4000";

    [Fact(Timeout = Limit)]
    public async Task Of_two_Ascend_boards_all_that_kernel_files_tool_and_image_say_is_in_the_lock_and_the_serials_only_as_digests()
    {
        using var given = Ascend();
        var stack = await given.ReadAsync();
        var facts = stack.Facts;

        Assert.Equal(("2", "2", Quadruple, "910B3"), (facts["accelerator.count"], facts["accelerator.present"], facts["accelerator.pciId"], facts["accelerator.name"]));
        Assert.Equal(("devdrv", "25.2.0", "8.2.RC1", "vllm"), (facts["driver.name"], facts["driver.version"], facts["toolkit.version"], facts["framework.name"]));
        Assert.Equal(("plain", "0,1"), (facts["launch.form"], facts["launch.devices"]));
        var text = Encoding.UTF8.GetString(LockCapture.LockOf(stack).ToBytes());
        Assert.DoesNotContain(Serial, text, StringComparison.OrdinalIgnoreCase);
        var devices = LockFields.Of(stack.Detail).Where(field => field.Key.StartsWith("devices[", StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal);
        Assert.Equal(["yes", "yes"], devices.Where(field => field.Key.EndsWith(".planned", StringComparison.Ordinal)).Select(field => field.Value));
        Assert.Equal(2, devices.Where(field => field.Key.EndsWith(".serialSha256", StringComparison.Ordinal)).Select(field => field.Value).Distinct().Count());
    }

    [Fact(Timeout = Limit)]
    public async Task What_no_fact_says_how_to_read_fails_with_the_name_of_the_fact_and_the_place_where_it_belongs()
    {
        using var given = Ascend();
        var measured = Assert.IsType<Verdict.Fail>(await given.JudgeAsync()).Measured;

        foreach (var field in new[] { "firmware", "framework", "plugin" })
            Assert.Contains($"{field}.version (facts.probe.{field} is unknown in hardware-profiles/ascend/vendor.yaml: state there, or in {given.Profile.File}, ", measured, StringComparison.Ordinal);
        Assert.DoesNotContain("driver", measured, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_machine_of_which_every_field_can_be_read_passes()
    {
        using var given = Complete();
        Assert.IsType<Verdict.Pass>(await given.JudgeAsync());
    }

    /// <summary>Each known-bad case: how the complete machine is spoilt, and the field that is not captured with the reason.</summary>
    public static TheoryData<string, string, string> Spoilt => new()
    {
        { "no ssID", "accelerator.pciId", "/sys/bus/pci/devices/0000:c2:00.0/subsystem_device holds no id" },
        { "garbled ssID", "accelerator.pciId", "subsystem_device holds no id" },
        { "two boards", "accelerator.pciId", "the devices are of different boards: 0000:c1:00.0 19e5:d802:19e5:4000, 0000:c2:00.0 19e5:d802:19e5:4001" },
        { "one device", "accelerator.count", "2 are planned, and the machine has 1 of 19e5:d802" },
        { "no driver bound", "driver.name", "no driver is bound to 0000:c1:00.0" },
        { "tool of another version", "driver.version", "sources differ: /usr/local/Ascend/driver/version.info says 25.2.0, ixsmi says 4.1.0" },
        { "garbage in the file", "driver.version", "nothing in /usr/local/Ascend/driver/version.info fits" },
        { "no file", "driver.version", "/usr/local/Ascend/driver/version.info is not there" },
        { "no toolkit in the image", "toolkit.version", $"the image has no file {Toolkit}" },
        { "garbage in the image", "framework.version", "nothing in /app/version fits" },
        { "command in the image", "framework.version", "no program of an image is started to be asked about itself" },
        { "firmware that hangs", "firmware.version", "pt_smi ended with exit code 3" },
        { "kernel module of another version", "driver.version", "/usr/local/Ascend/driver/version.info says 25.2.0, /sys/module/drv_host/version says 24.1.0" },
        { "kernel module not loaded", "driver.version", "the kernel has no module drv_host (/sys/module/drv_host), which the profile names" },
        { "one device without a driver", "driver.name", "no driver is bound to 0000:c2:00.0" },
    };

    [Theory(Timeout = Limit), MemberData(nameof(Spoilt))]
    public async Task What_is_missing_contradicts_itself_or_is_garbage_is_not_captured_and_the_reason_says_both_sides(string how, string field, string why)
    {
        using var given = Complete();
        Spoil(given, how);
        var measured = Assert.IsType<Verdict.Fail>(await given.JudgeAsync()).Measured;

        Assert.Contains($"without {field} (", measured, StringComparison.Ordinal);
        Assert.Contains(why, measured, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_profile_that_hard_codes_another_driver_than_the_probe_reads_fails_and_both_are_named()
    {
        using var given = Complete();
        given.Profile = given.Profile with { Versions = Testing.Given.Facts(("driver.version", "24.1.rc3")) };

        Assert.Equal("the profile states driver.version 24.1.rc3, the probe read 25.2.0", Assert.IsType<Verdict.Fail>(await given.JudgeAsync()).Measured);
    }

    [Fact(Timeout = Limit)]
    public async Task A_tool_that_lists_devices_which_the_kernel_does_not_have_is_not_believed()
    {
        using var given = Complete();
        given.Machine.Tool("npu-smi", GivenStack.Sample("npu-smi.910c-two-chips.txt"));
        given.Knows("probe.firmware", Toolless);
        var stack = await given.ReadAsync();

        Assert.DoesNotContain("accelerator.name", stack.Facts.Keys); // another machine's rows name no device of this one
        Assert.Contains("npu-smi lists a device at 0000:9d:00.0, where the kernel has none of this chip", stack.Unread["firmware.version"], StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Of_a_Hygon_machine_whose_tool_names_no_bus_nobody_says_which_of_two_devices_is_used_and_equal_boards_are_known_all_the_same()
    {
        using var given = new GivenStack("hygon/k100-ai-libtorch-dtk", "1d94:6320", 1).Board("0000:33:00.0", "1d94:6320:1d94:6320", "hycu").Board("0000:53:00.0", "1d94:6320:1d94:6320", "hycu");
        given.Machine.File("/sys/module/hycu/version", "6.3.8-V1.9.2\n").File("/sys/module/hycu/srcversion", "ABCDEF0123456789\n").Tool("hy-smi", GivenStack.Sample("hy-smi.k100-ai.txt"));
        given.Image["/opt/adaptation/libadaptation_torch.so"] = "the shim";
        var stack = await given.ReadAsync();

        Assert.Equal(("1", "2", "1d94:6320:1d94:6320"), (stack.Facts["accelerator.count"], stack.Facts["accelerator.present"], stack.Facts["accelerator.pciId"]));
        Assert.Equal(("hycu", "6.3.8-V1.9.2", "libtorch"), (stack.Facts["driver.name"], stack.Facts["driver.version"], stack.Facts["framework.name"]));
        var detail = LockFields.Of(stack.Detail);
        Assert.Equal(["unknown", "unknown"], detail.Where(field => field.Key.EndsWith(".planned", StringComparison.Ordinal)).Select(field => field.Value));
        Assert.Equal("ABCDEF0123456789", detail["driver.srcversion"]);
        Assert.Equal(GivenRun.Sha256("the shim"u8), detail["libraries[\"/opt/adaptation/libadaptation_torch.so\"]"]);
        Assert.DoesNotContain(detail.Keys, name => name.Contains("serial", StringComparison.Ordinal)); // none was read, and none is made up

        given.Machine.File("/sys/bus/pci/devices/0000:53:00.0/subsystem_device", "0x6321\n");
        Assert.Contains("different boards", (await given.ReadAsync()).Unread["accelerator.pciId"], StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Two_Moore_Threads_devices_of_one_board_share_its_serial_and_the_tool_s_two_ways_of_printing_must_name_one_driver()
    {
        using var given = new GivenStack("mthreads/s4000-vllm-musa", "1ed5:0323", 0, 1).Board("0000:18:00.0", "1ed5:0323:1ed5:0001", "mtgpu", Serial).Board("0000:19:00.0", "1ed5:0323:1ed5:0001", "mtgpu", Serial);
        given.Machine.Script("mthreads-gmi", Gmi("2.7.0"));
        var stack = await given.ReadAsync();

        Assert.Equal(("2.7.0", "mtgpu", "2"), (stack.Facts["driver.version"], stack.Facts["driver.name"], stack.Facts["accelerator.count"]));
        Assert.Single(LockFields.Of(stack.Detail).Where(field => field.Key.EndsWith(".serialSha256", StringComparison.Ordinal)).Select(field => field.Value).Distinct());

        given.Machine.Script("mthreads-gmi", Gmi("2.7.1"));
        stack = await given.ReadAsync();
        Assert.Equal(StackProbe.Unknown, stack.Facts["driver.version"]);
        Assert.Contains("mthreads-gmi says 2.7.0, mthreads-gmi says 2.7.1", stack.Unread["driver.version"], StringComparison.Ordinal);
    }

    /// <summary>Real captures whose banner both the fact's pattern and the reader of the tool know: the two must not be taken for a contradiction.</summary>
    [Theory(Timeout = Limit)]
    [InlineData("cambricon/mlu370-vllm-mlu", "cnmon.mlu370-x8.txt", "cnmon")]
    [InlineData("iluvatar/bi-v150-vllm-corex", "ixsmi.bi-v150.txt", "ixsmi")]
    [InlineData("metax/c550-vllm-metax", "mx-smi.c550.txt", "mx-smi")]
    [InlineData("kunlunxin/p800-vllm-kunlun", "xpu-smi.p800.txt", "xpu-smi")]
    [InlineData("enflame/s60-vllm-gcu", "efsmi.s60.txt", "efsmi")]
    public async Task A_real_capture_read_in_both_ways_gives_one_driver(string profile, string sample, string tool)
    {
        using var given = new GivenStack(profile, "1234:5678", 0);
        given.Machine.Tool(tool, GivenStack.Sample(sample));
        var machine = new HostMachine(given.Machine.Root);
        var read = await ManagementTool.AskAsync(given.Profile.Facts, machine, TestContext.Current.CancellationToken);
        var probed = (await VersionProbe.ReadAsync(given.Profile.Facts, machine, TestContext.Current.CancellationToken)).Single(reading => reading.Part == "driver");
        var told = read.Reading.Versions.GetValueOrDefault("driver.version");

        Assert.NotNull(probed.Value);
        Assert.Equal((probed.Value, null), SourcedValue.Agreed(new(probed.Place, probed.Value, null), new(tool, told, null)));
        Assert.NotNull(SourcedValue.Agreed(new(probed.Place, probed.Value, null), new(tool, $"{told}9", null)).Why);
    }

    [Fact] // the image has another one at that place, and the machine too: neither is what the server sees
    public async Task A_file_that_is_mounted_from_another_place_is_read_there()
    {
        using var given = Complete();
        given.Launch = given.Launch! with { Mounts = [new("/opt/driver", "/app", ReadOnly: true)] };
        given.Machine.File("/opt/driver/version", "vllm==0.12.0\nvllm-ascend==0.12.0\n").File("/app/version", "vllm==0.13.0\n");

        Assert.Equal("0.12.0", (await given.ReadAsync()).Facts["framework.version"]);

        given.Machine.Remove("/opt/driver/version").File("/etc/shadow", "vllm==SECRET\n").Link("/opt/driver/version", "/etc/shadow");
        var read = await given.ReadAsync();
        Assert.Equal("unknown", read.Facts["framework.version"]);
        Assert.Contains("leads to /etc/shadow", read.Unread["framework.version"], StringComparison.Ordinal);
    }

    private static FactValue Toolless { get; } = new FactValue.Probe(null, ["tsm_smi"], "(.*)");

    private static GivenStack Ascend()
    {
        var given = new GivenStack("ascend/910b3-vllm-ascend", "19e5:d802", 0, 1).Board("0000:c1:00.0", Quadruple, "devdrv", Serial).Board("0000:c2:00.0", Quadruple, "devdrv", "0323a4000018");
        given.Machine.Tool("npu-smi", GivenStack.Sample("npu-smi.910b3.txt")).File("/usr/local/Ascend/driver/version.info", "Version=25.2.0\n");
        given.Image[Toolkit] = "Version=8.2.RC1\n";
        return given;
    }

    /// <summary>As if the vendor had stated what shipped files do not know.</summary>
    private static GivenStack Complete()
    {
        var given = Ascend().Knows("probe.firmware", new FactValue.Probe(null, ["pt_smi"], @"firmware (\S+)")).Knows("probe.framework", new FactValue.Probe("/app/version", [], @"vllm==(\S+)"))
            .Knows("probe.plugin", new FactValue.Probe("/app/version", [], @"vllm-ascend==(\S+)"));
        given.Machine.Tool("pt_smi", "firmware 7.7.0.6.236\n");
        given.Image["/app/version"] = "vllm==0.11.0\nvllm-ascend==0.11.0rc1\n";
        return given;
    }

    private static void Module(GivenStack given, string version)
    {
        given.Profile = given.Profile with { Chip = given.Profile.Chip with { KernelModule = "drv_host" } };
        given.Machine.File("/sys/module/drv_host/version", $"{version}\n");
    }

    [Fact(Timeout = Limit)]
    public async Task A_kernel_module_that_says_what_file_and_tool_say_is_agreed_and_one_that_states_no_version_is_passed_over()
    {
        using var given = Complete();
        Module(given, "25.2.0");
        Assert.Equal("25.2.0", (await given.ReadAsync()).Facts["driver.version"]);

        given.Machine.Remove("/sys/module/drv_host/version");
        Assert.Equal("25.2.0", (await given.ReadAsync()).Facts["driver.version"]);
    }

    private static void Spoil(GivenStack given, string how)
    {
        const string Second = "/sys/bus/pci/devices/0000:c2:00.0";
        string Place(string path) => Path.Join(given.Machine.Root, path);
        switch (how)
        {
            case "no ssID": File.Delete(Place($"{Second}/subsystem_device")); break;
            case "garbled ssID": given.Machine.File($"{Second}/subsystem_device", "4000\n"); break;
            case "two boards": given.Machine.File($"{Second}/subsystem_device", "0x4001\n"); break;
            case "one device": given.Machine.File($"{Second}/device", "0xd803\n").Tool("npu-smi", "garbage\n"); break;
            case "no driver bound": File.Delete(Place("/sys/bus/pci/devices/0000:c1:00.0/driver")); File.Delete(Place($"{Second}/driver")); break;
            case "tool of another version":
                given.Knows("telemetry.tool", new FactValue.Text("ixsmi")).Knows("telemetry.command", new FactValue.Texts(["ixsmi"]));
                given.Machine.Tool("ixsmi", "| IX-ML: 4.1.0       Driver Version: 4.1.0       CUDA Version: 10.2 |\n");
                break;
            case "garbage in the file": given.Machine.File("/usr/local/Ascend/driver/version.info", "\0\u001b[31m<html>"); break;
            case "no file": File.Delete(Place("/usr/local/Ascend/driver/version.info")); break;
            case "no toolkit in the image": given.Image.Remove(Toolkit); break;
            case "garbage in the image": given.Image["/app/version"] = "vllm-ascend==0.11.0rc1\n\u0007"; break;
            case "command in the image": given.Knows("probe.framework", new FactValue.Probe(null, ["python3", "-c", "print(1)"], "(.*)")); break;
            case "kernel module of another version": Module(given, "24.1.0"); break;
            case "kernel module not loaded": Module(given, "25.2.0"); given.Machine.Remove("/sys/module/drv_host"); break;
            case "one device without a driver": File.Delete(Place($"{Second}/driver")); break;
            case "firmware that hangs": given.Machine.Tool("pt_smi", "firmware 7.7\n", exitCode: 3); break;
            default: throw new ArgumentOutOfRangeException(nameof(how), how, "is no known-bad case");
        }
    }

    /// <summary>The table names 2.7.0, the JSON what it is told to.</summary>
    private static string Gmi(string inJson) => $$"""
        case "$*" in
        *json*) printf '%s' '{"Driver Version":"{{inJson}}","GPU":[{"Index":"0","Product Name":"MTT S4000"},{"Index":"1","Product Name":"MTT S4000"}]}' ;;
        *) printf '    mthreads-gmi:1.14.0          Driver Version:2.7.0\n' ;;
        esac
        """;
}
