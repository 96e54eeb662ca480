using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Adaptation.Benchmarks.Text;

/// <summary>An OpenAI-compatible server as a process of its own, listening on a Unix socket.</summary>
internal sealed class TextServer : IDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromMinutes(5);
    private readonly Process _process;
    private readonly string _folder;

    private TextServer(string name, string program, string folder, IEnumerable<string> arguments)
    {
        (Name, _folder) = (name, folder);
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => LastWords = line.Data ?? LastWords;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public string Name { get; }

    private string SocketPath => Path.Combine(_folder, "serve.sock");

    private string LastWords { get; set; } = "nothing on standard error";

    public static TextServer Host(Arguments arguments, Workload workload)
    {
        var folder = Directory.CreateTempSubdirectory("text-").FullName;
        return new("host + wire", arguments.Host, folder,
        [
            "--adapter", "llamacpp", "--library", Path.GetFullPath(arguments.Tools), "--model", workload.Model, "--model-name", Completion.Name,
            "--threads", Text(arguments.Threads), "--option", $"context_length={Workload.Context}", "--option", $"sequences={Workload.Streams}",
            "--option", $"batch={Workload.Batch}", "--listen", $"unix:{folder}/serve.sock",
        ]);
    }

    public static TextServer Peer(Arguments arguments, Workload workload)
    {
        var folder = Directory.CreateTempSubdirectory("text-").FullName;
        return new("llama-server", arguments.Peer!, folder,
        [
            "-m", workload.Model, "-t", Text(arguments.Threads), "-tb", Text(arguments.Threads), "-c", Text(Workload.Context * Workload.Streams),
            "-np", Text(Workload.Streams), "-b", Text(Workload.Batch), "-ub", Text(Workload.MicroBatch), "-fa", "off",
            "--alias", Completion.Name, "--host", $"{folder}/serve.sock",
        ]);
    }

    /// <exception cref="IOException">It ended, or does not answer in time.</exception>
    public async Task WaitUntilReadyAsync()
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!_process.HasExited && TimeProvider.System.GetElapsedTime(started) < ReadyWithin)
        {
            try
            {
                using var client = Connect();
                if (client.IsReady())
                    return;
            }
            catch (SocketException)
            {
                // not listening yet
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }

        throw new IOException($"{Name} is not ready: {(_process.HasExited ? $"it ended with {_process.ExitCode}" : "no answer")}; it said: {LastWords}");
    }

    /// <exception cref="SocketException">Nobody listens.</exception>
    public TextClient Connect() => new(SocketPath);

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
