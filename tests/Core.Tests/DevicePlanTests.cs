using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>What was seen in a container, held against the devices that were planned: as the runner does at each start, and as the judge does again.</summary>
public sealed class DevicePlanTests
{
    private static readonly DevicePlan Planned = new(
        ["/dev/chip0", "/dev/chip_ctl"],
        Given.Facts(("/dev/chip0", "c 240:0"), ("/dev/chip_ctl", "c 241:0")),
        Given.Facts(("/dev/chip1", "c 240:1"), ("/dev/chip2", "c 240:2")))
    {
        Optional = Given.Facts(("/dev/chip_video", "c 242:0")),
        PciId = "19e5:d802",
        Behind = Given.Facts(("/dev/chip0", "0000:c1:00.0 19e5:d802")),
        Units = Given.Facts(("0", "0000:c1:00.0")),
    };

    private static readonly Plan Plan = Given.Plan with { Devices = Planned };

    private static readonly Measurement Clean =
        Given.Measurement("OPS-01", Given.Counts("residue", 0, 0), Given.Counts("manual_steps", 0, 0))
            .WithFact("devices.1", Right).WithFact("devices.2", Right);

    private const string Right = "/dev/chip0=c 240:0,/dev/chip_ctl=c 241:0";

    [Fact]
    public void The_planned_devices_are_right_with_those_that_every_container_has_and_those_that_the_profile_declares()
    {
        Assert.Null(Planned.Problem(DevicePlan.TryRead($"{Right},/dev/null=c 1:3,/dev/console=c 136:1,/dev/pts/0=c 136:0,/dev/pts/ptmx=c 5:2,/dev/tty=c 5:0,/dev/core=a symbolic link")!));
        Assert.Null(Planned.Problem(DevicePlan.TryRead($"{Right},/dev/chip_video=c 242:0")!));
        Assert.Equal(DevicePlan.TryRead(Right)!.Keys, Planned.Concerned(DevicePlan.TryRead($"{Right},/dev/null=c 1:3,/dev/pts/0=c 136:0")!).Keys);
    }

