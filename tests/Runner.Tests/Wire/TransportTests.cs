using System.Diagnostics;
using System.Net.Sockets;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

public sealed class TransportTests
{
    private const string Listener = """
        import socket
        s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(8)
        print(s.getsockname()[1], flush=True)
        while True:
            c, _ = s.accept(); c.recv(65536)
            c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"live":true}')
        """;

    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public void A_socket_path_that_the_kernel_cannot_hold_is_named_with_its_length()
    {
        var path = "/tmp/" + new string('x', 103);

        var failure = Assert.Throws<BrokenEnvironmentException>(() => IsLive(new Transport.UnixSocket(path)));

        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.Contains("108 bytes; the kernel takes 107", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(107)]
    [InlineData(20)]
    public void A_socket_that_does_not_exist_is_refused(int length) => Assert.Equal(
        WireFailure.Refused,
        Assert.Throws<WireException>(() => IsLive(new Transport.UnixSocket("/tmp/" + new string('x', length - 5)))).Kind);

    [Fact]
    public void A_port_on_which_nothing_listens_is_refused() => Assert.Equal(
        WireFailure.Refused, Assert.Throws<WireException>(() => IsLive(new Transport.Tcp("127.0.0.1", 1))).Kind);

    [Fact]
    public async Task A_server_that_does_not_accept_is_a_timeout()
    {
        var clock = new HandClock();
        var path = $"/tmp/wire-{Guid.NewGuid():N}.sock";
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(0);
        using var queued = new OipClient(new Transport.UnixSocket(path), clock, WireLimits.Default);
        queued.Open(GivenWire.Ample, Token); // takes the only place in the queue
        using var client = new OipClient(new Transport.UnixSocket(path), clock, WireLimits.Default);
        var opening = Task.Run(() => client.Open(TimeSpan.FromSeconds(5), Token), Token);

        while (!opening.IsCompleted)
            clock.Advance(TimeSpan.FromSeconds(5)); // until the call has started its clock

        Assert.Equal(WireFailure.Timeout, (await Assert.ThrowsAsync<WireException>(() => opening)).Kind);
        File.Delete(path);
    }

    [Fact]
    public void A_server_in_a_network_namespace_of_its_own_is_reached_from_inside_and_not_from_here()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("entering a network namespace takes root");
        using var container = Process.Start(new ProcessStartInfo("unshare")
        {
            ArgumentList = { "-n", "sh", "-c", "ip link set lo up && exec python3 -c \"$0\"", Listener },
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        try
        {
            var port = int.Parse(container.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
            var here = NamespaceOf("self");

            Assert.True(IsLive(new Transport.NetworkNamespace(container.Id, port)));
            Assert.Equal(WireFailure.Refused, Assert.Throws<WireException>(() => IsLive(new Transport.Tcp("127.0.0.1", port))).Kind);
            Assert.Equal(WireFailure.Refused, Assert.Throws<WireException>(() => IsLive(new Transport.NetworkNamespace(container.Id, 1))).Kind);
            Assert.NotEqual(here, NamespaceOf(container.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            Assert.True(SpinWait.SpinUntil(() => NoThreadIsOutside(here), GivenWire.Ample)); // a thread that ended may linger in /proc
        }
        finally
        {
            container.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public void A_container_that_is_gone_is_named()
    {
        var failure = Assert.Throws<BrokenEnvironmentException>(() => IsLive(new Transport.NetworkNamespace(int.MaxValue, 80)));

        Assert.Contains("process 2147483647", failure.Message, StringComparison.Ordinal);
    }

    private static string? NamespaceOf(string process) => new FileInfo($"/proc/{process}/ns/net").LinkTarget;

    private static bool NoThreadIsOutside(string? here) => Directory.GetDirectories("/proc/self/task")
        .Select(thread => NamespaceOf($"self/task/{Path.GetFileName(thread)}"))
        .All(there => there is null || there == here); // null: of a thread that has ended since

    private static bool IsLive(Transport transport)
    {
        using var client = new OipClient(transport, TimeProvider.System, WireLimits.Default);
        return client.IsLive(GivenWire.Ample, Token);
    }
}
