using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>What goes out, and what is refused before anything does.</summary>
public sealed class TextRequestTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_sent_is_one_plain_request()
    {
        var sent = new TaskCompletionSource<string>();
        using var server = ScriptedServer.OnTcp(peer =>
        {
            peer.ReadRequest();
            sent.SetResult(Encoding.ASCII.GetString(peer.Request));
            peer.Send(GivenText.Bytes(GivenText.Chunked(GivenText.GoodEvents)));
            peer.WaitForHangUp();
        });

        await GivenText.DriveAsync(GivenText.Spec(server.Transport) with { Headers = [new("Authorization", "Bearer k")] });

        Assert.Equal(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: {((Transport.Tcp)server.Transport).Authority}\r\nContent-Type: application/json\r\n"
            + "Accept: text/event-stream, application/json\r\nAuthorization: Bearer k\r\nContent-Length: 27\r\n\r\n{\"model\":\"m\",\"stream\":true}",
            await sent.Task);
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused_before_anything_is_opened()
    {
        var spec = GivenText.Spec(new Transport.Tcp("127.0.0.1", 1), 2);
        TextLoadSpec[] wrong = [
            spec with { Requests = [] }, spec with { RequestLimit = TimeSpan.Zero }, spec with { Arrivals = new Arrivals.Scheduled([1]) },
            spec with { Arrivals = new Arrivals.Scheduled([2, 1]) }, spec with { Arrivals = new Arrivals.Concurrent(0, null, TimeSpan.Zero) },
            spec with { Arrivals = new Arrivals.Concurrent(9, null, TimeSpan.Zero) }, spec with { Headers = [new("A", "b\r\nc: d")] },
            spec with { Headers = [new("Content-Length", "1")] }, spec with { Requests = [new("no slash", default)], Arrivals = new Arrivals.Scheduled([0]) },
        ];

        foreach (var one in wrong)
            await Assert.ThrowsAnyAsync<ArgumentException>(() => new TextLoadDriver().RunAsync(one, null, Token));
        var tls = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => new TextLoadDriver().RunAsync(spec with { TlsName = "a.example" }, null, Token));
        Assert.Contains("TLS to a.example", tls.Message, StringComparison.Ordinal);
    }
}
