using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>A run on an accelerator: its server is accepted with exactly the planned devices in its container, at every start, and never otherwise.</summary>
public sealed class DevicesInsideTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_planned_devices_inside_are_accepted_recorded_and_judged_again()
    {
        using var stand = new DeviceStand(_ => { }, "starts");

        var judgement = await stand.RunAsync();

        Judge(judgement, verdict => Assert.IsType<Verdict.Pass>(verdict));
        Assert.Equal(Outcome.Certified, judgement.Outcome);
        Assert.IsType<EvidenceVerification.Accepted>(stand.Given.Verify(stand.Given.Only()));
        var seen = stand.Events("devices");
        Assert.True(seen.Length > 1); // one for each start of the server, none for the echo
        Assert.Equal(stand.Given.Engine.All.Count(container => !container.IsEcho), seen.Length);
        Assert.All(seen, look => Assert.Equal(
            ["/dev/chip0=c 240:0", "/dev/chip_ctl=c 241:0"], ((CanonicalValue.List)look.TryGet("inside")!).Items.Cast<CanonicalValue.Text>().Select(node => node.Value)));
        Assert.All(stand.Given.Engine.All, container => Assert.Equal(container.IsEcho ? 0 : 3, container.Spec.Devices.Length)); // the third is optional, and missing inside
        var facts = MeasurementFile.Read(File.ReadAllBytes(stand.Given.Only().InEvidence("measurements/OPS-01.json"))).Facts;
        Assert.Equal("/dev/chip0=c 240:0,/dev/chip_ctl=c 241:0", facts["devices.1"]);
        Assert.Equal(("plain", "0"), (stand.Lock("launch", "form"), stand.Lock("launch", "devices")));
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "rm chip0", "/dev/chip0 (c 240:0) is missing" },
        { "rm chip_ctl", "/dev/chip_ctl (c 241:0) is missing" },
        { "rm chip0 && mknod chip0 c 240 1", "/dev/chip0 should be c 240:0 and is c 240:1" },
        { "rm chip0 && touch chip0", "is a plain file" },
        { "rm chip0 && ln -s /dev/null chip0", "is a symbolic link" },
        { "mknod chip1 c 240 1", "/dev/chip1 of this machine, which is not planned" },
        { "mkdir deep && mknod deep/er c 240 1", "/dev/deep/er is c 240:1" },
        { "mknod other c 240 0", "a planned device under another name" },
        { "mknod nvidia0 c 195 0", "/dev/nvidia0 is c 195:0, which is neither planned nor declared by the profile" },
        { "mknod chip_video c 195 0", "/dev/chip_video was c 242:0 when the run was planned and is c 195:0" },
        { "cd .. && mv dev hidden && ln -s hidden dev", "cannot be seen" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public async Task A_container_that_holds_anything_else_fails_and_nothing_is_certified(string change, string words)
    {
        using var stand = new DeviceStand(machine => machine.Inside(change));

        var judgement = await stand.RunAsync();

        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        Assert.False(File.Exists(stand.Given.Only().Certificate));
        Judge(judgement, verdict => Assert.Contains(words, Assert.IsType<Verdict.Fail>(verdict).Measured, StringComparison.Ordinal));
        Assert.Contains(words, stand.Events("devices")[^1].TryText("problem"), StringComparison.Ordinal);
        Assert.DoesNotContain(judgement.Findings, finding => finding.Verdict is Verdict.Pass && finding.Check is not "OPS-02");
        Assert.All(stand.Given.Engine.All, container => Assert.Equal(1, container.Removals));
    }

    [Fact]
    public async Task What_the_profile_declares_optional_may_be_there()
    {
        using var stand = new DeviceStand(machine => machine.Inside("mknod chip_video c 242 0"));

        Assert.Equal(Outcome.Certified, (await stand.RunAsync()).Outcome);
        Assert.Equal("c 242:0", stand.Plan().Counted!.Optional["/dev/chip_video"]);
        Assert.Contains("\"/dev/chip_video\":\"c 242:0\"", await File.ReadAllTextAsync(stand.Given.Only().Plan, Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tree", "../../devices/pci0000:00/0000:00:01.0/0000:17:00.0/nvidia/nvidia0", "10de:2330")]
    [InlineData("device", "../../devices/virtual/chip/chip0", "10de:2330")] // whose own `device` leads there
    [InlineData("major", "", "10de:2330")] // the driver makes nodes without telling whose they are
    [InlineData("tree", "../../devices/pci0000:00/0000:00:01.0/0000:c9:00.0/chip/chip0", "19e5:d803")] // the maker's smaller chip
    public void A_node_that_leads_to_another_chip_starts_nothing(string how, string target, string id)
    {
        using var stand = new DeviceStand(_ => { });
        var address = id[0] == '1' && id[1] == '0' ? "0000:17:00.0" : "0000:c9:00.0";
        stand.Machine.Pci(address, id).Link($"/sys/bus/pci/devices/{address}/driver", "../../../bus/pci/drivers/nvidia");
        if (target.Length > 0)
            stand.Machine.Folder("/sys/dev/char").Link("/sys/dev/char/240:0", target);
        if (how == "device")
            stand.Machine.Folder("/sys/dev/devices/virtual/chip/chip0").Remove("/sys/dev/char/240:0").Folder("/sys/dev/char/240:0").Link("/sys/dev/char/240:0/device", $"../../../{address}");
        if (how == "major")
            stand.Machine.File("/proc/devices", "Character devices:\n  1 mem\n240 nvidia-frontend\n\nBlock devices:\n241 nvidia\n");

        var message = Assert.Throws<BrokenEnvironmentException>(() => stand.Plan()).Message;

        Assert.Contains($"/dev/chip0 (c 240:0) leads to {address}, a device {id}", message, StringComparison.Ordinal);
        Assert.Contains("19e5:d802", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_leads_to_the_planned_chip_is_told_with_its_address()
    {
        using var stand = new DeviceStand(_ => { });
        stand.Machine.Folder("/sys/dev/char").Link("/sys/dev/char/240:0", "../../devices/pci0000:00/0000:c1:00.0/chip/chip0");

        var counted = stand.Plan().Counted!;

        Assert.Equal(("0000:c1:00.0 19e5:d802", "0000:c1:00.0", "19e5:d802"), (counted.Behind["/dev/chip0"], counted.Units["0"], counted.PciId));
    }

    [Fact]
    public void More_devices_than_the_bus_has_start_nothing()
    {
        using var stand = new DeviceStand(_ => { });
        for (var at = 0; at < 3; at++)
            stand.Machine.File($"/sys/bus/pci/devices/0000:c{at}:00.0/device", "0xd803\n");

        Assert.Contains("1 devices are planned, and the machine has 0 of the PCI id 19e5:d802", Assert.Throws<BrokenEnvironmentException>(() => stand.Plan()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_shared_folder_the_nodes_of_other_makers_are_not_handed_over()
    {
        using var stand = new DeviceStand(_ => { }, profile: DeviceStand.Profile.Replace("/dev/chip_ctl]", "/dev/chip_ctl, /dev/dri]", StringComparison.Ordinal));
        stand.Machine.Node("/dev/dri/renderD128", 226, 128).Node("/dev/dri/renderD129", 226, 129).Pci("0000:17:00.0", "10de:2330")
            .Folder("/sys/dev/char").Link("/sys/dev/char/226:128", "../../devices/pci0000:00/0000:17:00.0/drm/renderD128").Link("/sys/dev/char/226:129", "../../devices/pci0000:00/0000:c1:00.0/drm/renderD129");

        var plan = stand.Plan();

        Assert.Equal(["/dev/chip0", "/dev/chip_ctl", "/dev/dri/card0", "/dev/dri/renderD129", "/dev/chip_video"], plan.Devices);
        Assert.Equal(plan.Devices, plan.Counted!.Given);
        Assert.DoesNotContain("/dev/dri/renderD128", plan.Counted.Inside.Keys);
    }

    [Theory]
    [InlineData("", Outcome.Certified)]
    [InlineData("mknod nvidia0 c 195 0", Outcome.Rejected)]
    public async Task The_container_of_a_processor_is_looked_into_too(string change, Outcome outcome)
    {
        using var stand = new DeviceStand(machine => machine.Inside($"rm chip0 chip_ctl; {change}"), kind: "kind: cpu");

        var judgement = await stand.RunAsync();

        Assert.Equal(outcome, judgement.Outcome);
        if (outcome == Outcome.Rejected)
            Judge(judgement, verdict => Assert.Contains("/dev/nvidia0 is c 195:0", Assert.IsType<Verdict.Fail>(verdict).Measured, StringComparison.Ordinal));
        else
            Assert.Contains("", MeasurementFile.Read(File.ReadAllBytes(stand.Given.Only().InEvidence("measurements/OPS-01.json"))).Facts.Where(fact => fact.Key.StartsWith("devices.", StringComparison.Ordinal)).Select(fact => fact.Value));
    }

    [Fact]
    public void A_processor_gets_no_node_of_a_graphics_card()
    {
        using var stand = new DeviceStand(_ => { }, kind: "kind: cpu");
        stand.Machine.Pci("0000:17:00.0", "10de:2330").Folder("/sys/dev/char").Link("/sys/dev/char/240:0", "../../devices/pci0000:00/0000:17:00.0/nvidia/nvidia0");
        var profile = stand.Given.Prepared.Inputs.Profile;

        var refused = Assert.Throws<BrokenEnvironmentException>(() => ServerDevices.OfProcessor(
            profile with { Container = profile.Container with { Devices = ["/dev/chip0"] } }, stand.Given.Engine.Description, new HostMachine(stand.Machine.Root)));

        Assert.Contains("is for a CPU", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_looked_at_every_start()
    {
        var starts = 0;
        using var stand = new DeviceStand(machine =>
        {
            if (++starts == 2)
                machine.Inside("rm chip0");
        }, "starts");

        Judge(await stand.RunAsync(), verdict => Assert.Contains("chip0", Assert.IsType<Verdict.Fail>(verdict).Measured, StringComparison.Ordinal));
        Assert.Equal("", stand.Events("devices")[0].TryText("problem"));
    }

    [Fact]
    public async Task A_start_that_may_refuse_its_cache_may_not_lose_its_accelerator()
    {
        var starts = 0;
        using var stand = new DeviceStand(
            machine =>
            {
                File.WriteAllText(Path.Combine(machine.Given.Engine.All[^1].Spec.Mounts.Single(mount => mount.Target == "/var/cache/engine").Source, "one.bin"), "kernels");
                if (++starts == 5) // one to be measured, one with the cache empty, one warm, then it is damaged
                    machine.Inside("rm chip0");
            },
            "caches", "streams: 2\n  cache: /var/cache/engine");

        var judgement = await stand.RunAsync();

        Assert.Equal((5, Outcome.Rejected), (starts, judgement.Outcome));
        Assert.Contains("/dev/chip0", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-19").Verdict).Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_of_the_machine_that_is_another_device_by_now_starts_nothing()
    {
        using var stand = new DeviceStand(_ => { });
        stand.Host("rm chip0 && mknod chip0 c 240 1");

        var broken = await Assert.ThrowsAsync<BrokenEnvironmentException>(stand.RunAsync);

        Assert.Contains("/dev/chip0 was c 240:0 when the run was planned and is c 240:1 now", broken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(stand.Given.Engine.All, container => !container.IsEcho);
    }

    /// <summary>What lies on the machine where the profile says a harmless name; each must start nothing.</summary>
    public static TheoryData<string, string, string, string> Traps => new()
    {
        { "mount", "/opt/driver", "ln -s /etc/shadow ../opt/driver", "/opt/driver leads to /etc/shadow" },
        { "mount", "/opt/driver", "ln -s . ../opt/driver", "/opt of the machine as a whole" },
        { "mount", "/opt/driver", "mkfifo ../opt/driver", "/opt/driver is a named pipe" },
        { "mount", "/opt/driver", "mknod ../opt/driver b 8 0", "/opt/driver is a block device" },
        { "mount", "/opt/driver", ":", "/opt/driver is not there" },
        { "device", "/dev/chip_x", "mknod chip_x b 8 0", "/dev/chip_x is b 8:0" },
        { "device", "/dev/chip_x", "touch chip_x", "/dev/chip_x is a plain file" },
        { "device", "/dev/chip_x", "mknod mem c 1 1; ln -s mem chip_x", "/dev/chip_x leads to /dev/mem" },
        { "device", "/dev/chip_x", "mknod chip_x c 1 1", "/dev/chip_x is c 1:1" },
        { "device", "/dev/chip_x", "mknod chip_x c 10 229", "/dev/chip_x is c 10:229" },
        { "device", "/dev/chips", "mkdir chips; mknod chips/a c 240 9; mknod chips/b b 8 0", "/dev/chips/b is b 8:0" },
        { "group", "999", "printf 'root:x:0:\\ndocker:x:999:\\n' > ../etc/group", "group 999 is `docker`" },
    };

    [Theory, MemberData(nameof(Traps))]
    public async Task What_is_not_what_its_name_says_is_not_handed_in(string kind, string value, string script, string words)
    {
        using var stand = new DeviceStand(_ => { });
        stand.Host("mkdir -p ../opt ../etc; echo root:SECRET > ../etc/shadow");
        stand.Host(script);
        var (prepared, launch) = (stand.Given.Prepared, stand.Given.Prepared.Launch!);
        var box = prepared.Inputs.Profile.Container;
        stand.Given.Prepared = prepared with
        {
            Launch = kind switch { "mount" => launch with { Mounts = [new(value, "/opt/driver", ReadOnly: true)] }, "group" => launch with { Groups = [value] }, _ => launch },
            Inputs = prepared.Inputs with { Profile = prepared.Inputs.Profile with { Container = kind == "device" ? box with { Devices = [value] } : box } },
        };

        var broken = await Assert.ThrowsAsync<BrokenEnvironmentException>(stand.RunAsync);

        Assert.Contains(words, broken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", broken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(stand.Given.Engine.All, container => !container.IsEcho);
    }

    [Theory]
    [InlineData("rm chip0", "/dev/chip0 is not there")]
    [InlineData("rm chip0 && touch chip0", "/dev/chip0 is no device")]
    [InlineData("rm chip0 && mknod chip0 b 240 0", "/dev/chip0 is b 240:0")]
    [InlineData("rm chip_ctl", "/dev/chip_ctl is not there")]
    public void What_is_planned_must_be_on_the_machine_as_a_character_device(string change, string words)
    {
        using var stand = new DeviceStand(_ => { });
        stand.Host(change);

        Assert.Contains(words, Assert.Throws<BrokenEnvironmentException>(() => stand.Plan()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_facts_name_no_nodes_or_a_container_cannot_be_looked_into_nothing_is_planned()
    {
        using var stand = new DeviceStand(_ => { });
        var unknown = stand.Given.Prepared.Inputs.Profile with { Facts = ProfileFacts.None };
        var plan = new LaunchPlan(LaunchForm.Toolkit, [0]);

        Assert.Contains("facts.devices.each", Assert.Throws<BadInputException>(() => ServerDevices.Counted(unknown, plan, stand.Given.Engine.Description, HostMachine.Local)).Message, StringComparison.Ordinal);
        Assert.Contains("another machine", Assert.Throws<BrokenEnvironmentException>(() => ServerDevices.Counted(
            stand.Given.Prepared.Inputs.Profile, plan, stand.Given.Engine.Description with { IsLocal = false }, HostMachine.Local)).Message, StringComparison.Ordinal);
    }

    private static void Judge(Judgement judgement, Action<Verdict> look) => look(judgement.Findings.Single(finding => finding.Check == "OPS-01").Verdict);
}
