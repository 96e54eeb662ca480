using System.Text;

namespace Adaptation.Runner.Tests;

public sealed class ConnectionTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private readonly AnswerBuffer _buffer = new();

    [Fact]
    public async Task A_server_that_hangs_is_a_timeout_and_names_the_limit()
    {
        var clock = new HandClock();
        var asked = new TaskCompletionSource();
        using var server = ScriptedServer.OnUnixSocket(peer => Hang(peer, asked));
        using var client = new OipClient(server.Transport, clock, WireLimits.Default);
        var call = Task.Run(() => client.Infer(GivenWire.Request(server.Transport), _buffer, TimeSpan.FromSeconds(5), Token), Token);
        await asked.Task;

        clock.Advance(TimeSpan.FromSeconds(5));

        var failure = await Assert.ThrowsAsync<WireException>(() => call);
        Assert.Equal(WireFailure.Timeout, failure.Kind);
        Assert.Contains("5 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_cancels_gets_a_cancellation_and_no_timeout()
    {
        using var cancel = new CancellationTokenSource();
        var asked = new TaskCompletionSource();
        using var server = ScriptedServer.OnTcp(peer => Hang(peer, asked));
        using var client = new OipClient(server.Transport, new HandClock(), WireLimits.Default);
        var call = Task.Run(() => client.Infer(GivenWire.Request(server.Transport), _buffer, GivenWire.Ample, cancel.Token), Token);
        await asked.Task;

        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
    }

    [Fact]
    public async Task A_server_that_does_not_read_is_a_timeout_too()
    {
        var clock = new HandClock();
        var connected = new TaskCompletionSource<Peer>();
        var release = new TaskCompletionSource();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.Socket.Receive(new byte[1]);
            connected.SetResult(peer);
            release.Task.GetAwaiter().GetResult();
        });
        using var client = new OipClient(server.Transport, clock, WireLimits.Default);
        var call = Task.Run(() => client.Infer(GivenWire.Request(server.Transport, 64 << 20), _buffer, TimeSpan.FromSeconds(5), Token), Token);
        await connected.Task;

        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(WireFailure.Timeout, (await Assert.ThrowsAsync<WireException>(() => call)).Kind);
        release.SetResult();
    }

    [Fact]
    public void An_answer_that_is_whole_but_late_is_a_timeout()
    {
        var clock = new LeapingClock();
        using var server = ScriptedServer.Answering(GivenWire.Good());
        using var client = new OipClient(server.Transport, clock, WireLimits.Default);

        var failure = Assert.Throws<WireException>(() => client.Infer(GivenWire.Request(server.Transport), _buffer, TimeSpan.FromSeconds(1), Token));

        Assert.Equal(WireFailure.Timeout, failure.Kind);
    }

    [Fact]
    public async Task After_a_timeout_the_next_call_makes_a_new_connection()
    {
        var clock = new HandClock();
        var asked = new TaskCompletionSource();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            if (peer.Number == 0)
                Hang(peer, asked);
            while (peer.ReadRequest())
                peer.Send(GivenWire.Good());
        });
        using var client = new OipClient(server.Transport, clock, WireLimits.Default);
        var request = GivenWire.Request(server.Transport);
        var call = Task.Run(() => client.Infer(request, _buffer, TimeSpan.FromSeconds(5), Token), Token);
        await asked.Task;
        clock.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<WireException>(() => call);

        var answer = client.Infer(request, _buffer, TimeSpan.FromSeconds(5), Token);

        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public void A_connection_closed_while_idle_is_replaced_before_anything_is_sent()
    {
        var closed = new ManualResetEventSlim();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.ReadRequest();
            peer.Send(GivenWire.Good());
            peer.Socket.Dispose();
            closed.Set();
        });
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);
        var request = GivenWire.Request(server.Transport);
        client.Infer(request, _buffer, GivenWire.Ample, Token);
        closed.Wait(Token);

        Assert.Equal(200, client.Infer(request, _buffer, GivenWire.Ample, Token).Status);
    }

    [Fact]
    public void A_question_is_asked_again_when_a_kept_connection_closes_on_it_and_an_inference_is_not()
    {
        var connections = 0;
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            Interlocked.Increment(ref connections);
            peer.ReadRequest();
            peer.Send(GivenWire.PlainJson("{}"));
            peer.ReadRequest(); // and closes, instead of answering
        });
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        Assert.True(client.IsLive(GivenWire.Ample, Token));
        Assert.True(client.IsLive(GivenWire.Ample, Token)); // on the second connection
        Assert.Equal(2, connections);
        var failure = Assert.Throws<WireException>(() => client.Infer(GivenWire.Request(server.Transport), _buffer, GivenWire.Ample, Token));
        Assert.Equal(WireFailure.Broken, failure.Kind);
        Assert.Equal(2, connections);
    }

    [Fact]
    public void A_first_connection_that_closes_is_not_tried_twice()
    {
        var connections = 0;
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            Interlocked.Increment(ref connections);
            peer.ReadRequest();
        });
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        Assert.Equal(WireFailure.Broken, Assert.Throws<WireException>(() => client.IsLive(GivenWire.Ample, Token)).Kind);
        Assert.Equal(1, connections);
    }

    [Fact]
    public void An_answer_that_was_sent_before_its_request_is_refused()
    {
        var ahead = new ManualResetEventSlim();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.ReadRequest();
            peer.Send(GivenWire.Good());
            peer.WaitUntilReceived();
            peer.Send(GivenWire.Good()); // would look like an answer in no time
            ahead.Set();
            peer.WaitForHangUp();
        });
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);
        var request = GivenWire.Request(server.Transport);
        client.Infer(request, _buffer, GivenWire.Ample, Token);
        ahead.Wait(Token);

        var failure = Assert.Throws<WireException>(() => client.Infer(request, _buffer, GivenWire.Ample, Token));

        Assert.Equal(WireFailure.Protocol, failure.Kind);
        Assert.Contains("before the request", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_closes_after_every_answer_as_it_says_is_served_by_new_connections()
    {
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.ReadRequest();
            var answer = Encoding.Latin1.GetString(GivenWire.Good()).Replace("OK\r\n", "OK\r\nConnection: close\r\n", StringComparison.Ordinal);
            peer.Send(Encoding.Latin1.GetBytes(answer));
        });
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        for (var call = 0; call < 3; call++)
            Assert.Single(client.Infer(GivenWire.Request(server.Transport), _buffer, GivenWire.Ample, Token).Parse());
    }

    [Fact]
    public void A_refusal_that_comes_before_the_whole_request_was_taken_is_read()
    {
        var failure = Assert.Throws<WireException>(() =>
        {
            using var server = ScriptedServer.OnUnixSocket(peer =>
            {
                peer.Socket.Receive(new byte[10]);
                peer.Send(GivenWire.PlainJson("""{"error":"too large"}""", 413));
                peer.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Both);
            });
            using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);
            client.Infer(GivenWire.Request(server.Transport, 64 << 20), _buffer, GivenWire.Ample, Token).Parse();
        });

        Assert.Equal((WireFailure.ServerError, 413), (failure.Kind, failure.Status));
        Assert.Contains("too large", failure.Message, StringComparison.Ordinal);
    }

    private static void Hang(Peer peer, TaskCompletionSource asked)
    {
        peer.ReadRequest();
        asked.SetResult();
        peer.WaitForHangUp();
    }

    /// <summary>A clock that goes on by a second with every look at it, and whose timers never fire.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new NeverTimer();

        private sealed class NeverTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
