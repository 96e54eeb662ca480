using System.Collections.Immutable;
using System.Diagnostics;
using Adaptation.Certificates;

namespace Adaptation.Runner.Tests;

/// <summary>What a container is given is part of the stack: two locks that differ in it are of two stacks, and the difference has a name.</summary>
public sealed class LaunchCaptureTests : IDisposable
{
    private const int Limit = 60_000;
    private const string Library = "/usr/local/Ascend/driver/lib64/libdcmi.so";

    private readonly GivenStack _given;

    public LaunchCaptureTests()
    {
        _given = new GivenStack("ascend/910b3-vllm-ascend", "19e5:d802", 0, 1).Board("0000:c1:00.0", "19e5:d802:19e5:4000", "devdrv").Board("0000:c2:00.0", "19e5:d802:19e5:4000", "devdrv");
        _given.Machine.File(Library + ".1", "ELF one").Link(Library, "libdcmi.so.1").File("/usr/local/bin/npu-smi", "tool").File("/var/log/npu/slog.log", "line 1");
        _given.Launch = new LaunchPlan(LaunchForm.Plain, [0, 1])
        {
            Devices = ["/dev/davinci0", "/dev/davinci1", "/dev/davinci_manager"],
            Mounts = [new("/usr/local/Ascend/driver", "/usr/local/Ascend/driver", true), new("/usr/local/bin/npu-smi", "/usr/local/bin/npu-smi", true), new("/var/log/npu", "/var/log/npu", true)],
            Environment = ImmutableSortedDictionary<string, string>.Empty.Add("ASCEND_VISIBLE_DEVICES", "0,1"),
        };
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LaunchPlan Plan { get => _given.Launch!; set => _given.Launch = value; }

    /// <summary>What is done to the start, and the field that then says so.</summary>
    public static TheoryData<string, string> Changed => new()
    {
        { "mount", "launch.mounts" }, { "mount dropped", "launch.mounts" }, { "ulimit", "launch.ulimits" }, { "shm", "launch.shmBytes" }, { "group", "launch.groups" }, { "runtime", "launch.runtime" },
        { "manager node", "launch.nodes" }, { "environment", "environment.ASCEND_GLOBAL_LOG_LEVEL" }, { "user", "launch.user" }, { "memory", "launch.memoryBytes" }, { "network", "launch.network" },
        { "privileged", "launch.weaknesses" }, { "capability", "launch.weaknesses" }, { "library", "launch.files.sha256" }, { "link", "launch.files.sha256" }, { "new file", "launch.files.sha256" },
    };

    [Theory(Timeout = Limit), MemberData(nameof(Changed))]
    public async Task Whatever_else_a_container_is_given_voids_and_is_named(string how, string field)
    {
        var before = await _given.LockAsync();
        Change(how);
        var comparison = LockComparison.Of(before, await _given.LockAsync(), InheritanceScope.Standing);

        Assert.Equal(Coverage.None, comparison.Coverage);
        Assert.Contains(field, comparison.Deciding.Select(difference => difference.Field));
        Assert.DoesNotContain(comparison.Deciding, difference => difference.Why.En.Contains("not a field", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_library_that_was_exchanged_is_named_by_its_place_in_the_container()
    {
        var before = await _given.LockAsync();
        Change("library");

        var named = Assert.Single(LockComparison.Of(before, await _given.LockAsync(), InheritanceScope.Standing).Differences, difference => difference.Field.StartsWith("detail.", StringComparison.Ordinal));
        Assert.Equal($"detail.mounted.files[\"{Library}.1\"]", named.Field);
        Assert.Equal($"sha256:{GivenRun.Sha256("ELF two"u8)}", named.Second);
    }

    [Fact(Timeout = Limit)]
    public async Task Other_units_and_a_log_that_grew_are_no_other_stack()
    {
        var before = await _given.LockAsync();
        _given.Machine.File("/var/log/npu/slog.log", "line 1\nline 2");
        Plan = Plan with { Indices = [1, 0], Devices = ["/dev/davinci1", "/dev/davinci0", "/dev/davinci_manager"], Environment = Plan.Environment.SetItem("ASCEND_VISIBLE_DEVICES", "1,0") };

        var comparison = LockComparison.Of(before, await _given.LockAsync(), InheritanceScope.Standing);

        Assert.DoesNotContain(comparison.Differences, difference => difference.Meaning == FieldMeaning.Voids);
        Assert.Contains(comparison.Differences, difference => difference.Field == "launch.devices");
    }

    [Theory(Timeout = Limit)]
    [InlineData(2, long.MaxValue, "more than 2 files")]
    [InlineData(100, 4, "more than 0 GiB")]
    public async Task What_is_too_much_to_read_is_unknown_and_two_of_which_nobody_knows_are_not_exact(int files, long bytes, string why)
    {
        var stack = new StackFacts();
        await MountedFiles.ReadAsync(stack, "launch.files.sha256", Plan.Mounts, new HostMachine(_given.Machine.Root), new(files, bytes), Token);
        var (fields, read) = (LockFields.Of(stack.Detail), LockCapture.LockOf(stack));

        Assert.Equal(StackProbe.Unknown, stack.Facts["launch.files.sha256"]);
        Assert.Contains(why, fields["mounted.notWhole"], StringComparison.Ordinal);
        Assert.Equal(Coverage.Related, LockComparison.Of(read, read, InheritanceScope.Standing).Coverage);
    }

    [Fact(Timeout = Limit)]
    public async Task A_pipe_a_folder_that_leads_into_itself_and_a_mount_that_is_not_there_are_named_and_never_waited_for()
    {
        using (var made = Process.Start("mkfifo", Path.Join(_given.Machine.Root, "/usr/local/Ascend/driver/pipe")))
            await made.WaitForExitAsync(Token);
        _given.Machine.Link("/usr/local/Ascend/driver/self", ".");
        Plan = Plan with { Mounts = Plan.Mounts.Add(new("/opt/gone", "/opt/gone", true)) };

        var fields = LockFields.Of((await _given.ReadAsync()).Detail);

        Assert.Equal(("a named pipe", "-> .", "not there"), (fields["mounted.files./usr/local/Ascend/driver/pipe"], fields["mounted.files./usr/local/Ascend/driver/self"], fields["mounted.files./opt/gone"]));
    }

    [Fact] // what is added to a start and forgotten here would be left out of every lock
    public void Each_member_of_a_containers_description_is_in_the_lock_or_said_to_be_elsewhere()
    {
        var bare = new ContainerSpec { RunId = "", Owner = "", Image = new("", "", ""), MemoryBytes = 1, CpuMillis = 1, Pids = 1 };
        ImmutableArray<ContainerSpec> each =
        [
            bare with { Mounts = [new("/a", "/a", true)] }, bare with { Devices = ["/dev/a"] }, bare with { CdiDevices = ["a.com/a=0"] }, bare with { Runtime = "a" }, bare with { Groups = ["1"] }, bare with { ShmBytes = 2 },
            bare with { Ulimits = ImmutableSortedDictionary<string, long>.Empty.Add("nofile", 1) }, bare with { MemoryBytes = 2 }, bare with { CpuMillis = 2 }, bare with { Pids = 2 }, bare with { TmpBytes = 2 },
            bare with { User = "1:1" }, bare with { Network = new ContainerNetwork.Host() }, bare with { Weaknesses = new(HostIpc: true) },
        ];

        Assert.Equal(typeof(ContainerSpec).GetProperties().Select(member => member.Name).Except(LaunchCapture.Elsewhere).Count(), each.Length);
        Assert.All(each, spec => Assert.NotEqual(LaunchCapture.Fields(bare, _given.Profile).ToDictionary(), LaunchCapture.Fields(spec, _given.Profile).ToDictionary()));
        Assert.All(typeof(ContainerWeaknesses).GetProperties().Where(member => member.PropertyType == typeof(bool)), member =>
        {
            var weak = new ContainerWeaknesses();
            member.SetValue(weak, true);
            Assert.Contains(LaunchCapture.Fields(bare with { Weaknesses = weak }, _given.Profile), field => field.Key == "launch.weaknesses");
        });
    }

    public void Dispose() => _given.Dispose();

    private void Change(string how)
    {
        var (box, machine) = (_given.Profile.Container, _given.Machine);
        void Box(ProfileContainer other) => _given.Profile = _given.Profile with { Container = other };
        switch (how)
        {
            case "mount": Plan = Plan with { Mounts = Plan.Mounts.SetItem(1, Plan.Mounts[1] with { Source = "/opt/npu-smi" }) }; break;
            case "mount dropped": Plan = Plan with { Mounts = Plan.Mounts.RemoveAt(2) }; break;
            case "ulimit": Plan = Plan with { Ulimits = ImmutableSortedDictionary<string, long>.Empty.Add("memlock", -1) }; break;
            case "shm": Plan = Plan with { ShmBytes = 1L << 30 }; break;
            case "group": Plan = Plan with { Groups = ["44"] }; break;
            case "runtime": Plan = Plan with { Runtime = "ascend" }; break;
            case "manager node": Plan = Plan with { Devices = Plan.Devices.Add("/dev/devmm_svm") }; break;
            case "environment": Plan = Plan with { Environment = Plan.Environment.Add("ASCEND_GLOBAL_LOG_LEVEL", "3") }; break;
            case "user": Box(box with { User = "10002:10002" }); break;
            case "memory": Box(box with { MemoryBytes = box.MemoryBytes * 2 }); break;
            case "network": Box(box with { HostNetwork = !box.HostNetwork }); break;
            case "privileged": Box(box with { Weaknesses = box.Weaknesses with { Privileged = !box.Weaknesses.Privileged } }); break;
            case "capability": Box(box with { Weaknesses = box.Weaknesses with { Capabilities = box.Weaknesses.Capabilities.Add("SYS_ADMIN") } }); break;
            case "library": machine.File(Library + ".1", "ELF two"); break;
            case "link": machine.Remove(Library).Link(Library, "libdcmi.so.2"); break;
            case "new file": machine.File(Library + ".3", "another"); break;
            default: throw new UnreachableException(how);
        }
    }
}
