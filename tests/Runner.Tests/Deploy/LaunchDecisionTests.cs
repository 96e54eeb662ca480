using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Which form a start takes on a machine, and what is said where none can be had.</summary>
public sealed class LaunchDecisionTests
{
    private static readonly ContainerEngineDescription Bare = new("Docker", "24.0.9", "1.43", "2", IsContainer: true, IsLocal: true) { Runtimes = ["io.containerd.runc.v2", "runc"] };
    private static readonly ContainerEngineDescription WithCdi = Bare with { Version = "28.0.4", ApiVersion = "1.47", CdiFolders = ["/etc/cdi", "/var/run/cdi"] };
    private static readonly ContainerEngineDescription WithToolkit = Bare with { Runtimes = ["ascend", "runc"] };

    private static Profile Ascend { get; } = Shipped("ascend/910b3-vllm-ascend");

    [Fact]
    public void The_vendors_own_form_comes_first_then_the_next_that_the_engine_can_do()
    {
        Assert.Equal(LaunchForm.Toolkit, Plan(LaunchChoice.Default, WithToolkit)!.Form);
        Assert.Equal(LaunchForm.Cdi, Plan(LaunchChoice.Default, WithCdi)!.Form);
        Assert.Equal(LaunchForm.Plain, Plan(LaunchChoice.Default, Bare)!.Form);
    }

    [Fact]
    public void Devices_are_the_first_of_the_chips_count_unless_they_are_chosen()
    {
        var two = Ascend with { Chip = Ascend.Chip with { Count = 2 } };

        Assert.Equal([0, 1], LaunchDecision.Plan(two, LaunchChoice.Default, Bare, HostMachine.Local)!.Indices);
        Assert.Equal([3], LaunchDecision.Plan(two, LaunchChoice.Parse("", "3"), Bare, HostMachine.Local)!.Indices);
    }

    [Fact] // in an image the same name has another number, or is not there
    public void Groups_are_handed_over_by_the_machines_numbers_and_one_that_is_not_there_is_refused()
    {
        using var machine = new SimulatedMachine().File("/etc/group", "root:x:0:\nvideo:x:44:\nrender:x:992:me,you\nbroken\n");
        var video = new Fact("launch.groups", "p", 1, new FactValue.Texts(["render", "44"]), ["a test"], FactConfidence.Seen, "");
        LaunchPlan Planned(Fact groups) => LaunchDecision.Plan(
            Ascend with { Facts = Ascend.Facts with { All = Ascend.Facts.All.SetItem("launch.groups", groups) } }, LaunchChoice.Parse("plain", null), Bare, new HostMachine(machine.Root))!;

        Assert.Equal(["992", "44"], Planned(video).Groups);
        Assert.Contains("no group `absent`", Assert.Throws<BrokenEnvironmentException>(() => Planned(video with { Value = new FactValue.Texts(["absent"]) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_runtime_that_the_engine_does_not_list_is_refused_with_what_it_lists_and_the_command()
    {
        var refused = Assert.Throws<BrokenEnvironmentException>(() => Plan(LaunchChoice.Parse("toolkit", null), WithCdi));

        Assert.All(["no runtime `ascend`", "io.containerd.runc.v2, runc", "systemctl restart docker"], words => Assert.Contains(words, refused.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_device_interface_needs_an_engine_that_knows_it_has_it_on_and_has_the_device()
    {
        var cdi = LaunchChoice.Parse("cdi", "0,1");

        Assert.Contains("speaks API 1.43; 1.44", Refused(Bare), StringComparison.Ordinal);
        Assert.Contains("\"cdi\": true", Refused(WithCdi with { CdiFolders = [] }), StringComparison.Ordinal);
        Assert.Contains("knows no device huawei.com/npu=1; it found huawei.com/npu=0", Refused(WithCdi with { CdiDevices = ["huawei.com/npu=0"] }), StringComparison.Ordinal);
        Assert.Contains("API six", Refused(Bare with { ApiVersion = "six" }), StringComparison.Ordinal);
        Assert.Equal(["huawei.com/npu=0", "huawei.com/npu=1"], Plan(cdi, WithCdi with { CdiDevices = ["huawei.com/npu=0", "huawei.com/npu=1"] })!.CdiDevices);

        string Refused(ContainerEngineDescription engine) => Assert.Throws<BrokenEnvironmentException>(() => Plan(cdi, engine)).Message;
    }

    [Fact]
    public void A_plain_process_and_a_cpu_take_no_choice_of_devices()
    {
        var process = Bare with { IsContainer = false };

        Assert.Null(Plan(LaunchChoice.Default, process));
        Assert.Contains("plain process", Assert.Throws<BadInputException>(() => Plan(LaunchChoice.Parse("plain", ""), process)).Message, StringComparison.Ordinal);
        var cpu = Shipped("generic/x64-onnxruntime");
        Assert.Null(LaunchDecision.Plan(cpu, LaunchChoice.Default, Bare, HostMachine.Local));
        Assert.Contains("is cpu", Assert.Throws<BadInputException>(() => LaunchDecision.Plan(cpu, LaunchChoice.Parse("", "0"), Bare, HostMachine.Local)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("magic", "0", "--form")]
    [InlineData("Plain", "0", "--form")]
    [InlineData("plain", "a", "--devices")]
    [InlineData("plain", "0,,1", "--devices")]
    [InlineData("plain", "-1", "--devices")]
    [InlineData("plain", "1,1", "--devices")]
    [InlineData("plain", "99999999999", "--devices")]
    public void Words_that_are_no_form_or_no_devices_are_refused(string form, string devices, string key) =>
        Assert.Contains(key, Assert.Throws<BadInputException>(() => LaunchChoice.Parse(form, devices)).Message, StringComparison.Ordinal);

    private static LaunchPlan? Plan(LaunchChoice choice, ContainerEngineDescription engine) => LaunchDecision.Plan(Ascend, choice, engine, HostMachine.Local);

    private static Profile Shipped(string id)
    {
        var file = Path.Combine(Golden.Root, $"hardware-profiles/{id}.yaml");
        return ProfileReader.TryRead(file, file, Golden.Root, [])!;
    }
}
