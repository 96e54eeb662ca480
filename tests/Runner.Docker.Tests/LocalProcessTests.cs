using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner.Docker.Tests;

public sealed class LocalProcessTests : IDisposable
{
    private const int Limit = 60_000;

    private readonly Given.Folder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string State => Path.Combine(_folder.Path, "state");

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = Limit)]
    public async Task A_process_gets_its_own_paths_for_those_inside_the_container()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        var spec = (await SpecAsync(engine, "echo $1 $SOCKET $OTHER; cat $1/weights")) with
        {
            Command = ["/model"],
            Environment = ImmutableSortedDictionary<string, string>.Empty.Add("SOCKET", "unix:/run/s/a.sock").Add("OTHER", "/models /opt/engine/libx.so"),
            Mounts = [new Mount(_folder.Path, "/model", ReadOnly: true), new Mount("/srv/run", "/run/s", ReadOnly: false)],
        };
        _folder.File("weights", "the weights");
        await using var container = await engine.StartAsync(spec, Token);

        var output = await container.ReadAllAsync(Token);

        Assert.Equal($"{_folder.Path} unix:/srv/run/a.sock /models {_folder.Path}/libx.so\nthe weights", output);
        Assert.False(engine.Description.IsContainer);
    }

    [Fact(Timeout = Limit)]
    public async Task Both_streams_come_in_order_and_the_exit_code_with_them()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        await using var container = await engine.StartAsync(await SpecAsync(engine, "echo 1; echo 2 >&2; echo 3; exit 7"), Token);

        var output = await container.ReadAllAsync(Token);

        var state = await container.UntilAsync(state => !state.IsRunning, Token);
        Assert.Equal(("1\n2\n3\n", 7), (output, state.ExitCode));
    }

    [Fact(Timeout = Limit)]
    public async Task Disposing_ends_the_whole_tree_and_can_be_done_twice()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        var container = await engine.StartAsync(await SpecAsync(engine, "(trap '' TERM; sleep 600) & setsid sleep 600 & echo $!; wait"), Token);
        await using var log = container.LogAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await log.MoveNextAsync());
        var sleeper = int.Parse(System.Text.Encoding.UTF8.GetString(log.Current.Span).Trim(), CultureInfo.InvariantCulture);
        Assert.NotNull(ProcessIdentity.Find(sleeper));

        await container.DisposeAsync();
        await container.DisposeAsync();

        Assert.Null(ProcessIdentity.Find(sleeper));
        Assert.Empty(await engine.FindAsync(runId: null, Token));
        Assert.False((await container.InspectAsync(Token)).IsRunning);
    }

    [Fact(Timeout = Limit)]
    public async Task Leftovers_are_found_by_another_engine_and_removed()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        var container = await engine.StartAsync(await SpecAsync(engine, "sleep 600"), Token);
        var process = ProcessIdentity.Find((await container.InspectAsync(Token)).ProcessId!.Value);
        await using var next = new LocalProcessEngine(State, TimeProvider.System);

        var leftover = Assert.Single(await next.FindAsync("run-1", Token));
        await next.RemoveAsync(leftover, Token);
        await next.RemoveAsync(leftover, Token);

        Assert.Equal(("process", "boot:1:2"), (leftover.Kind, leftover.Owner));
        Assert.False(process!.IsAlive);
        Assert.Empty(await next.FindAsync(runId: null, Token));
        Assert.Empty(await next.FindAsync("another", Token));
        await container.DisposeAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_record_that_names_another_process_by_now_ends_nobody()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        var foreign = RunOwner.Current.Split(':') is [var boot, var id, _] ? $"{boot}:{id}:1" : "";
        _folder.File($"state/{foreign.Replace(':', '-')}.process", $$"""{"RunId":"old","Owner":"boot:1:2","Process":"{{foreign}}"}""");
        _folder.File("state/garbage.process", "{ cut o");

        var leftover = Assert.Single(await engine.FindAsync("old", Token));
        await engine.RemoveAsync(leftover, Token);

        Assert.Empty(await engine.FindAsync(runId: null, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task Memory_beyond_the_limit_is_refused_to_the_process()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        await using var container = await engine.StartAsync(await SpecAsync(engine, "dd if=/dev/zero of=/dev/null bs=300M count=1 2>&1; echo $?"), Token);

        var output = await container.ReadAllAsync(Token);

        Assert.Contains("memory exhausted", output, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_flood_that_nobody_reads_neither_blocks_the_process_nor_fills_the_memory()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        await using var container = await engine.StartAsync(await SpecAsync(engine, "yes | head -c 100000000; echo the end"), Token);
        await container.UntilAsync(state => !state.IsRunning, Token);

        var output = await container.ReadAllAsync(Token);

        Assert.EndsWith("the end\n", output, StringComparison.Ordinal);
        Assert.InRange(output.Length, OutputBuffer.Limit / 2, OutputBuffer.Limit + 100);
        Assert.Contains("bytes of output dropped]", output, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task An_image_without_its_program_and_a_file_that_is_missing_are_named()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        var empty = await engine.BuildAsync(Given.Image(_folder, "FROM x", "none"), Given.NoOutput, Token);

        var program = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => engine.StartAsync(Given.Container with { Image = empty, Command = ["serve"] }, Token));
        var file = await Assert.ThrowsAsync<BrokenEnvironmentException>(
            () => engine.BuildAsync(Given.Image(_folder, "FROM x", "none", ("a", "/nonexistent")), Given.NoOutput, Token));

        Assert.Contains("serve", program.Message, StringComparison.Ordinal);
        Assert.Contains("/nonexistent", file.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task The_facts_claim_no_isolation_that_is_not_there()
    {
        await using var engine = new LocalProcessEngine(State, TimeProvider.System);
        await using var container = await engine.StartAsync(await SpecAsync(engine, "sleep 600"), Token);

        var facts = (await container.InspectAsync(Token)).Facts;

        Assert.Equal(("true", "true", "false", "host"), (facts["host_network"], facts["host_pid"], facts["read_only_root"], facts["network_mode"]));
        Assert.Equal(("true", "false"), (facts["memory_limited"], facts["pids_limited"]));
    }

    private async Task<ContainerSpec> SpecAsync(LocalProcessEngine engine, string script)
    {
        var program = _folder.File("host/adaptation-host", $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var image = Given.Image(_folder, "FROM x", "none", ("host/adaptation-host", program), ("engine/libx.so", _folder.File("libx.so", "x")));
        return Given.Container with { Image = await engine.BuildAsync(image, Given.NoOutput, Token) };
    }
}
