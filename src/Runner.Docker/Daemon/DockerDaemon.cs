using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Which container engine to use, in the order in which they are tried.</summary>
public sealed record DockerDaemonSpec
{
    /// <summary>Named on the command line or by DOCKER_HOST. It must answer: nothing else is tried.</summary>
    public DockerEndpoint? Endpoint { get; init; }

    /// <summary>The system's own.</summary>
    public string SystemSocket { get; init; } = "/var/run/docker.sock";

    /// <summary>Whether a private one may be installed and started where none answers.</summary>
    public bool MayStart { get; init; } = true;

    /// <summary>What XDG_RUNTIME_DIR names: there a rootless daemon has its socket. Null where it is not set.</summary>
    public string? RuntimeFolder { get; init; }
}

/// <summary>A container engine that answers: one that was there, or a private one that lives as long as somebody uses it.</summary>
/// <remarks>
/// Runs that name one state folder share the private daemon. Each holds a lock that the kernel takes back when its process dies; whoever
/// is last to let go stops the daemon. One left by a runner that was killed is adopted by the next.
/// </remarks>
public sealed class DockerDaemon : IAsyncDisposable
{
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(3);

    /// <summary>Longer than a daemon needs to stop or to be given up, with both limits behind each other.</summary>
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(45);

    private readonly DockerMachine _machine;
    private readonly PrivateDaemon? _daemon;
    private FileLock? _use;

    private DockerDaemon(DockerEndpoint endpoint, DockerMachine machine, PrivateDaemon? daemon, FileLock? use) =>
        (Endpoint, _machine, _daemon, _use) = (endpoint, machine, daemon, use);

    public DockerEndpoint Endpoint { get; }

    /// <summary>True for a daemon of ours, which disposing stops once nobody else uses it.</summary>
    public bool IsPrivate => _daemon is not null;

    /// <summary>Finds one that answers, or installs and starts a private one.</summary>
    /// <exception cref="BrokenEnvironmentException">None answers and none can be started; the message says what was tried and what to do.</exception>
    public static async Task<DockerDaemon> FindAsync(DockerDaemonSpec spec, DockerMachine machine, CancellationToken cancellationToken)
    {
        if (spec.Endpoint is { } named)
        {
            if (!await DockerClient.AnswersAsync(named, PingLimit, machine.Time, cancellationToken))
                throw new BrokenEnvironmentException($"No container engine answers at {named}, which was named. Start it, or name none to have one started.");
            return new DockerDaemon(named, machine, daemon: null, use: null);
        }

        if (await AnsweringAsync(spec, machine, cancellationToken) is { } present)
            return new DockerDaemon(present, machine, daemon: null, use: null);
        if (!spec.MayStart)
            throw new BrokenEnvironmentException($"No container engine answers at {spec.SystemSocket}{(spec.RuntimeFolder is { } runtime ? $" or {runtime}/docker.sock" : "")}.");
        var program = await machine.EnsureToolAsync("dockerd", ["docker.io", "iptables"], cancellationToken);
        // where a service manager runs, the package has just started the system's own
        if (await AnsweringAsync(spec, machine, cancellationToken) is { } system)
            return new DockerDaemon(system, machine, daemon: null, use: null);
        DockerMachine.RequireRoot("start a Docker daemon, and none answers");
        return await StartAsync(program, new PrivateDaemon(machine), machine, cancellationToken);
    }

    /// <summary>What a run would do on this machine where no engine answers; null where it could do nothing.</summary>
    public static LocalText? WouldStart() => !Environment.IsPrivilegedProcess ? null
        : DockerMachine.Find("dockerd") is { } program ? new($"a run starts one of its own with {program}, and stops it at its end", $"运行时将以 {program} 启动自带引擎，结束时停止")
        : DockerMachine.Find("apt-get") is not null ? new("a run installs docker.io with apt-get, starts an engine of its own, and stops it at its end", "运行时将用 apt-get 安装 docker.io 并启动自带引擎，结束时停止") : null;

    /// <summary>Lets go of the daemon; the last to do so stops it. Safe to do twice.</summary>
    /// <remarks>Has a limit of its own. A daemon that cannot be stopped within it is adopted, and stopped, by the next run.</remarks>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _use, value: null) is not { } use)
            return;
        using var limit = new CancellationTokenSource(ReleaseLimit, _machine.Time);
        try
        {
            await using var transition = await FileLock.AcquireAsync(TransitionFile(_machine), _machine.Time, limit.Token);
            await use.DisposeAsync();
            await using var last = FileLock.TryAcquire(UseFile(_machine));
            if (last is not null)
                await _daemon!.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _machine.Announce("the private Docker daemon did not stop in time; the next run takes it over");
        }
        finally
        {
            await use.DisposeAsync();
        }
    }

    internal static async Task<DockerDaemon> StartAsync(
        string program, PrivateDaemon daemon, DockerMachine machine, CancellationToken cancellationToken)
    {
        // starting and stopping exclude each other: nobody adopts a daemon that another is about to stop
        await using var transition = await FileLock.AcquireAsync(TransitionFile(machine), machine.Time, cancellationToken);
        var use = FileLock.TryShare(UseFile(machine))
            ?? throw new BrokenEnvironmentException($"{UseFile(machine)} is locked by a program that is none of ours. Find it with `fuser`, and end it.");
        try
        {
            if (daemon.Find() is null)
                machine.Announce($"starting a private Docker daemon in {machine.Folder("docker")}");
            await daemon.StartAsync(program, cancellationToken);
            return new DockerDaemon(daemon.Endpoint, machine, daemon, use);
        }
        catch
        {
            await use.DisposeAsync();
            throw;
        }
    }

    private static async Task<DockerEndpoint?> AnsweringAsync(DockerDaemonSpec spec, DockerMachine machine, CancellationToken cancellationToken)
    {
        var rootless = spec.RuntimeFolder is null ? null : Path.Combine(spec.RuntimeFolder, "docker.sock");
        foreach (var socket in ImmutableArray.Create(spec.SystemSocket, rootless))
        {
            if (socket is not null && File.Exists(socket) && await DockerClient.AnswersAsync(new DockerEndpoint.Unix(socket), PingLimit, machine.Time, cancellationToken))
                return new DockerEndpoint.Unix(socket);
        }

        return null;
    }

    private static string TransitionFile(DockerMachine machine) => Path.Combine(machine.Folder("docker"), "transition.lock");

    private static string UseFile(DockerMachine machine) => Path.Combine(machine.Folder("docker"), "daemon.lock");
}
