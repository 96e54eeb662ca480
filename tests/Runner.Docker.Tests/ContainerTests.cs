using System.Net.Sockets;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner.Docker.Tests;

/// <summary>Real containers in a real daemon.</summary>
public sealed class ContainerTests(DockerFixture docker)
{
    private const int Limit = 120_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task The_kernel_confirms_that_a_container_is_hardened()
    {
        await using var container = await docker.Engine.StartAsync(docker.Spec("hardened", "sleep", "600"), Token);

        var state = await container.InspectAsync(Token);

        Assert.True(state.IsRunning);
        Assert.NotNull(state.ProcessId);
        var expected = new Dictionary<string, string>
        {
            ["privileged"] = "false",
            ["host_network"] = "false",
            ["host_pid"] = "false",
            ["host_ipc"] = "false",
            ["capabilities.added"] = "",
            ["capabilities.dropped"] = "ALL",
            ["capabilities.effective"] = "0000000000000000",
            ["no_new_privileges"] = "true",
            ["read_only_root"] = "true",
            ["uid"] = "10001",
            ["seccomp"] = "2",
            ["devices"] = "",
            ["writable_mounts"] = "",
            ["memory_limited"] = "true",
            ["cpu_limited"] = "true",
            ["pids_limited"] = "true",
            ["network_mode"] = "none",
            ["image"] = docker.Busybox.Digest,
        };
        Assert.Equal(expected, state.Facts);
    }

