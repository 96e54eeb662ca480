using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

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
        using var nodes = new SimulatedNodes("davinci0", "davinci_manager");
        var plan = new LaunchPlan(LaunchForm.Plain, [0])
        {
            Devices = nodes.Paths,
            Mounts = [new Mount(folder.Path, "/usr/local/dcmi", ReadOnly: true)],
            Environment = ImmutableSortedDictionary<string, string>.Empty.Add("ASCEND_RT_VISIBLE_DEVICES", "0").Add("NOTE", "it's two words"),
            Groups = ["44"],
            ShmBytes = 1 << 20,
            Ulimits = ImmutableSortedDictionary<string, long>.Empty.Add("nofile", 512).Add("stack", 4194304),
        };
        var spec = plan.AddTo(docker.Spec("launch", "sleep", "600") with { TmpBytes = 1 << 20 });
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var made = await InspectAsync(container.Id);
        var shown = (await DockerAsync("sh", "-c", DockerRun.Text(spec).Replace("docker run --rm", $"docker -H {docker.Endpoint} create", StringComparison.Ordinal))).Trim();
        try
        {
            var byHand = await InspectAsync(shown);

            Assert.Equal(nodes.Paths, made["HostConfig"]!["Devices"]!.AsArray().Select(device => (string)device!["PathOnHost"]!));
            Assert.Equal(1 << 20, (long)made["HostConfig"]!["ShmSize"]!);
            Assert.All(OfHost, field => Assert.Equal(Sorted(made["HostConfig"]![field]), Sorted(byHand["HostConfig"]![field])));
            Assert.All(["User", "Env", "Cmd", "Healthcheck"], field => Assert.Equal(Sorted(made["Config"]![field]), Sorted(byHand["Config"]![field])));
            Assert.Equal(string.Join(',', nodes.Paths), (await container.InspectAsync(Token)).Facts["devices"]);
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
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await errors}");
        return await output;
    }

    /// <summary>Character devices that answer like /dev/null, under the names of a vendor's.</summary>
    private sealed class SimulatedNodes : IDisposable
    {
        public SimulatedNodes(params string[] names)
        {
            Paths = [.. names.Select(name => $"/dev/adaptation-test-{Environment.ProcessId}-{name}")];
            foreach (var path in Paths)
                DockerAsync("mknod", path, "c", "1", "3").GetAwaiter().GetResult();
        }

        public ImmutableArray<string> Paths { get; }

        public void Dispose()
        {
            foreach (var path in Paths)
                File.Delete(path);
        }
    }
}
