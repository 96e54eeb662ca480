using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Facts of chips turned into starts of containers, in each form that is known.</summary>
public sealed class LaunchPlannerTests
{
    private static Profile Ascend { get; } = Shipped("ascend/910b3-vllm-ascend");

    [Fact]
    public void Plain_gives_the_nodes_of_the_devices_that_are_chosen_and_those_of_all()
    {
        var plan = Plan(Ascend, LaunchForm.Plain, [2, 5])!;

        Assert.Equal(["/dev/davinci2", "/dev/davinci5", "/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc"], plan.Devices);
        Assert.All(plan.Mounts, mount => Assert.True(mount.ReadOnly));
        Assert.Contains(plan.Mounts, mount => mount is { Source: "/usr/local/dcmi", Target: "/usr/local/dcmi" });
        Assert.Equal("0,1", plan.Environment["ASCEND_RT_VISIBLE_DEVICES"]); // inside they are counted anew
        Assert.False(plan.Environment.ContainsKey("ASCEND_VISIBLE_DEVICES")); // only the toolkit reads it
        Assert.Null(plan.Runtime);
        Assert.Equal((32L << 30, -1L), (plan.ShmBytes, plan.Ulimits["memlock"]));
    }

    [Fact]
    public void A_node_that_some_machines_have_is_given_where_it_is() =>
        Assert.Contains("/dev/dvpp_cmdlist", Plan(Ascend, LaunchForm.Plain, [0], node => node == "/dev/dvpp_cmdlist")!.Devices);

    [Fact]
    public void The_toolkit_reads_a_variable_and_adds_devices_and_mounts_itself()
    {
        var plan = Plan(Ascend, LaunchForm.Toolkit, [2, 5])!;

        Assert.Equal(("ascend", "2,5", "0,1"), (plan.Runtime, plan.Environment["ASCEND_VISIBLE_DEVICES"], plan.Environment["ASCEND_RT_VISIBLE_DEVICES"]));
        Assert.Empty(plan.Devices);
        Assert.Empty(plan.Mounts);
    }

    [Fact]
    public void The_device_interface_names_each_device() =>
        Assert.Equal(["huawei.com/npu=0", "huawei.com/npu=3"], Plan(Ascend, LaunchForm.Cdi, [0, 3])!.CdiDevices);

    [Fact]
    public void Flags_of_public_guides_are_never_applied()
    {
        Assert.Contains(Ascend.Facts.Texts("launch.vendor_flags"), flag => flag.Contains("privileged", StringComparison.Ordinal));

        var spec = Plan(Ascend, LaunchForm.Plain, [0])!.AddTo(Spec());

        Assert.Equal(new ContainerWeaknesses().ToString(), spec.Weaknesses.ToString());
        Assert.IsType<ContainerNetwork.None>(spec.Network);
    }

    [Fact]
    public void What_the_profile_says_holds_over_a_fact()
    {
        var spec = Spec() with { Environment = ImmutableSortedDictionary<string, string>.Empty.Add("ASCEND_RT_VISIBLE_DEVICES", "7"), Devices = ["/dev/davinci0"] };

        var added = Plan(Ascend, LaunchForm.Plain, [0])!.AddTo(spec);

        Assert.Equal("7", added.Environment["ASCEND_RT_VISIBLE_DEVICES"]);
        Assert.Single(added.Devices, device => device == "/dev/davinci0");
    }

    [Theory]
    [InlineData("")]
    [InlineData("0,0")]
    [InlineData("-1")]
    public void Numbers_that_are_no_devices_are_refused(string numbers)
    {
        var problems = new List<Problem>();

        Assert.Null(new LaunchPlanner(Ascend, _ => false).TryPlan(LaunchForm.Plain, [.. numbers.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)], problems));

        Assert.Equal("chip.count", Assert.Single(problems).Key);
    }

    [Fact]
    public void A_form_that_nobody_has_stated_is_refused_with_those_that_are_known()
    {
        var problems = new List<Problem>();

        Assert.Null(new LaunchPlanner(Shipped("enflame/s60-vllm-gcu"), _ => false).TryPlan(LaunchForm.Toolkit, [0], problems));

        var problem = Assert.Single(problems);
        Assert.Equal("facts.launch.runtime", problem.Key);
        Assert.Contains("known: plain", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_accelerator_that_can_be_run_has_a_form_and_its_plan_stays_below_dev()
    {
        var stacks = Directory.GetFiles(Path.Combine(Golden.Root, "hardware-profiles"), "*.yaml", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File)
            .Select(file => ProfileReader.TryReadFile(file, file, Golden.Root, [])?.Stack).OfType<Profile>().Where(LaunchPlanner.IsNeeded).ToArray();

        Assert.True(stacks.Length >= 28);
        Assert.All(stacks, stack =>
        {
            var forms = new LaunchPlanner(stack, _ => true).Forms;
            Assert.NotEmpty(forms);
            Assert.All(forms, form => Assert.All(Plan(stack, form, [0, 1], _ => true)!.Devices, node => Assert.StartsWith("/dev/", node, StringComparison.Ordinal)));
        });
    }

    private static LaunchPlan? Plan(Profile profile, LaunchForm form, ImmutableArray<int> indices, Func<string, bool>? exists = null) =>
        new LaunchPlanner(profile, exists ?? (_ => false)).TryPlan(form, indices, []);

    private static ContainerSpec Spec() => new()
    {
        RunId = "r",
        Owner = "o",
        Image = new("i", "sha256:0", ""),
        MemoryBytes = 1,
        CpuMillis = 1,
        Pids = 1,
    };

    private static Profile Shipped(string id)
    {
        var file = Path.Combine(Golden.Root, $"hardware-profiles/{id}.yaml");
        return ProfileReader.TryRead(file, file, Golden.Root, [])!;
    }
}