    [Fact(Timeout = Limit)]
    public async Task A_weakened_container_says_so_in_every_fact()
    {
        using var folder = new Given.Folder();
        var spec = docker.Spec("weak", "sleep", "600") with
        {
            User = "0:0",
            Network = new ContainerNetwork.Host(),
            Mounts = [new Mount(folder.Path, "/data", ReadOnly: false)],
            // not privileged: a virtual machine that lacks a single capability cannot start such a container; the golden file has that case
            Weaknesses = new(WritableRoot: true, MayGainPrivileges: true, HostPid: true, HostIpc: true) { Capabilities = ["SYS_PTRACE"] },
        };
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var facts = (await container.InspectAsync(Token)).Facts;

        Assert.All(["host_network", "host_pid", "host_ipc"], key => Assert.Equal("true", facts[key]));
        Assert.All(["no_new_privileges", "read_only_root"], key => Assert.Equal("false", facts[key]));
        Assert.Equal(("0", "SYS_PTRACE", "/data", "host"), (facts["uid"], facts["capabilities.added"], facts["writable_mounts"], facts["network_mode"]));
        Assert.Equal("0000000000080000", facts["capabilities.effective"]);
        Assert.DoesNotContain(facts.Keys, key => key.StartsWith("conflict.", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_container_writes_nowhere_but_to_its_tmp_runs_nothing_there_and_sees_only_its_loopback()
    {
        const string Script = """
            b=/bin/busybox
            $b touch /x 2>&1; echo root $?
            $b touch /tmp/x; echo tmp $?
            $b cp $b /tmp/b; /tmp/b true 2>&1; echo exec $?
            $b dd if=/dev/zero of=/tmp/big bs=1M count=8 2>/dev/null; echo big $?
            $b ls /sys/class/net
            """;
        var spec = docker.Spec("confined", "sh", "-c", Script) with { TmpBytes = 4 * 1024 * 1024 };
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var output = await container.ReadAllAsync(Token);

        Assert.Contains("Read-only file system", output, StringComparison.Ordinal);
        Assert.Contains("root 1\ntmp 0\n", output, StringComparison.Ordinal);
        Assert.Contains("Permission denied\nexec 126\n", output, StringComparison.Ordinal);
        Assert.EndsWith("big 1\nlo\n", output, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_memory_flood_is_ended_and_said_to_have_been_one()
    {
        var spec = docker.Spec("flood", "dd", "if=/dev/zero", "of=/dev/null", "bs=400M", "count=1");
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var state = await container.UntilAsync(state => !state.IsRunning, Token);

        Assert.True(state.OutOfMemory);
        Assert.Equal(137, state.ExitCode);
        Assert.Null(state.ProcessId);
    }

    [Fact(Timeout = Limit)]
    public async Task A_log_flood_streams_and_stays_bounded_on_disk()
    {
        const string Line = "0123456789012345678901234567890123456789012345678901234567890123456789";
        var spec = docker.Spec("log", "sh", "-c", $"/bin/busybox yes {Line} | /bin/busybox head -c 200000000; echo; echo the end");
        await using var container = await docker.Engine.StartAsync(spec, Token);
        var folder = Path.Combine(docker.Machine.StateFolder, "docker/data/containers", container.Id);
        long streamed = 0, largest = 0;
        var tail = "";

        await foreach (var chunk in container.LogAsync(Token))
        {
            streamed += chunk.Length;
            tail = tail[^Math.Min(tail.Length, 20)..] + Encoding.UTF8.GetString(chunk.Span);
            largest = Math.Max(largest, LogBytes(folder));
        }

        Assert.EndsWith("the end\n", tail, StringComparison.Ordinal);
        Assert.InRange(streamed, 1_000_000, 201_000_000);
        Assert.InRange(largest, 1, 17_000_000); // 8 MiB, and as much again while it is rotated
        TestContext.Current.TestOutputHelper!.WriteLine($"streamed {streamed} bytes, largest log {largest} bytes");
    }

    [Fact(Timeout = Limit)]
    public async Task A_container_that_exits_at_once_leaves_its_code_and_every_byte_of_its_output_in_order()
    {
        var spec = docker.Spec("short", "sh", "-c", "echo one; echo two >&2; echo three; exit 7");
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var output = await container.ReadAllAsync(Token);

        var state = await container.UntilAsync(state => !state.IsRunning, Token);
        Assert.Equal((7, false), (state.ExitCode, state.OutOfMemory));
        Assert.Equal(["one", "three", "two"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact(Timeout = Limit)]
    public async Task A_device_or_mount_that_is_not_there_is_named_before_anything_is_made()
    {
        var device = await Assert.ThrowsAsync<BrokenEnvironmentException>(
            () => docker.Engine.StartAsync(docker.Spec("absent", "true") with { Devices = ["/dev/davinci77"] }, Token));
        var mount = await Assert.ThrowsAsync<BrokenEnvironmentException>(
            () => docker.Engine.StartAsync(docker.Spec("absent", "true") with { Mounts = [new("/nonexistent", "/m", ReadOnly: true)] }, Token));

        Assert.Contains("/dev/davinci77 is not on this machine", device.Message, StringComparison.Ordinal);
        Assert.Contains("/nonexistent", mount.Message, StringComparison.Ordinal);
        Assert.Empty(await docker.Engine.FindAsync("absent", Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_named_device_is_there_and_no_other()
    {
        var spec = docker.Spec("device", "ls", "/dev") with { Devices = ["/dev/fuse"] };
        Assert.SkipUnless(File.Exists("/dev/fuse"), "this machine has no /dev/fuse");
        await using var container = await docker.Engine.StartAsync(spec, Token);

        var output = await container.ReadAllAsync(Token);

        Assert.Equal(
            ["fd", "full", "fuse", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task What_a_failed_start_had_made_is_removed_again()
    {
        var spec = docker.Spec("failed", "true") with { User = "no-such-user", Network = new ContainerNetwork.PublishedPort(8000) };

        var error = await Assert.ThrowsAsync<DockerException>(() => docker.Engine.StartAsync(spec, Token));

        Assert.Contains("no-such-user", error.Message, StringComparison.Ordinal);
        Assert.Empty(await docker.Engine.FindAsync("failed", Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_port_on_an_internal_network_is_reached_from_here_and_its_network_goes_with_the_container()
    {
        var spec = docker.Spec("port", "nc", "-ll", "-p", "8000", "-e", "/bin/busybox", "echo", "hello") with { Network = new ContainerNetwork.PublishedPort(8000) };
        await using var container = await docker.Engine.StartAsync(spec, Token);
        var state = await container.InspectAsync(Token);

        var answer = await AskAsync(state.Port!);

        Assert.Equal("hello\n", answer);
        Assert.Equal("internal", state.Facts["network_mode"]);
        await container.DisposeAsync();
        Assert.Empty(await docker.Engine.FindAsync("port", Token));
    }

    [Fact(Timeout = Limit)]
    public async Task Following_a_log_can_be_given_up()
    {
        await using var container = await docker.Engine.StartAsync(docker.Spec("follow", "sh", "-c", "echo begun; exec /bin/busybox sleep 600"), Token);
        using var cancel = new CancellationTokenSource();
        await using var log = container.LogAsync(cancel.Token).GetAsyncEnumerator(Token);
        Assert.True(await log.MoveNextAsync());
        var waiting = log.MoveNextAsync().AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task Leftovers_are_found_with_their_owner_and_removed_and_disposing_after_that_is_safe()
    {
        await using var container = await docker.Engine.StartAsync(
            docker.Spec("left", "sleep", "600") with { Network = new ContainerNetwork.PublishedPort(80), Owner = "dead:1:1" }, Token);
        await using var other = await docker.Engine.StartAsync(docker.Spec("other", "sleep", "600"), Token);

        var found = await docker.Engine.FindAsync("left", Token);
        foreach (var leftover in found)
            await docker.Engine.RemoveAsync(leftover, Token);

        Assert.Equal(["container", "network"], found.Select(leftover => leftover.Kind));
        Assert.All(found, leftover => Assert.Equal(("left", "dead:1:1"), (leftover.RunId, leftover.Owner)));
        Assert.Empty(await docker.Engine.FindAsync("left", Token));
        Assert.Contains(await docker.Engine.FindAsync(runId: null, Token), leftover => leftover.RunId == "other" && RunOwner.IsAlive(leftover.Owner));
        await docker.Engine.RemoveAsync(found[0], Token);
        await container.DisposeAsync();
        await container.DisposeAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_start_that_is_cancelled_leaves_nothing_behind()
    {
        using var cancel = new CancellationTokenSource();
        var starting = docker.Engine.StartAsync(docker.Spec("cancelled", "sleep", "600") with { Network = new ContainerNetwork.PublishedPort(80) }, cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        Assert.Empty(await docker.Engine.FindAsync("cancelled", Token));
    }

    private static long LogBytes(string folder)
    {
        try
        {
            return Directory.EnumerateFiles(folder, "*-json.log*").Sum(file => new FileInfo(file).Length);
        }
        catch (FileNotFoundException)
        {
            return 0; // it is just being rotated
        }
    }

    private static async Task<string> AskAsync(System.Net.IPEndPoint port)
    {
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(port, Token);
                return await new StreamReader(client.GetStream()).ReadToEndAsync(Token);
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token); // it is still starting
            }
        }
    }
}
