namespace Adaptation.Runner;

/// <summary>One container with a server in it, from its start to its removal. Disposing removes it and records what was left.</summary>
internal sealed class Deployment : IAsyncDisposable
{
    private static readonly TimeSpan NewsOfDeath = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);
    private readonly Deployer _deployer;
    private readonly LogRecorder _log;
    private readonly string _socketFolder;
    private long _asked;
    private long _answered;
    private bool _removed;

    internal Deployment(Deployer deployer, int number, string role, IContainer container, LogRecorder log, string socketFolder, Transport transport, long startedAt)
    {
        (_deployer, Number, Role, Container, _log, _socketFolder, Transport, StartedAt) =
            (deployer, number, role, container, log, socketFolder, transport, startedAt);
    }

    /// <summary>From 1, over the whole run.</summary>
    public int Number { get; }

    public string Role { get; }

    public IContainer Container { get; }

    public Transport Transport { get; internal set; }

    /// <summary>Ticks of the runner's clock when the container was asked for.</summary>
    public long StartedAt { get; }

    /// <summary>Cancelled when the server writes more log than its profile allows.</summary>
    public CancellationToken Flooded => _log.Flooded;

    public int? ProcessId { get; internal set; }

    /// <summary>Counts requests for the record of the deployment.</summary>
    public void Count(long asked, long answered)
    {
        Interlocked.Add(ref _asked, asked);
        Interlocked.Add(ref _answered, answered);
    }

    /// <summary>Says why the server broke off: asks the container engine and the kernel, not the server.</summary>
    public async Task<BackendBrokenException> ExplainAsync(string what, Exception? cause, CancellationToken cancellationToken)
    {
        var reason = _log.Flooded.IsCancellationRequested
            ? $"the server wrote more than {_deployer.Profile.Container.LogLimitBytes >> 20} MiB of log (`container.log_limit` in the profile) and was stopped"
            : await DeathBehindAsync(cause, cancellationToken) is { } death ? $"{death} while it {what}" : $"{what}: {cause?.Message ?? "no answer"}";
        var tail = _log.Tail(12);
        return new BackendBrokenException(tail.Length == 0 ? reason : $"{reason}. Its last lines:\n{tail}", cause);
    }

    /// <returns>How it ended, or null while it runs.</returns>
    public async Task<string?> DeathAsync(CancellationToken cancellationToken)
    {
        var state = await Container.InspectAsync(cancellationToken);
        if (state.OutOfMemory)
            return $"the server was killed for memory (limit {_deployer.Profile.Container.MemoryBytes >> 20} MiB, `container.memory` in the profile)";
        return state.IsRunning ? null : $"the server ended with exit code {state.ExitCode}";
    }

    /// <summary>A connection breaks before the container engine knows that the process behind it ended: it is given a second to say so.</summary>
    private async Task<string?> DeathBehindAsync(Exception? cause, CancellationToken cancellationToken)
    {
        var asked = _deployer.Time.GetTimestamp();
        while (true)
        {
            if (await DeathAsync(cancellationToken) is { } death)
                return death;
            if (cause is not WireException { Kind: WireFailure.Broken or WireFailure.Refused } || _deployer.Time.GetElapsedTime(asked) > NewsOfDeath)
                return null;
            await Task.Delay(Between, _deployer.Time, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_removed)
            return;
        _removed = true;
        // removal goes on when the run was cancelled, on time of its own
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), _deployer.Time);
        var network = ProcessId is { } processId && _deployer.Engine.Description is { IsContainer: true, IsLocal: true }
            ? ContainerProbe.TryReadNetwork(processId)
            : null;
        var log = _log.Snapshot();
        await Container.DisposeAsync();
        _deployer.Gone(Container.Id);
        await _log.DisposeAsync();
        if (Directory.Exists(_socketFolder))
            Directory.Delete(_socketFolder, recursive: true);
        var residue = (await _deployer.Engine.FindAsync(_deployer.RunId, limit.Token))
            .Where(left => _deployer.IsResidue(left)).Select(left => $"{left.Kind} {left.Id}").ToList();
        if (Directory.Exists(_socketFolder))
            residue.Add($"folder {_socketFolder}");
        _deployer.Removed(this, log, network, _asked, _answered, residue);
    }
}
