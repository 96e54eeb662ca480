namespace Adaptation.Runner.Tests;

public sealed class HttpFramingTests
{
    private static readonly WireLimits Narrow = new() { HeaderBytes = 1024, BodyBytes = 4096 };

    public static TheoryData<string> WrongHeads => [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\n folded: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 4\r\n\r\nabcd",
    ];

    public static TheoryData<string> WrongChunks => [
        "\r\n\r\n", "G\r\n", "-1\r\n", "5\nabcde\r\n", "5\r\nabcdeX\r\n0\r\n\r\n", "5\r\nabcde\rX", "0x5\r\nabcde\r\n",
        "8000000000000000\r\n", "FFFFFFFFFFFFFFFF\r\n", "00000000000000000\r\n", "1001\r\n", "0\r\n\r\nmore",
    ];

    [Fact]
    public void A_good_answer_gives_its_outputs_over_either_kind_of_socket()
    {
        foreach (var listen in new Func<Action<Peer>, ScriptedServer>[] { ScriptedServer.OnUnixSocket, ScriptedServer.OnTcp })
        {
            using var server = listen(peer =>
            {
                while (peer.ReadRequest())
                    peer.Send(GivenWire.Good());
            });
            using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

            var answer = client.Infer(GivenWire.Request(server.Transport), new AnswerBuffer(), GivenWire.Ample, TestContext.Current.CancellationToken);

            var output = Assert.Single(answer.Parse());
            Assert.Equal(("y", "FP32"), (output.Name, output.DataType));
            Assert.Equal([2L], output.Shape);
            Assert.Equal(GivenWire.EightBytes, output.Data.ToArray());
            Assert.True(answer.Sent < answer.Done);
        }
    }

    [Fact]
    public void An_answer_may_be_split_at_any_byte()
    {
        foreach (var whole in new[] { GivenWire.Good(), GivenWire.Chunked(50), [.. GivenWire.Ascii("HTTP/1.1 100 Continue\r\n\r\n"), .. GivenWire.Good()] })
        {
            for (var at = 1; at < whole.Length; at++)
            {
                var outputs = GivenWire.InferOnce(peer =>
                {
                    peer.ReadRequest();
                    peer.Send(whole[..at]);
                    peer.WaitUntilReceived();
                    peer.Send(whole[at..]);
                    peer.WaitForHangUp();
                });

                Assert.Equal(GivenWire.EightBytes, outputs[0].Data.ToArray());
            }
        }
    }

    [Fact]
    public void An_answer_may_come_byte_by_byte()
    {
        var outputs = GivenWire.InferOnce(peer =>
        {
            peer.ReadRequest();
            foreach (var one in GivenWire.Chunked(7))
            {
                peer.Send([one]);
                peer.WaitUntilReceived();
            }

            peer.WaitForHangUp();
        });

        Assert.Equal(GivenWire.EightBytes, outputs[0].Data.ToArray());
    }

    [Theory]
    [InlineData(1, "", "")]
    [InlineData(16, ";name=value", "Digest: x\r\nOther: y\r\n")]
    [InlineData(100_000, " ", "")]
    public void Chunks_of_any_size_extension_and_trailer_are_put_together(int size, string extension, string trailers) =>
        Assert.Equal(GivenWire.EightBytes, GivenWire.InferOnce(GivenWire.Chunked(size, extension, trailers))[0].Data.ToArray());

    [Theory, MemberData(nameof(WrongHeads))]
    public void A_head_that_is_wrong_or_ambiguous_is_refused(string head) =>
        Assert.Equal(WireFailure.Protocol, GivenWire.Failure(GivenWire.Ascii(head)).Kind);

    [Theory, MemberData(nameof(WrongChunks))]
    public void Chunks_that_are_framed_wrongly_are_refused(string chunks) => Assert.Equal(
        WireFailure.Protocol,
        GivenWire.Failure(GivenWire.Ascii("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks), Narrow).Kind);

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nonly nine")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n")]
    public void An_answer_that_ends_early_is_a_broken_connection(string part) =>
        Assert.Equal(WireFailure.Broken, GivenWire.Failure(GivenWire.Ascii(part)).Kind);

    [Fact]
    public void An_answer_that_goes_on_behind_its_length_is_refused()
    {
        var failure = GivenWire.Failure([.. GivenWire.Good(), .. "HTTP/1.1 200 OK"u8]);

        Assert.Equal(WireFailure.Protocol, failure.Kind);
        Assert.Contains("behind its Content-Length", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", "X-Again: and again\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: ", "aaaaaaaaaaaaaaaa")]
    [InlineData("", "HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "400\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "endless extension")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "Endless: trailer\r\n")]
    public void An_answer_without_end_is_given_up_at_the_limit(string beginning, string again)
    {
        var failure = Assert.Throws<WireException>(() => GivenWire.InferOnce(
            peer =>
            {
                peer.ReadRequest();
                peer.Send(GivenWire.Ascii(beginning));
                while (true)
                    peer.Send(GivenWire.Ascii(again)); // until the client hangs up
            },
            Narrow));

        Assert.Equal(WireFailure.Protocol, failure.Kind);
    }

    [Fact]
    public void A_length_above_the_limit_is_refused_before_any_of_it_is_read()
    {
        var failure = GivenWire.Failure(GivenWire.Ascii("HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n"), Narrow);

        Assert.Equal(WireFailure.Protocol, failure.Kind);
        Assert.Contains("4097", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_announced_length_alone_takes_no_memory()
    {
        var buffer = new AnswerBuffer();
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            peer.ReadRequest();
            peer.Send(GivenWire.Ascii("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nshort"));
        });
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        Assert.Throws<WireException>(() => client.Infer(
            GivenWire.Request(server.Transport), buffer, GivenWire.Ample, TestContext.Current.CancellationToken));

        Assert.Equal(new AnswerBuffer().Bytes.Length, buffer.Bytes.Length);
    }
}