    [Theory]
    [InlineData("", "/dev/chip0 (c 240:0) is missing")]
    [InlineData("/dev/chip0=c 240:0", "/dev/chip_ctl (c 241:0) is missing")]
    [InlineData("/dev/chip0=c 240:1,/dev/chip_ctl=c 241:0", "/dev/chip0 should be c 240:0 and is c 240:1")]
    [InlineData("/dev/chip0=b 240:0,/dev/chip_ctl=c 241:0", "is b 240:0")]
    [InlineData("/dev/chip0=a plain file,/dev/chip_ctl=c 241:0", "is a plain file")]
    [InlineData(Right + ",/dev/chip1=c 240:1", "/dev/chip1 of this machine, which is not planned")]
    [InlineData(Right + ",/dev/innocent=c 240:2", "/dev/innocent is c 240:2, /dev/chip2 of this machine")]
    [InlineData(Right + ",/dev/chip1=c 240:0", "a planned device under another name")]
    [InlineData(Right + ",/dev/chip1=c 9:9", "/dev/chip1 is not planned and is c 9:9")]
    [InlineData("/dev/chip0=c 241:0,/dev/chip_ctl=c 240:0", "/dev/chip_ctl should be c 241:0")]
    [InlineData(Right + ",/dev/nvidia0=c 195:0", "/dev/nvidia0 is c 195:0, which is neither planned nor declared")] // another maker's, by the engine's default runtime
    [InlineData(Right + ",/dev/null=c 195:0", "/dev/null is c 195:0, which is neither")]
    [InlineData(Right + ",/dev/sda=b 8:0", "/dev/sda is b 8:0, which is neither")]
    [InlineData(Right + ",/dev/mem=c 1:1", "/dev/mem is c 1:1, which is neither")]
    [InlineData(Right + ",/dev/null=b 1:3", "/dev/null is b 1:3, which is neither")]
    [InlineData(Right + ",/dev/chip_video=c 195:0", "/dev/chip_video was c 242:0 when the run was planned and is c 195:0")]
    [InlineData(Right + ",/dev/other=c 242:0", "/dev/other is c 242:0, which is neither")]
    public void Anything_else_is_named(string seen, string words)
    {
        Assert.Contains(words, Planned.Problem(DevicePlan.TryRead(seen)!), StringComparison.Ordinal);
        var fail = Assert.IsType<Verdict.Fail>(Judged.By(Clauses.DeployRemove, Clean.WithFact("devices.2", DevicePlan.Text(Planned.Concerned(DevicePlan.TryRead(seen)!))), Plan).Verdict);
        Assert.Contains("deployment 2", fail.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_of_nothing_is_met_by_nothing() =>
        Assert.NotNull((Planned with { Inside = ImmutableSortedDictionary<string, string>.Empty }).Problem(new Dictionary<string, string>(StringComparer.Ordinal)));

    [Fact]
    public void The_container_of_a_processor_holds_what_every_container_does_and_what_its_profile_asks_for()
    {
        var none = ImmutableSortedDictionary<string, string>.Empty;
        var processor = Plan with { Devices = new([], none, none) { Optional = Given.Facts(("/dev/hwrng", "c 10:183")) } };

        Judged.Passes(Judged.By(Clauses.DeployRemove, Clean.WithFact("devices.1", "").WithFact("devices.2", "/dev/hwrng=c 10:183"), processor));
        Assert.Contains("/dev/nvidia0 is c 195:0", Judged.Measured(Judged.By(Clauses.DeployRemove, Clean.WithFact("devices.1", "").WithFact("devices.2", "/dev/nvidia0=c 195:0"), processor)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0000:c1:00.0 19e5:d803")]
    [InlineData("0000:17:00.0 10de:2330")]
    public void A_node_that_leads_to_another_chip_fails(string behind) => Assert.Contains($"behind /dev/chip0 is {behind}, and the chip is 19e5:d802",
        Judged.Measured(Judged.By(Clauses.DeployRemove, Clean, Plan with { Devices = Planned with { Behind = Given.Facts(("/dev/chip0", behind)) } })), StringComparison.Ordinal);

    [Fact]
    public void Deployments_with_their_devices_pass_and_one_that_was_asked_nothing_needs_none()
    {
        Judged.Passes(Judged.By(Clauses.DeployRemove, Clean, Plan));
        Judged.Passes(Judged.By(Clauses.DeployRemove, Clean.WithFact("devices.1", DevicePlan.NotAsked), Plan));
    }

    [Fact]
    public void A_deployment_whose_devices_nobody_saw_decides_nothing() => Assert.All(
        new[]
        {
            Clean with { Facts = Clean.Facts.Remove("devices.2") },
            Clean with { Facts = Clean.Facts.Clear() },
            Clean.WithFact("devices.1", DevicePlan.NotAsked).WithFact("devices.2", DevicePlan.NotAsked),
            Clean.WithFact("devices.2", "chip0"),
            Clean.WithFact("devices.2", "/dev/chip0=c 240:0,/dev/chip0=c 240:0"),
        },
        measurement => Judged.Reason(Judged.By(Clauses.DeployRemove, measurement, Plan)));

    [Fact]
    public void Hardening_counts_no_planned_device_and_every_other()
    {
        var (clean, plan) = (Hardened.WithFact("devices", "/dev/chip0,/dev/chip_ctl"), Plan);

        var passed = Judged.By(Clauses.Hardening, clean, plan);
        Judged.Passes(passed);
        Assert.Contains(passed.Figures, figure => figure.Name == "device of the chip: /dev/chip0");
        Assert.Equal("1 violations: devices is /dev/mem", Judged.Measured(Judged.By(Clauses.Hardening, Hardened.WithFact("devices", "/dev/chip0,/dev/mem"), plan)));
        Assert.IsType<Verdict.Fail>(Judged.By(Clauses.Hardening, clean, plan with { Devices = null }).Verdict);
    }

    private static readonly Measurement Hardened = Given.Measurement("SEC-01") with
    {
        Facts = Given.Facts(
            ("privileged", "false"), ("host_network", "false"), ("host_pid", "false"), ("host_ipc", "false"),
            ("capabilities.added", ""), ("capabilities.effective", "0000000000000000"), ("no_new_privileges", "true"), ("read_only_root", "true"), ("uid", "65532"), ("seccomp", "2"),
            ("devices", ""), ("writable_mounts", "/run/adaptation"), ("memory_limited", "true"), ("cpu_limited", "true"), ("pids_limited", "true")),
    };
}
