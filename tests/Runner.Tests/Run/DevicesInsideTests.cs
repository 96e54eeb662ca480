using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>A run on an accelerator: its server is accepted with exactly the planned devices in its container, at every start, and never otherwise.</summary>
public sealed class DevicesInsideTests
{
    private const string Profile = """
        sources: {t: a test}
        facts:
          devices.each: {value: ["/dev/chip{index}"], source: t, confidence: seen}
          devices.shared: {value: [/dev/chip_ctl], source: t, confidence: seen}

        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_planned_devices_inside_are_accepted_recorded_and_judged_again()
    {
        using var stand = new Stand(_ => { }, "starts");

        var judgement = await stand.RunAsync();

        Judge(judgement, verdict => Assert.IsType<Verdict.Pass>(verdict));
        Assert.Equal(Outcome.Certified, judgement.Outcome);
        Assert.IsType<EvidenceVerification.Accepted>(stand.Given.Verify(stand.Given.Only()));
        var seen = stand.Events("devices");
        Assert.True(seen.Length > 1); // one for each start of the server, none for the echo
        Assert.Equal(stand.Given.Engine.All.Count(container => !container.IsEcho), seen.Length);
        Assert.All(seen, look => Assert.Equal(
            ["/dev/chip0=c 240:0", "/dev/chip_ctl=c 241:0"], ((CanonicalValue.List)look.TryGet("inside")!).Items.Cast<CanonicalValue.Text>().Select(node => node.Value)));
        Assert.All(stand.Given.Engine.All, container => Assert.Equal(container.IsEcho ? 0 : 2, container.Spec.Devices.Length));
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
        { "cd .. && mv dev hidden && ln -s hidden dev", "cannot be seen" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public async Task A_container_that_holds_anything_else_fails_and_nothing_is_certified(string change, string words)
    {
        using var stand = new Stand(machine => machine.Inside(change));

        var judgement = await stand.RunAsync();

        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        Assert.False(File.Exists(stand.Given.Only().Certificate));
        Judge(judgement, verdict => Assert.Contains(words, Assert.IsType<Verdict.Fail>(verdict).Measured, StringComparison.Ordinal));
        Assert.Contains(words, stand.Events("devices")[^1].TryText("problem"), StringComparison.Ordinal);
        Assert.DoesNotContain(judgement.Findings, finding => finding.Verdict is Verdict.Pass && finding.Check is not "OPS-02");
        Assert.All(stand.Given.Engine.All, container => Assert.Equal(1, container.Removals));
    }

    [Fact]
    public async Task It_is_looked_at_every_start()
    {
        var starts = 0;
        using var stand = new Stand(machine =>
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
        using var stand = new Stand(
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
        using var stand = new Stand(_ => { });
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
        using var stand = new Stand(_ => { });
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
        using var stand = new Stand(_ => { });
        stand.Host(change);

        Assert.Contains(words, Assert.Throws<BrokenEnvironmentException>(() => stand.Plan()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_facts_name_no_nodes_or_a_container_cannot_be_looked_into_nothing_is_planned()
    {
        using var stand = new Stand(_ => { });
        var unknown = stand.Given.Prepared.Inputs.Profile with { Facts = ProfileFacts.None };
        var plan = new LaunchPlan(LaunchForm.Toolkit, [0]);

        Assert.Contains("facts.devices.each", Assert.Throws<BadInputException>(() => ServerDevices.Counted(unknown, plan, stand.Given.Engine.Description, HostMachine.Local)).Message, StringComparison.Ordinal);
        Assert.Contains("another machine", Assert.Throws<BrokenEnvironmentException>(() => ServerDevices.Counted(
            stand.Given.Prepared.Inputs.Profile, plan, stand.Given.Engine.Description with { IsLocal = false }, HostMachine.Local)).Message, StringComparison.Ordinal);
    }

    private static void Judge(Judgement judgement, Action<Verdict> look) => look(judgement.Findings.Single(finding => finding.Check == "OPS-01").Verdict);

    /// <summary>A machine with three chips, and an engine whose container shows the folder that lies below /proc of that machine.</summary>
    private sealed class Stand : IDisposable
    {
        private readonly SimulatedMachine _machine = new();
        private readonly Action<Stand> _starting;

        public Stand(Action<Stand> starting, string suite = "short", string more = "streams: 2")
        {
            _starting = starting;
            Given = new GivenRun(suite, profile: Profile + GivenRun.Profile.Replace("streams: 2", more, StringComparison.Ordinal).Replace("kind: cpu", "kind: pci, pci: \"19e5:d802\"", StringComparison.Ordinal));
            Fill(Path.Join(_machine.Root, "dev"), "chip0 c 240 0", "chip1 c 240 1", "chip2 c 240 2", "chip_ctl c 241 0");
            Given.Engine.Starting = container =>
            {
                if (container.IsEcho)
                    return;
                if (Directory.Exists(Path.GetDirectoryName(InsidePlace)))
                    Directory.Delete(Path.GetDirectoryName(InsidePlace)!, recursive: true);
                Fill(InsidePlace, "chip0 c 240 0", "chip_ctl c 241 0", "null c 1 3");
                _starting(this);
            };
            Given.Prepared = Given.Prepared with { Machine = new HostMachine(_machine.Root), Launch = Plan() };
        }

        public GivenRun Given { get; }

        private string InsidePlace => Path.Join(_machine.Root, $"proc/{Environment.ProcessId}/root/dev");

        public LaunchPlan Plan()
        {
            var (profile, host, engine) = (Given.Prepared.Inputs.Profile, new HostMachine(_machine.Root), Given.Engine.Description);
            return ServerDevices.Counted(profile, LaunchDecision.Plan(profile, LaunchChoice.Default, engine, host)!, engine, host);
        }

        public void Inside(string script) => Shell(InsidePlace, script);

        public void Host(string script) => Shell(Path.Join(_machine.Root, "dev"), script);

        public Task<Judgement> RunAsync() => Given.Conductor().StartAsync(Given.Prepared, Given.Runs, Token);

        public CanonicalValue.Object[] Events(string kind) =>
            [.. ConductorTests.Journal(Given.Only()).Entries.Where(entry => entry.Kind == kind).Select(entry => entry.Data)];

        public string? Lock(string group, string name) =>
            ((CanonicalValue.Object)CombinationLock.Read(File.ReadAllBytes(Given.Only().Lock)).Combination.TryGet(group)!).TryText(name);

        public void Dispose()
        {
            Given.Dispose();
            _machine.Dispose();
        }

        private static void Fill(string folder, params string[] nodes)
        {
            Directory.CreateDirectory(folder);
            Shell(folder, string.Join('\n', nodes.Select(node => $"mknod {node}")));
        }

        private static void Shell(string folder, string script)
        {
            using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-e", "-c", script]) { WorkingDirectory = folder })!;
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        }
    }
}
