using System.Diagnostics;
using System.Net.Sockets;

namespace Adaptation.Simulators;

/// <summary>The real host as a child process: what a fault does not touch is answered as it should be.</summary>
internal sealed class InnerHost : IAsyncDisposable
{
    private const string Program = "/opt/adaptation/adaptation-host";
    private const string Socket = "/tmp/inner.sock";
    private readonly Process _process;

    private InnerHost(Process process)
    {
        _process = process;
        Client = new(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new("http://inner/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public HttpClient Client { get; }

    /// <exception cref="InvalidOperationException">It ended instead of getting ready.</exception>
    public static async Task<InnerHost> StartAsync(Faults faults)
    {
        string[] arguments = [.. faults.Host, "--listen", $"unix:{Socket}"];
        if (faults.WeightsBits > 0)
        {
            const string Rounded = "/tmp/rounded.onnx";
            var model = Array.IndexOf(arguments, "--model") + 1;
            var bytes = await File.ReadAllBytesAsync(arguments[model]);
            Console.WriteLine($"adaptation-simulator: {OnnxWeights.Round(bytes, faults.WeightsBits)} tensors rounded");
            await File.WriteAllBytesAsync(Rounded, bytes);
            arguments[model] = Rounded;
        }

        var process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        if (await process.StandardOutput.ReadLineAsync() is not { } ready)
            throw new InvalidOperationException("the real host ended instead of getting ready");
        Console.WriteLine(ready);
        return new(process);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
