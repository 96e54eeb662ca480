using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Adaptation.Cli.Tests;

/// <summary>Servers that mean harm.</summary>
public sealed class LogPlaceTests
{
    [Fact]
    public async Task A_server_that_trickles_or_compresses_holds_nobody_and_breaks_nothing()
    {
        foreach (var (head, code, seconds) in new[] { ("Content-Length: 1000\r\n", "within", 2), ("Content-Encoding: gzip\r\nContent-Length: 4\r\n", "gzip", 60) })
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var serving = Task.Run(() => Trickle(listener, head), CancellationToken.None);
            using var place = LogPlace.Open($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/", TimeSpan.FromSeconds(seconds), CancellationToken.None);

            var failed = await Task.Run(() => Record.Exception(() => place.Source.TryRead("checkpoint", 1 << 16)), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(28), TimeProvider.System, TestContext.Current.CancellationToken);

            Assert.Contains(code, Assert.IsType<IOException>(failed).Message, StringComparison.Ordinal);
            await serving;
        }
    }

    /// <summary>One answer, of which a byte comes every 100 ms until the client goes.</summary>
    private static void Trickle(TcpListener listener, string head)
    {
        using var client = listener.AcceptTcpClient();
        using var stream = client.GetStream();
        try
        {
            _ = stream.Read(new byte[4096]);
            stream.Write(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{head}\r\n"));
            for (var sent = 0; sent < 300; sent++)
            {
                stream.Write("x"u8);
                client.Client.Poll(100_000, SelectMode.SelectError);
            }
        }
        catch (IOException)
        {
            // the client has gone
        }
    }
}
