using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Adaptation.Testing.Onnx;

namespace Adaptation.Runner.Tests;

/// <summary>Our host as a process of its own, with ONNX Runtime and a repository: a backend over the real wire.</summary>
internal sealed class HostServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TempFolder _folder;

    private HostServer(Process process, TempFolder folder) => (_process, _folder) = (process, folder);

    public Transport Transport => new Transport.UnixSocket(_folder.At("s"));

    public static async Task<HostServer> StartAsync()
    {
        var folder = new TempFolder();
        var host = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Adaptation.Adapters.Host/debug_linux-x64/adaptation-host"));
        var start = new ProcessStartInfo(
            host, ["--adapter", "onnxruntime", "--library", Engine.Library, "--repository", "--threads", "1", "--listen", $"unix:{folder.At("s")}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            // without locales on any machine, so that StringNormalizer behaves alike on all of them
            Environment = { ["ORT_DISABLE_TELEMETRY"] = "1", ["LOCPATH"] = "/nowhere" },
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{host} does not start");
        return await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && line.Contains("ready", StringComparison.Ordinal)
            ? new(process, folder)
            : throw new InvalidOperationException("the host ended before it was ready");
    }

    /// <summary>Hands a request to the real server and brings back its whole answer.</summary>
    public byte[] Relay(byte[] request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(_folder.At("s")));
        socket.Send(request);
        var (answer, part) = (new List<byte>(), new byte[65536]);
        while (true)
        {
            answer.AddRange(part.AsSpan(0, socket.Receive(part)));
            var text = Encoding.ASCII.GetString([.. answer]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
                continue;
            var length = text[..end].Split("\r\n").Select(line => line.Split(": ")).First(field => field[0] == "Content-Length")[1];
            if (answer.Count >= end + 4 + int.Parse(length, System.Globalization.CultureInfo.InvariantCulture))
                return [.. answer];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _folder.Dispose();
    }
}
