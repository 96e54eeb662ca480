using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>A dockerd of our own in a folder of its own: starts it, finds the one that a dead runner left, stops it.</summary>
/// <remarks>No method here may run beside another on the same folder, in whatever process: <see cref="DockerDaemon"/> holds the lock.</remarks>
internal sealed class PrivateDaemon
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    /// <summary>A socket's path has at most 107 bytes, and containerd puts 33 of its own behind ours.</summary>
    private const int PathLimit = 60;

    private readonly string _folder;
    private readonly string _runtime;
    private readonly TimeProvider _time;

    public PrivateDaemon(DockerMachine machine)
    {
        _folder = machine.Folder("docker");
        _time = machine.Time;
        _runtime = Encoding.UTF8.GetByteCount(_folder) <= PathLimit
            ? _folder
            : $"/run/adaptation-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_folder)))[..12]}";
    }

    public DockerEndpoint.Unix Endpoint => new(Socket);

    /// <summary>Arguments behind ours, for tests that need another endpoint.</summary>
    public ImmutableArray<string> MoreArguments { get; init; } = [];

    internal string PidFile => Path.Combine(_folder, "docker.pid");

    /// <summary>Ours, written before dockerd begins: its own pid file comes too late for a runner that is killed in between.</summary>
    internal string LaunchFile => Path.Combine(_folder, "launched.pid");

    internal string Log => Path.Combine(_folder, "dockerd.log");

    private string Socket => Path.Combine(_runtime, "docker.sock");

    private string ExecRoot => Path.Combine(_runtime, "exec");

    /// <summary>The running daemon of this folder, whoever started it.</summary>
    public ProcessIdentity? Find() => ProcessIdentity.FromPidFile(LaunchFile, "--pidfile", PidFile);

    /// <summary>Adopts the daemon that runs here already, or starts one, and returns when it answers.</summary>
    /// <exception cref="BrokenEnvironmentException">It ended, or does not answer within 30 s; the message has its log's last lines.</exception>
    public async Task StartAsync(string program, CancellationToken cancellationToken)
    {
        if (Find() is { } running)
        {
            // started by a runner that was killed, maybe a moment ago
            if (await BecomesReadyAsync(running, cancellationToken))
                return;
            await StopAsync(cancellationToken);
        }

        CleanUp();
        Directory.CreateDirectory(_runtime, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var started = Launch(program);
        try
        {
            if (await BecomesReadyAsync(started, cancellationToken))
                return;
        }
        catch (OperationCanceledException)
        {
            await EndAsync(started, CancellationToken.None);
            CleanUp();
            throw;
        }

        var ended = !started.IsAlive;
        await EndAsync(started, cancellationToken);
        CleanUp();
        throw new BrokenEnvironmentException(
            $"The private Docker daemon {(ended ? "ended as soon as it was started" : $"did not answer within {ReadyLimit.TotalSeconds:0} s")}. The end of {Log}:\n{DockerMachine.Tail(Log)}");
    }

    /// <summary>Stops it, by force after ten seconds; one that does not run is no error.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Find() is { } running)
            await EndAsync(running, cancellationToken);
        CleanUp();
        if (_runtime != _folder && Directory.Exists(_runtime))
            Directory.Delete(_runtime, recursive: true);
    }

    private async Task<bool> BecomesReadyAsync(ProcessIdentity process, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        while (process.IsAlive && _time.GetElapsedTime(start) < ReadyLimit)
        {
            if (await DockerClient.AnswersAsync(Endpoint, PingLimit, _time, cancellationToken))
                return true;
            await Task.Delay(Between, _time, cancellationToken);
        }

        return false;
    }

    private async Task EndAsync(ProcessIdentity process, CancellationToken cancellationToken)
    {
        process.Signal(ProcessIdentity.Terminate);
        using var limit = new CancellationTokenSource(StopLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await process.EndAsync(_time, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Signal(ProcessIdentity.Kill);
            await process.EndAsync(_time, cancellationToken);
        }
    }

    /// <summary>Takes away what a dead daemon left: its id may be another process's by now, and the next daemon would refuse to start.</summary>
    private void CleanUp()
    {
        MountTable.Detach(_runtime);
        MountTable.Detach(_folder);
        File.Delete(LaunchFile);
        File.Delete(PidFile);
        if (File.Exists(Socket))
            File.Delete(Socket);
        var containerd = Path.Combine(ExecRoot, "containerd", "containerd.pid");
        if (File.Exists(containerd) && ProcessIdentity.FromPidFile(containerd, "--config", Path.Combine(ExecRoot, "containerd", "containerd.toml")) is null)
            File.Delete(containerd);
    }

    /// <summary>Starts it in a session of its own, so that Ctrl-C in the terminal does not reach it, with none of our streams.</summary>
    private ProcessIdentity Launch(string program)
    {
        var start = new ProcessStartInfo("/bin/sh",
        [
            "-c", "echo $$ >\"$1\"; shift; exec setsid \"$@\" >\"$0\" 2>&1 </dev/null", Log, LaunchFile, program,
            "--host", $"unix://{Socket}",
            "--data-root", Path.Combine(_folder, "data"),
            "--exec-root", ExecRoot,
            "--pidfile", PidFile,
            "--shutdown-timeout", "3",
            "--bridge", "none", // no container of ours is on the default bridge, which another daemon may own
            "--ip-forward=false", // nor is anything to be routed: a machine is left as it was
            .. MoreArguments,
        ])
        { UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new UnreachableException();
        return ProcessIdentity.Find(process.Id) ?? new ProcessIdentity(process.Id, Started: -1);
    }
}
