using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public sealed class LoadGeneratorTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_count_is_asked_exactly_and_every_stream_covers_the_requests_evenly()
    {
        using var server = ScriptedServer.Answering(GivenWire.Good());

        var result = await new LoadGenerator(Given(server, streams: 3, requests: 4), TimeProvider.System).RunCountAsync(400, Token);

        Assert.Null(result.BrokenOff);
        Assert.Equal(400, result.Samples.Length);
        Assert.All(result.Samples, sample => Assert.True(sample.Failure is null && result.Started <= sample.Sent && sample.Sent < sample.Done && sample.Done <= result.Ended));
        foreach (var stream in result.Samples.GroupBy(sample => sample.Stream))
        {
            var order = new RequestOrder(4, seed: 7, stream.Key);
            Assert.All(stream, sample => Assert.Equal(order.Next(), sample.Request));
        }
    }

    [Fact]
    public async Task A_duration_ends_on_the_clock_and_what_is_under_way_still_counts()
    {
        var clock = new HandClock();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            while (peer.ReadRequest())
            {
                clock.Advance(TimeSpan.FromSeconds(2));
                peer.Send(GivenWire.Good());
            }
        });

        var result = await new LoadGenerator(Given(server), clock).RunForAsync(TimeSpan.FromSeconds(5), Token);

        Assert.Equal(3, result.Samples.Length); // at 0, 2 and 4 s
        Assert.All(result.Samples, sample => Assert.Equal(TimeSpan.FromSeconds(2).Ticks, sample.Done - sample.Sent));
    }

    [Fact]
    public async Task A_watch_begins_with_the_load_and_ends_it()
    {
        var (asked, begun) = (0, 0L);
        var enough = new TaskCompletionSource();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            while (peer.ReadRequest())
            {
                if (Interlocked.Increment(ref asked) == 20)
                    enough.SetResult();
                peer.Send(GivenWire.Good());
            }
        });

        var result = await new LoadGenerator(Given(server, streams: 3), TimeProvider.System).RunUntilAsync(Watch, Token);

        Assert.InRange(begun, result.Started, result.Ended); // not before: connecting takes its time, and a watch of 5 s is a load of 5 s
        Assert.InRange(result.Samples.Length, 20, 25);

        Task Watch()
        {
            begun = TimeProvider.System.GetTimestamp();
            return enough.Task;
        }
    }

    [Fact]
    public async Task A_request_that_fails_is_a_sample_and_the_stream_goes_on()
    {
        var asked = 0;
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            while (peer.ReadRequest())
                peer.Send(++asked % 2 == 0 ? GivenWire.PlainJson("""{"error":"busy"}""", 503) : GivenWire.Good());
        });

        var result = await new LoadGenerator(Given(server), TimeProvider.System).RunCountAsync(10, Token);

        Assert.Equal((10, 5), (result.Samples.Length, result.Samples.Count(sample => sample.Failure is not null)));
        Assert.Contains("status 503: busy", result.Samples[1].Failure, StringComparison.Ordinal);
        Assert.Null(result.BrokenOff);
    }

    [Fact]
    public async Task A_server_that_dies_breaks_the_load_off_for_all_streams()
    {
        var asked = 0;
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            while (peer.ReadRequest() && Interlocked.Increment(ref asked) <= 20)
                peer.Send(GivenWire.Good());
        });

        var result = await new LoadGenerator(Given(server, streams: 4), TimeProvider.System).RunForAsync(TimeSpan.FromHours(1), Token);

        Assert.Contains("broke", result.BrokenOff, StringComparison.Ordinal);
        Assert.Equal(20, result.Samples.Count(sample => sample.Failure is null));
        Assert.InRange(result.Samples.Count(sample => sample.Failure is not null), 1, 4);
    }

    [Fact]
    public async Task A_server_that_hangs_breaks_the_load_off()
    {
        var clock = new HandClock();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.ReadRequest();
            peer.Send(GivenWire.Good());
            peer.ReadRequest();
            clock.Advance(GivenWire.Ample);
            peer.WaitForHangUp();
        });

        var result = await new LoadGenerator(Given(server), clock).RunCountAsync(100, Token);

        Assert.Equal(2, result.Samples.Length);
        Assert.Contains("within 60 s", result.BrokenOff, StringComparison.Ordinal);
        Assert.Contains("within 60 s", result.Samples[1].Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_only_fails_breaks_the_load_off()
    {
        using var server = ScriptedServer.Answering(GivenWire.PlainJson("no", 500));

        var result = await new LoadGenerator(Given(server), TimeProvider.System).RunForAsync(TimeSpan.FromHours(1), Token);

        Assert.Equal(100, result.Samples.Length);
        Assert.Contains("100 times in a row", result.BrokenOff, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_breaks_the_load_off_before_its_first_sample()
    {
        var server = ScriptedServer.Answering([]);
        server.Dispose();

        var result = await new LoadGenerator(Given(server, streams: 2), TimeProvider.System).RunCountAsync(5, Token);

        Assert.Empty(result.Samples);
        Assert.Contains("could not connect", result.BrokenOff, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_ends_all_streams_and_is_never_a_result()
    {
        using var cancel = new CancellationTokenSource();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.ReadRequest();
            if (peer.Number == 0) // a later stream may only be let go once the test is over
                cancel.Cancel();
            peer.WaitForHangUp();
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new LoadGenerator(Given(server, streams: 3), TimeProvider.System).RunForAsync(TimeSpan.FromHours(1), cancel.Token));
    }

    [Fact]
    public async Task An_inspector_sees_every_good_answer_and_its_own_bug_comes_out()
    {
        var seen = 0;
        using var server = ScriptedServer.Answering(GivenWire.Good());
        var load = Given(server) with
        {
            Inspect = (_, outputs) =>
            {
                if (++seen == 3)
                    throw new NotSupportedException(outputs[0].Name);
            },
        };

        var bug = await Assert.ThrowsAsync<NotSupportedException>(() => new LoadGenerator(load, TimeProvider.System).RunCountAsync(5, Token));

        Assert.Equal(("y", 3), (bug.Message, seen));
    }

    [Fact]
    public void The_same_seed_gives_the_same_order_and_every_cycle_asks_every_request() =>
        Prop.ForAll<ulong, byte, byte>((seed, some, stream) =>
        {
            var count = some + 1;
            var (order, again) = (new RequestOrder(count, seed, stream), new RequestOrder(count, seed, stream));

            var drawn = Enumerable.Range(0, 3 * count).Select(_ => order.Next()).ToArray();

            return drawn.All(next => next == again.Next()) && drawn.Chunk(count).All(cycle => cycle.Order().SequenceEqual(Enumerable.Range(0, count)));
        }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Seeds_and_streams_give_orders_that_stay_what_they_were()
    {
        static string Order(ulong seed, int stream)
        {
            var order = new RequestOrder(8, seed, stream);
            return string.Join("", Enumerable.Range(0, 8).Select(_ => order.Next()));
        }

        // as a second implementation, in Python, computes them
        Assert.Equal(["26017345", "02317654", "05147632"], [Order(7, 0), Order(7, 1), Order(8, 0)]);
    }

    private static LoadSpec Given(ScriptedServer server, int streams = 1, int requests = 1) => new()
    {
        Transport = server.Transport,
        Requests = [.. Enumerable.Repeat(GivenWire.Request(server.Transport), requests)],
        Streams = streams,
        Seed = 7,
        RequestLimit = GivenWire.Ample,
    };
}
