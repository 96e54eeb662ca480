using System.Diagnostics;
using Adaptation.Runner;

namespace Adaptation.Benchmarks.Wire;

/// <summary>The server under comparison, as a process of its own, listening on a Unix socket.</summary>
internal sealed class HostProcess : IDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(30);
    private readonly Process _process;

    private HostProcess(Process process, string folder) => (_process, Folder) = (process, folder);

    /// <summary>Of the sockets; removed with this.</summary>
    public string Folder { get; }

    public string SocketPath => Path.Combine(Folder, "host.sock");

    public static async Task<HostProcess> StartAsync(string program, TimeProvider time)
    {
        var folder = Directory.CreateTempSubdirectory("wire-").FullName;
        var start = new ProcessStartInfo(program) { UseShellExecute = false };
        foreach (var argument in new[] { "--adapter", "echo", "--listen", $"unix:{folder}/host.sock" })
            start.ArgumentList.Add(argument);
        var host = new HostProcess(Process.Start(start)!, folder);
        var started = time.GetTimestamp();
        using var client = new OipClient(new Transport.UnixSocket(host.SocketPath), time, WireLimits.Default);
        while (true)
        {
            try
            {
                if (client.IsReady(TimeSpan.FromSeconds(5), CancellationToken.None))
                    return host;
            }
            catch (WireException notYet) when (notYet.Kind == WireFailure.Refused && !host._process.HasExited && time.GetElapsedTime(started) < ReadyWithin)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, CancellationToken.None);
            }
            catch
            {
                host.Dispose();
                throw;
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
