using System.Text;

namespace Adaptation.Runner.Tests;

/// <summary>What becomes of a request when connections are missing, close, or speak out of turn.</summary>
public sealed class TextConnectionTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private static readonly byte[] Good = GivenText.Bytes(GivenText.Chunked(GivenText.GoodEvents));

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
        var (left, leaving) = (0, 0L);
        using var server = ScriptedServer.OnTcp(peer =>
        {
            if (!peer.ReadRequest() || (left > 0 && left < leaves && ++left > 0))
                return;
            peer.Send(Good);
            if (left > 0 || !peer.ReadRequest())
                return;
            (left, leaving) = (1, Monotonic.Now); // as some do after a streamed answer: the next request is read, and the connection closed without a word
        });

        var result = await GivenText.DriveAsync(GivenText.Spec(server.Transport, 2));

        Assert.Null(result.Samples[0].Explanation);
        Assert.StartsWith(failure ?? "", result.Samples[1].Explanation ?? "", StringComparison.Ordinal);
        Assert.Equal(failure is null, result.Samples[1].Explanation is null);
        Assert.True(result.Started + result.Samples[1].Sent <= leaving, "the time that the server won by closing was not counted");
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
}
