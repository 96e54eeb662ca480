using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Docker.Tests;

/// <summary>A chip's launch plan in a real engine: what it is asked for, what it says that it made, and the command that is shown to people.</summary>
public sealed class LaunchTests(DockerFixture docker)
{
    private const int Limit = 120_000;

    private static readonly string[] OfHost =
    [
        "Devices", "Mounts", "CapAdd", "CapDrop", "SecurityOpt", "IpcMode", "PidMode", "NetworkMode", "Memory", "MemorySwap", "NanoCpus", "PidsLimit", "Ulimits", "ShmSize", "GroupAdd",
        "ReadonlyRootfs", "Tmpfs", "Privileged", "LogConfig", "Runtime",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task The_engine_makes_what_is_planned_and_the_command_that_is_shown_makes_the_same()
    {
        using var folder = new Given.Folder();
        using var nodes = new SimulatedNodes($"/dev/adaptation-{Environment.ProcessId}-davinci0", $"/dev/adaptation-{Environment.ProcessId}-manager");
        var plan = new LaunchPlan(LaunchForm.Plain, [0])
        {
            Devices = nodes.Paths,
            Mounts = [new Mount(folder.Path, "/usr/local/dcmi", ReadOnly: true)],
            Environment = ImmutableSortedDictionary<string, string>.Empty.Add("ASCEND_RT_VISIBLE_DEVICES", "0").Add("NOTE", "it's two words"),
            Groups = ["44"],
            ShmBytes = 1 << 20,
            Ulimits = ImmutableSortedDictionary<string, long>.Empty.Add("nofile", 512).Add("stack", 4194304),
        };
        await MadeAsShownAsync(plan);
    }

    [Fact(Timeout = Limit)]
    public async Task The_plan_of_a_shipped_profile_is_made_and_its_devices_are_counted_inside()
    {
        using var folder = new Given.Folder();
        using var nodes = new SimulatedNodes("/dev/davinci0", "/dev/davinci1", "/dev/davinci7", "/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc");
        var file = Path.Combine(Golden.Root, "hardware-profiles/ascend/910b3-vllm-ascend.yaml");
        var profile = ProfileReader.TryRead(file, file, Golden.Root, [])!;
        var shipped = ServerDevices.Counted(
            profile, LaunchDecision.Plan(profile, LaunchChoice.Parse("plain", "0,1"), docker.Engine.Description, HostMachine.Local)!, docker.Engine.Description, HostMachine.Local);
        var plan = shipped with
        {
            Mounts = [.. shipped.Mounts.Select(mount => mount with { Source = folder.Path })], // no driver lies on this machine
            Ulimits = shipped.Ulimits.SetItem("memlock", 65536).SetItem("stack", 4194304), // within what any engine may set
        };

        var seen = await MadeAsShownAsync(plan);

        Assert.Equal(["/dev/davinci0", "/dev/davinci1", "/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc"], plan.Counted!.Inside.Keys);
        Assert.Contains("/dev/davinci7", plan.Counted.Beside.Keys);
        Assert.Null(seen.Problem);
        Assert.Equal(plan.Counted.Inside, seen.Inside);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "none", "chip0 (c 240:10) is missing" },
        { "other", "chip0 (c 240:10) is missing" },
        { "more", "chip1 of this machine, which is not planned" },
        { "privileged", "chip1 of this machine, which is not planned" },
        { "swapped", "chip0 should be c 240:10 and is c 240:11" },
        { "file", "chip0 should be c 240:10 and is a plain file" },
        { "right", "" },
    };

