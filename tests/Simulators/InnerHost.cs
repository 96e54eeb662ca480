using System.Diagnostics;
using System.Net.Sockets;

namespace Adaptation.Simulators;

/// <summary>The real host as a child process: what a fault does not touch is answered as it should be.</summary>
internal sealed class InnerHost : IAsyncDisposable
{
    private static int _started;
    private readonly Process _process;
    private readonly string _own;

    private InnerHost(Process process, string own)
    {
        (_process, _own) = (process, own);
        Client = new(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint($"{own}.sock"), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new("http://inner/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public HttpClient Client { get; }

    /// <exception cref="InvalidOperationException">It ended instead of getting ready.</exception>
    /// <param name="change">Makes another model file of the real one; null for the real one.</param>
    public static async Task<InnerHost> StartAsync(Faults faults, Action<string, string>? change = null)
    {
        var own = Path.Combine(Path.GetTempPath(), $"inner-{Environment.ProcessId}-{Interlocked.Increment(ref _started)}");
        string[] arguments = [.. faults.Host, "--listen", $"unix:{own}.sock"];
        if (change is not null)
        {
            var model = Array.IndexOf(arguments, "--model") + 1;
            change(arguments[model], $"{own}.gguf");
            arguments[model] = $"{own}.gguf";
        }

        if (faults.WeightsBits > 0)
        {
            const string Rounded = "/tmp/rounded.onnx";
            var model = Array.IndexOf(arguments, "--model") + 1;
            var bytes = await File.ReadAllBytesAsync(arguments[model]);
            Console.WriteLine($"adaptation-simulator: {OnnxWeights.Round(bytes, faults.WeightsBits)} tensors rounded");
            await File.WriteAllBytesAsync(Rounded, bytes);
            arguments[model] = Rounded;
        }

        var process = Process.Start(new ProcessStartInfo(faults.Program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        if (await process.StandardOutput.ReadLineAsync() is not { } ready)
            throw new InvalidOperationException("the real host ended instead of getting ready");
        Console.WriteLine(ready);
        return new(process, own);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete($"{_own}.sock");
        File.Delete($"{_own}.gguf");
    }
}
