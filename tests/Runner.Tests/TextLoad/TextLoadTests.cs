using System.Collections.Immutable;
using System.Text;

namespace Adaptation.Runner.Tests;

/// <summary>When requests leave, on which connections, and how a load ends.</summary>
public sealed class TextLoadTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private static readonly byte[] Good = GivenText.Bytes(GivenText.Chunked(GivenText.GoodEvents));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_closed_loop_asks_every_request_once_on_connections_that_stay(int streams)
    {
        var (bodies, connections) = (new List<string>(), 0);
        using var server = ScriptedServer.OnTcp(peer =>
        {
            Interlocked.Increment(ref connections);
            while (peer.ReadRequest())
            {
                lock (bodies)
                    bodies.Add(Encoding.UTF8.GetString(peer.Request).Split("\r\n\r\n")[1]);
                peer.Send(Good);
            }
        });
        var spec = GivenText.Spec(server.Transport) with
        {
            Requests = [.. Enumerable.Range(0, 50).Select(number => new TextRequest("/v1/completions", GivenText.Bytes($"{{\"stream\":true,\"n\":{number}}}")))],
            Arrivals = new Arrivals.Concurrent(streams, null, TimeSpan.FromMilliseconds(5)),
        };

        var result = await new TextLoadDriver().RunAsync(spec, null, Token);

        Assert.Equal((null, 0, streams), (result.BrokenOff, result.NewConnections, connections));
        Assert.Equal(Enumerable.Range(0, 50), result.Samples.Select(sample => sample.Request));
        Assert.All(result.Samples, sample => Assert.Equal((null, "Hello world"), (sample.Explanation, GivenText.Text(sample))));
        Assert.Equal(Enumerable.Range(0, 50).Select(number => $"{{\"stream\":true,\"n\":{number}}}").Order(), bodies.Order());
        Assert.All(result.Samples, sample => Assert.True(0 <= sample.Due && sample.Due <= sample.Sent && sample.Sent <= sample.FirstByte && sample.FirstByte <= sample.Ended));
        Assert.Equal(result.Samples.Max(sample => sample.Ended), result.Ended);
    }

    [Fact]
    public async Task The_next_request_of_a_stream_is_due_when_one_has_ended()
    {
        using var server = ScriptedServer.Answering(Good);

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 5));

        Assert.Equal([0, .. result.Samples.Take(4).Select(sample => sample.Ended)], result.Samples.Select(sample => sample.Due));
    }

    [Fact]
    public async Task Nothing_becomes_due_after_the_stop_and_what_is_under_way_is_answered()
    {
        using var server = ScriptedServer.Answering(Good);
        var stop = TimeSpan.FromMilliseconds(50);

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 100_000) with { Arrivals = new Arrivals.Concurrent(2, stop, TimeSpan.Zero) });

        Assert.InRange(result.Samples.Length, 1, 99_999);
        Assert.All(result.Samples, sample => Assert.True(sample.Due <= 50_000_000 && sample.Failure is null, sample.Explanation));
    }

    [Fact] // asked for the third time, the server stays silent
    public async Task A_load_that_is_stopped_ends_with_what_was_answered_and_says_so()
    {
        using var stopping = new CancellationTokenSource();
        using var server = ScriptedServer.OnTcp(peer =>
        {
            for (var number = 0; number < 2 && peer.ReadRequest(); number++)
                peer.Send(Good);
            peer.ReadRequest();
            stopping.Cancel();
            peer.WaitForHangUp();
        });

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 5) with { Stop = stopping.Token });

        Assert.Equal([0, 1], result.Samples.Select(sample => sample.Request));
        Assert.All(result.Samples, sample => Assert.Null(sample.Failure));
        Assert.Contains("stopped", result.BrokenOff, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_that_was_stopped_before_it_began_asks_nothing()
    {
        using var server = ScriptedServer.Answering(Good);

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 5) with { Stop = new CancellationToken(canceled: true) });

        Assert.Empty(result.Samples);
        Assert.NotNull(result.BrokenOff);
    }

    [Fact]
    public async Task Streams_start_evenly_over_the_ramp()
    {
        using var server = ScriptedServer.OnTcp(peer =>
        {
            while (peer.ReadRequest())
            {
                peer.Send(Good[..^5]); // its end never comes
            }
        });

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 4) with
        {
            Arrivals = new Arrivals.Concurrent(4, null, TimeSpan.FromMilliseconds(40)),
            RequestLimit = TimeSpan.FromMilliseconds(100),
        });

        Assert.Equal([0L, 10_000_000, 20_000_000, 30_000_000], result.Samples.Select(sample => sample.Due));
        Assert.All(result.Samples, sample => Assert.Equal(TextFailure.Timeout, sample.Failure));
    }

    [Fact]
    public async Task An_open_loop_keeps_its_schedule_though_nothing_is_answered()
    {
        var release = new ManualResetEventSlim();
        var asked = 0;
        using var server = ScriptedServer.OnTcp(peer =>
        {
            while (peer.ReadRequest())
            {
                if (Interlocked.Increment(ref asked) == 5)
                    release.Set();
                release.Wait(Token);
                peer.Send(Good);
            }
        });
        var due = ImmutableArray.Create(0L, 1_000_000, 1_000_000, 7_000_000, 9_000_000);

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 5) with { Arrivals = new Arrivals.Scheduled(due) });

        Assert.Equal(due, result.Samples.Select(sample => sample.Due));
        Assert.All(result.Samples, sample => Assert.True(sample.Failure is null && sample.Sent >= sample.Due && sample.FirstByte >= 9_000_000));
        Assert.Equal(0, result.NewConnections);
    }

    [Fact]
    public async Task A_server_that_refuses_connections_breaks_the_load_off_before_it_starts()
    {
        var gone = ScriptedServer.OnTcp(_ => { });
        gone.Dispose();

        var result = await GivenText.DriveAsync(GivenText.Spec(gone.Transport, 3));

        Assert.Empty(result.Samples);
        Assert.Contains("connection 1 of 1", result.BrokenOff, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_loop_against_a_server_that_always_fails_is_broken_off()
    {
        using var server = ScriptedServer.Answering(GivenText.Json("""{"error":"down"}""", 503));

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 1000));

        Assert.Contains("100 requests failed in a row", result.BrokenOff, StringComparison.Ordinal);
        Assert.Equal(100, result.Samples.Length);
    }

    [Fact]
    public async Task A_server_that_dies_under_load_fails_the_rest_as_unconnected()
    {
        ScriptedServer? server = null;
        server = ScriptedServer.OnTcp(peer =>
        {
            peer.ReadRequest();
            server!.Dispose();
        });

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 5));

        Assert.Equal([TextFailure.Broken, .. Enumerable.Repeat(TextFailure.NoConnection, 4)], result.Samples.Select(sample => sample.Failure!.Value));
    }

    [Fact]
    public async Task A_load_that_is_cancelled_ends_with_all_connections_closed()
    {
        using var cancel = new CancellationTokenSource();
        var (asked, hungUp) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var server = ScriptedServer.OnTcp(peer =>
        {
            peer.ReadRequest();
            asked.SetResult();
            peer.WaitForHangUp();
            hungUp.SetResult();
        });
        var load = TextLoadDriver.DriveAsync(GivenText.Spec(server.Transport), null, cancel.Token);
        await asked.Task;

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        await hungUp.Task;
    }

    [Fact]
    public async Task Progress_is_told_from_what_happened()
    {
        var told = new TaskCompletionSource<TextLoadProgress>();
        using var server = ScriptedServer.OnTcp(peer =>
        {
            peer.ReadRequest();
            peer.Send(Good[..200]);
            told.Task.GetAwaiter().GetResult();
            peer.Send(Good[200..]);
            peer.WaitForHangUp();
        });

        await TextLoadDriver.DriveAsync(GivenText.Spec(server.Transport), new Told(told), Token);

        var progress = await told.Task;
        Assert.Equal((1, 1, 0, 0), (progress.Due, progress.InFlight, progress.Ended, progress.Failed));
    }

    private sealed class Told(TaskCompletionSource<TextLoadProgress> told) : IProgress<TextLoadProgress>
    {
        public void Report(TextLoadProgress value) => told.TrySetResult(value);
    }
}
