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
    public async Task A_request_without_a_free_connection_fails_at_once_and_the_others_do_not()
    {
        using var server = ScriptedServer.OnTcp(peer =>
        {
            peer.ReadRequest();
            peer.Send(Good[..^5]);
            peer.WaitForHangUp();
        });

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 3) with
        {
            Arrivals = new Arrivals.Scheduled([0, 1_000_000, 2_000_000]),
            MaxConnections = 2,
            RequestLimit = TimeSpan.FromSeconds(2),
        });

        Assert.Equal([TextFailure.Timeout, TextFailure.Timeout, TextFailure.NoConnection], result.Samples.Select(sample => sample.Failure!.Value));
        Assert.Equal((-1, result.Samples[2].Due), (result.Samples[2].FirstByte, result.Samples[2].Sent));
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, "The connection was closed before any answer")] // once more, and no oftener
    public async Task A_request_that_a_kept_connection_was_closed_on_is_sent_once_more_and_its_time_runs_from_the_first_sending(int leaves, string? failure)
    {
        var (wait, left) = (TimeSpan.FromMilliseconds(20), 0);
        using var server = ScriptedServer.OnTcp(peer =>
        {
            if (!peer.ReadRequest() || (left > 0 && left < leaves && ++left > 0))
                return;
            peer.Send(Good);
            if (left > 0 || !peer.ReadRequest())
                return;
            left = 1; // as some do after a streamed answer: the next request is read, and the connection closed without a word
            Task.Delay(wait, TimeProvider.System).Wait();
        });

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 2));

        Assert.Null(result.Samples[0].Explanation);
        Assert.StartsWith(failure ?? "", result.Samples[1].Explanation ?? "", StringComparison.Ordinal);
        Assert.Equal(failure is null, result.Samples[1].Explanation is null);
        Assert.True(result.Samples[1].Ended - result.Samples[1].Sent >= wait.Ticks * 100, "the time that the server won by closing was not counted");
    }

    [Fact]
    public async Task Connections_that_the_server_closes_are_replaced_and_counted()
    {
        using var server = ScriptedServer.OnTcp(peer =>
        {
            peer.ReadRequest();
            peer.Send(Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(Good).Replace("OK\r\n", "OK\r\nConnection: close\r\n", StringComparison.Ordinal)));
        });

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 4));

        Assert.All(result.Samples, sample => Assert.Null(sample.Explanation));
        Assert.Equal((4, 3), (result.Samples.Length, result.NewConnections));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_that_speaks_or_ends_while_idle_is_given_up(bool speaks)
    {
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            if (!speaks)
                return;
            peer.Send(Good);
            peer.WaitForHangUp();
        });
        using var epoll = new Epoll();
        using var connection = Ready(server, epoll);

        connection.Serve(Epoll.Readable, new ReceiveClock(() => 0));

        Assert.True(connection.IsClosed);
    }

    [Fact]
    public void A_request_is_not_sent_where_an_answer_waits_already()
    {
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.Send(Good);
            peer.WaitForHangUp();
        });
        using var epoll = new Epoll();
        using var connection = Ready(server, epoll);
        var exchange = new TextExchange(0);

        Assert.True(connection.Start(exchange, new byte[5], new byte[5]));

        Assert.Equal((true, TextFailure.Protocol), (exchange.IsOver, exchange.Failure));
        Assert.Contains("ahead of its question", exchange.Explanation, StringComparison.Ordinal);
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

    /// <summary>A connection on which something is to be received, be it the end.</summary>
    private static TextConnection Ready(ScriptedServer server, Epoll epoll)
    {
        using var watch = new CallWatch(TimeProvider.System);
        watch.Start(GivenWire.Ample, Token);
        var socket = server.Transport.Connect(watch);
        watch.Stop();
        socket.Poll(-1, System.Net.Sockets.SelectMode.SelectRead);
        return new(socket, 0, epoll);
    }

    private sealed class Told(TaskCompletionSource<TextLoadProgress> told) : IProgress<TextLoadProgress>
    {
        public void Report(TextLoadProgress value) => told.TrySetResult(value);
    }
}
