using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>A stack that changes while a run goes on: nothing is certified, and the change is named.</summary>
public sealed class StackChangeTests
{
    private const int Limit = 60_000;
    private const string Bus = "/sys/bus/pci/devices";

    /// <summary>What happens to the machine, and the change as it is named.</summary>
    public static TheoryData<string, string> Changes => new()
    {
        { "driver", "driver.version: 25.2.0 -> 25.2.1" },
        { "reload", "detail.driver.srcversion: AAAA1111 -> BBBB2222" },
        { "driver gone", "driver.version: 25.2.0 -> unknown" },
        { "firmware", "firmware.version: 7.7.0 -> 7.7.1" },
        { "count", "accelerator.present: 2 -> 1" },
        { "board", "accelerator.pciId: 19e5:d802:19e5:4000 -> 19e5:d802:19e5:4001" },
        { "microcode", "cpu.microcode: 0x1 -> 0x2" },
        { "kernel", "os.kernel: 5.10.0 -> 5.10.1" },
        { "library", "framework.sha256: " },
        { "swap", "detail.devices[\"0000:c1:00.0\"].serialSha256: " },
    };

    [Theory(Timeout = Limit), MemberData(nameof(Changes))]
    public async Task A_change_under_the_run_voids_it_and_is_named_with_what_was_before_and_after(string what, string named)
    {
        using var machine = Machine();
        using var run = new GivenRun(profile: Profile);
        run.Engine.Starting = _ => Change(machine, run, what);
        var judgement = await run.Conductor().StartAsync(On(machine, run), run.Runs, TestContext.Current.CancellationToken);

        Assert.Equal(Outcome.Incomplete, judgement.Outcome);
        Assert.False(File.Exists(run.Only().Certificate));
        var changes = Assert.IsType<RunEvent.Finished>(run.Told[^1]).Changes;
        Assert.Contains(changes, change => LockChanges.Word(change).StartsWith(named, StringComparison.Ordinal));
        Assert.Contains(named.Split(':')[0].Split('"')[0], await File.ReadAllTextAsync(run.Only().Report, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_machine_that_stays_as_it_is_is_certified()
    {
        using var machine = Machine();
        using var run = new GivenRun(profile: Profile);
        var judgement = await run.Conductor().StartAsync(On(machine, run), run.Runs, TestContext.Current.CancellationToken);

        Assert.True(judgement.Outcome == Outcome.Certified, string.Join('\n', judgement.Findings.Select(finding => $"{finding.Check} {finding.Verdict}")));
        Assert.Empty(Assert.IsType<RunEvent.Finished>(run.Told[^1]).Changes);
    }

    private static SimulatedMachine Machine() => new SimulatedMachine()
        .Pci("0000:c1:00.0", "19e5:d802", "19e5:4000").Pci("0000:c2:00.0", "19e5:d802", "19e5:4000")
        .Link($"{Bus}/0000:c1:00.0/driver", "../drivers/devdrv").Link($"{Bus}/0000:c2:00.0/driver", "../drivers/devdrv")
        .File($"{Bus}/0000:c1:00.0/serial_number", "0323A4000017\n").File("/sys/module/devdrv/srcversion", "AAAA1111\n")
        .File("/usr/share/driver", "25.2.0\n").Tool("pt_smi", "7.7.0\n").Tool("tsm_smi", "8.2\n")
        .File("/proc/cpuinfo", "model name : C\nmicrocode : 0x1\n").File("/etc/os-release", "ID=o\nVERSION_ID=1\n").File("/proc/sys/kernel/osrelease", "5.10.0\n")
        .Node("/dev/chip0", 240, 0).Node("/dev/chip1", 240, 1).Node($"/proc/{Environment.ProcessId}/root/dev/chip0", 240, 0).Node($"/proc/{Environment.ProcessId}/root/dev/chip1", 240, 1);

    private static Prepared On(SimulatedMachine machine, GivenRun run)
    {
        var (host, profile, engine) = (new HostMachine(machine.Root), run.Prepared.Inputs.Profile, run.Engine.Description);
        return run.Prepared with { Machine = host, Launch = ServerDevices.Counted(profile, LaunchDecision.Plan(profile, LaunchChoice.Default, engine, host)!, engine, host) };
    }

    private static void Change(SimulatedMachine machine, GivenRun run, string what)
    {
        switch (what)
        {
            case "driver": machine.File("/usr/share/driver", "25.2.1\n"); break;
            case "reload": machine.File("/sys/module/devdrv/srcversion", "BBBB2222\n"); break;
            case "driver gone": File.Delete(Path.Join(machine.Root, "usr/share/driver")); break;
            case "firmware": machine.Tool("pt_smi", "7.7.1\n"); break;
            case "count": machine.File($"{Bus}/0000:c2:00.0/vendor", "0x0000\n"); break;
            case "board": machine.File($"{Bus}/0000:c1:00.0/subsystem_device", "0x4001\n").File($"{Bus}/0000:c2:00.0/subsystem_device", "0x4001\n"); break;
            case "microcode": machine.File("/proc/cpuinfo", "model name : C\nmicrocode : 0x2\n"); break;
            case "kernel": machine.File("/proc/sys/kernel/osrelease", "5.10.1\n"); break;
            case "library": File.WriteAllText(Path.Combine(run.Root, "engine/lib.so"), "another"); break;
            case "swap": machine.File($"{Bus}/0000:c1:00.0/serial_number", "0323A4000099\n"); break;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, "is no change");
        }
    }

    private static string Profile { get; } = GivenRun.Profile.Replace("{vendor: generic, model: CPU, kind: cpu}", "{vendor: huawei, model: Ascend 910B3, kind: pci, count: 2, pci: \"19e5:d802\"}", StringComparison.Ordinal) + """

        sources: {t: a test}
        facts:
          devices.each: {value: ["/dev/chip{index}"], source: t, confidence: seen}
          probe.driver: {value: {file: /usr/share/driver, pattern: '(\S+)'}, source: t, confidence: seen}
          probe.firmware: {value: {command: [pt_smi], pattern: '(\S+)'}, source: t, confidence: seen}
          probe.toolkit: {value: {command: [tsm_smi], pattern: '(\S+)'}, source: t, confidence: seen}
        """;
}