    [Theory(Timeout = Limit), MemberData(nameof(Wrong))]
    public async Task A_container_is_accepted_with_the_planned_devices_alone(string made, string words)
    {
        using var folder = new Given.Folder();
        using var nodes = new SimulatedNodes($"/dev/adaptation-{Environment.ProcessId}-chip0", $"/dev/adaptation-{Environment.ProcessId}-chip1");
        var (chip0, chip1) = (nodes.Paths[0], nodes.Paths[1]);
        var plan = new LaunchPlan(LaunchForm.Plain, [0])
        {
            Devices = [chip0],
            Counted = new([chip0], One(chip0), One(chip1)),
        };
        var spec = plan.AddTo(docker.Spec("launch", "sleep", "600"));
        // what an engine makes of a request that it ignores, or that the profile adds to
        spec = made switch
        {
            "none" => spec with { Devices = [] },
            "other" => spec with { Devices = [chip1] },
            "more" => spec with { Devices = [chip0, chip1] },
            "privileged" => spec with { Weaknesses = new(Privileged: true) },
            "swapped" => spec with { Devices = [], Mounts = [new Mount(chip1, chip0, ReadOnly: true)] },
            "file" => spec with { Devices = [], Mounts = [new Mount(folder.File("chip0", ""), chip0, ReadOnly: true)] },
            _ => spec,
        };
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var sight = ServerDevices.Look(plan, plan.Counted!, docker.Engine.Description, HostMachine.Local, (await container.InspectAsync(Token)).ProcessId);

        Assert.True(sight.IsWhole);
        if (words.Length == 0)
            Assert.Null(sight.Problem);
        else
            Assert.Contains(words, sight.Problem, StringComparison.Ordinal);

        static ImmutableSortedDictionary<string, string> One(string path) =>
            ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create(path, HostMachine.Local.TryNode(path).ToString()!)]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_limit_that_the_engine_may_not_set_is_this_machines_trouble_and_says_what_to_do()
    {
        if (await File.ReadAllTextAsync("/proc/self/limits", Token) is var limits && limits.Split('\n').Any(line => line.StartsWith("Max locked memory", StringComparison.Ordinal) && line.Contains("unlimited", StringComparison.Ordinal)))
            return; // here it may: nothing is refused
        var plan = new LaunchPlan(LaunchForm.Plain, [0]) { Ulimits = ImmutableSortedDictionary<string, long>.Empty.Add("memlock", -1) };

        var refused = await Assert.ThrowsAsync<BrokenEnvironmentException>(async () => await StartAsync(plan));

        Assert.Contains("memlock=-1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("LimitMEMLOCK", refused.Message, StringComparison.Ordinal);

        async Task StartAsync(LaunchPlan asked)
        {
            await using var container = await docker.Engine.StartAsync(asked.AddTo(docker.Spec("launch", "sleep", "600")), Token);
        }
    }

    /// <summary>Starts it, and holds what the engine made against what is planned and against what the shown command makes.</summary>
    private async Task<DeviceSight> MadeAsShownAsync(LaunchPlan plan)
    {
        var spec = plan.AddTo(docker.Spec("launch", "sleep", "600") with { TmpBytes = 1 << 20 });
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var made = await InspectAsync(container.Id);
        var shown = (await DockerAsync("sh", "-c", DockerRun.Text(spec).Replace("docker run --rm", $"docker -H {docker.Endpoint} create", StringComparison.Ordinal))).Trim();
        try
        {
            var byHand = await InspectAsync(shown);

            Assert.Equal(plan.Devices, made["HostConfig"]!["Devices"]!.AsArray().Select(device => (string)device!["PathOnHost"]!));
            Assert.Equal(plan.ShmBytes, (long)made["HostConfig"]!["ShmSize"]!);
            Assert.Equal(plan.Groups, (made["HostConfig"]!["GroupAdd"]?.AsArray() ?? []).Select(group => (string)group!));
            Assert.Equal(plan.Ulimits, made["HostConfig"]!["Ulimits"]!.AsArray().Where(limit => (string)limit!["Name"]! != "core").Select(limit => KeyValuePair.Create((string)limit!["Name"]!, (long)limit["Hard"]!)));
            Assert.All(plan.Mounts, mount => Assert.Contains(made["HostConfig"]!["Mounts"]!.AsArray(), bind =>
                ((string)bind!["Source"]!, (string)bind["Target"]!, (bool)bind["ReadOnly"]!) == (mount.Source, mount.Target, true)));
            Assert.All(plan.Environment, setting => Assert.Contains($"{setting.Key}={setting.Value}", made["Config"]!["Env"]!.AsArray().Select(text => (string)text!)));
            Assert.All(OfHost, field => Assert.Equal(Sorted(made["HostConfig"]![field]), Sorted(byHand["HostConfig"]![field])));
            Assert.All(["User", "Env", "Cmd", "Healthcheck"], field => Assert.Equal(Sorted(made["Config"]![field]), Sorted(byHand["Config"]![field])));
            var state = await container.InspectAsync(Token);
            Assert.Equal(string.Join(',', plan.Devices), state.Facts["devices"]);
            return plan.Counted is null ? new(plan, [], IsWhole: false, null) : ServerDevices.Look(plan, plan.Counted, docker.Engine.Description, HostMachine.Local, state.ProcessId);
        }
        finally
        {
            await DockerAsync("docker", "-H", docker.Endpoint, "rm", "--force", shown);
        }
    }

    private async Task<JsonNode> InspectAsync(string id) => JsonNode.Parse(await DockerAsync("docker", "-H", docker.Endpoint, "inspect", id))!.AsArray()[0]!;

    /// <summary>Lists without their order, nothing and an empty list alike: the engine keeps what it was handed.</summary>
    private static string Sorted(JsonNode? node) => node switch
    {
        null => "",
        JsonArray { Count: 0 } => "",
        JsonArray array => string.Join('\n', array.Select(Sorted).Order(StringComparer.Ordinal)),
        JsonObject obj => $"{{{string.Join(',', obj.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{Sorted(pair.Value)}"))}}}",
        _ => node.ToJsonString(JsonSerializerOptions.Default),
    };

    private static async Task<string> DockerAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await errors}");
        return await output;
    }

    /// <summary>Character devices of a range for experiments, under names that are free on this machine; gone after the test.</summary>
    private sealed class SimulatedNodes : IDisposable
    {
        public SimulatedNodes(params string[] paths)
        {
            foreach (var (path, at) in paths.Select((path, at) => (path, at)))
            {
                Assert.False(Path.Exists(path), $"{path} is on this machine: the test would touch a real device");
                DockerAsync("mknod", path, "c", "240", $"{10 + at}").GetAwaiter().GetResult();
                Paths = Paths.Add(path);
            }
        }

        public ImmutableArray<string> Paths { get; private set; } = [];

        public void Dispose()
        {
            foreach (var path in Paths)
                File.Delete(path);
        }
    }
}
