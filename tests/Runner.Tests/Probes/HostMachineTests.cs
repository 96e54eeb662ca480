using System.Diagnostics;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>How another machine is read: its files, devices and tools, and what is made of those that are absent, broken or hang.</summary>
public sealed class HostMachineTests : IDisposable
{
    private const int Limit = 60_000;
    private readonly SimulatedMachine _simulated = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private HostMachine Machine => new(_simulated.Root);

    public void Dispose() => _simulated.Dispose();

    [Fact]
    public void Device_nodes_are_told_apart_by_their_numbers_and_files_are_none()
    {
        _simulated.Node("/dev/davinci0", 236, 0).Node("/dev/davinci1", 236, 1).File("/dev/shm/file", "");

        Assert.Equal("c 236:1", Machine.TryNode("/dev/davinci1").ToString());
        Assert.NotEqual(Machine.TryNode("/dev/davinci0"), Machine.TryNode("/dev/davinci1"));
        Assert.Equal(DeviceNodeKind.None, Machine.TryNode("/dev/shm/file")!.Value.Kind);
        Assert.Null(Machine.TryNode("/dev/davinci2"));
        Assert.Equal("c 1:3", HostMachine.Local.TryNode("/dev/null").ToString());
        Assert.Equal((UnixFileMode)0b110_110_110, Machine.TryNode("/dev/davinci0")!.Value.Mode);
    }

    [Fact]
    public void What_cannot_be_read_is_absent_and_what_is_endless_is_cut()
    {
        Assert.Null(Machine.TryRead("/proc/none"));
        Assert.Empty(Machine.List("/sys/none"));
        _simulated.File("/sys/long", new string('a', 3 << 20));
        Assert.Equal(1 << 20, Machine.TryRead("/sys/long")!.Length);
        Directory.CreateDirectory(Machine.Place("/sys/folder"));
        Assert.Null(Machine.TryRead("/sys/folder"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_tool_is_found_where_vendors_put_it_and_its_failure_is_told()
    {
        _simulated.Tool("npu-smi", "all well\n").Tool("/usr/local/sbin/mx-smi", "half of it\n", exitCode: 3).Tool("/opt/vendor/bin/ixsmi", "by its path\n");

        Assert.Equal(new ToolOutput("all well\n", null), await RunAsync("npu-smi"));
        Assert.Equal("by its path\n", (await RunAsync("/opt/vendor/bin/ixsmi")).Text);
        Assert.Equal("mx-smi ended with exit code 3: ", (await RunAsync("mx-smi")).Failure);
        Assert.Equal("cnmon is not installed", (await RunAsync("cnmon")).Failure);
    }

    [Fact(Timeout = Limit)]
    public async Task A_tool_that_hangs_is_ended_with_all_that_it_started()
    {
        _simulated.Script("npu-smi", "sleep 3217 &\nsleep 3218\n");
        var since = Stopwatch.GetTimestamp();

        var output = await Machine.RunAsync(["npu-smi"], TimeSpan.FromSeconds(0.3), Token);

        Assert.Equal("npu-smi did not end within 0.3 s", output.Failure);
        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(20));
        await EndedAsync("3217", "3218");
    }

    [Theory(Timeout = Limit)] // the second holds the tool's output open until the limit
    [InlineData("sleep 3219 >/dev/null 2>&1 &\necho well\n")]
    [InlineData("(sleep 3219 >/dev/null 2>&1 &) &\necho well\n")]
    [InlineData("sleep 3219 &\necho well\n")]
    public async Task What_a_tool_leaves_behind_ends_with_it(string script)
    {
        _simulated.Script("npu-smi", script);

        await Machine.RunAsync(["npu-smi", "info"], TimeSpan.FromSeconds(0.5), Token);

        await EndedAsync("3219");
    }

    [Fact(Timeout = Limit)]
    public async Task What_is_no_plain_file_is_not_read_and_nothing_waits_for_it()
    {
        _simulated.Pipe("/sys/pipe").Node("/sys/zero", 1, 5).Link("/sys/link", "pipe");

        var read = Task.Run(() => new[] { Machine.TryRead("/sys/pipe"), Machine.TryRead("/sys/zero"), Machine.TryRead("/sys/link") }, Token);

        Assert.All(await read.WaitAsync(TimeSpan.FromSeconds(5), Token), Assert.Null);
    }

    [Fact(Timeout = Limit)]
    public async Task Endless_output_is_read_to_the_limit_and_kept_in_part()
    {
        _simulated.Script("npu-smi", "head -c 5000000 /dev/zero | tr '\\0' 'a'\n");

        var output = await RunAsync("npu-smi");

        Assert.Null(output.Failure);
        Assert.Equal(1 << 20, output.Text.Length);
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_is_no_program_could_not_be_started()
    {
        _simulated.File("/usr/bin/npu-smi", "no program");

        Assert.StartsWith("npu-smi could not be started", (await RunAsync("npu-smi")).Failure, StringComparison.Ordinal);
    }

    private Task<ToolOutput> RunAsync(string program) => Machine.RunAsync([program], TimeSpan.FromSeconds(20), Token);

    /// <summary>What was killed takes a moment to go; each would sleep for most of an hour.</summary>
    private static async Task EndedAsync(params string[] seconds)
    {
        bool IsOurs(Process sleep) => CommandLine(sleep.Id) is { } line && seconds.Any(length => line.Contains(length, StringComparison.Ordinal));
        var since = Stopwatch.GetTimestamp();
        while (Process.GetProcessesByName("sleep").Any(IsOurs) && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(5))
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        Assert.DoesNotContain(Process.GetProcessesByName("sleep"), IsOurs);
    }

    private static string? CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline");
        }
        catch (IOException)
        {
            return null; // ended meanwhile
        }
    }
}
