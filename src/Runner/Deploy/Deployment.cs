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

    /// <summary>Whether the server in it is one of ours and not the one under test.</summary>
    public bool IsOurs => Role != "server";

    public IContainer Container { get; }

    public Transport Transport { get; internal set; }

    /// <summary>Ticks of the runner's clock when the container was asked for.</summary>
    public long StartedAt { get; }

    /// <summary>Cancelled when the server writes more log than its profile allows.</summary>
    public CancellationToken Flooded => _log.Flooded;

    public int? ProcessId { get; internal set; }

    /// <summary>From the start of the container to its first good answer; null until there is one.</summary>
    public TimeSpan? ReadyAfter { get; internal set; }

    /// <summary>Spent under load, or waiting for an answer.</summary>
    public TimeSpan Served { get; private set; }

    /// <summary>Counts requests for the record of the deployment.</summary>
    /// <param name="took">From the first request sent to the last answer received.</param>
    public void Count(long asked, long answered, TimeSpan took)
    {
        _asked += asked;
        _answered += answered;
        Served += took;
    }

    /// <summary>Says why the server broke off: asks the container engine and the kernel, not the server.</summary>
    /// <returns><see cref="BackendBrokenException"/>; of one of ours, a <see cref="Core.BrokenEnvironmentException"/>.</returns>
    public async Task<Exception> ExplainAsync(string what, Exception? cause, CancellationToken cancellationToken)
    {
        var death = _log.Flooded.IsCancellationRequested ? null : await DeathBehindAsync(cause, cancellationToken);
        var reason = _log.Flooded.IsCancellationRequested
            ? $"the server wrote more than {_deployer.Profile.Container.LogLimitBytes >> 20} MiB of log (`container.log_limit` in the profile) and was stopped"
            : death is not null ? $"{death} while it {what}" : $"{what}: {cause?.Message ?? "no answer"}";
        var tail = _log.Tail(12);
        var message = tail.Length == 0 ? reason : $"{reason}. Its last lines:\n{tail}";
        return IsOurs
            ? new Core.BrokenEnvironmentException($"The {Role}, our own server that client errors are measured against, broke off: {message}", cause)
            : new BackendBrokenException(message, cause)
            {
                End = death is not null ? BackendEnd.Ended
                    : cause is WireException { Kind: WireFailure.ServerError } && !_log.Flooded.IsCancellationRequested ? BackendEnd.Refused : BackendEnd.Silent,
            };
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

    /// <remarks>
    /// What cannot be removed, or not be looked for, is recorded as residue and not thrown: it must neither hide why the deployment ends nor
    /// look like a clean removal. Only a journal that cannot be written throws.
    /// </remarks>
    public async ValueTask DisposeAsync()
    {
        if (_removed)
            return;
        _removed = true;
        var network = ProcessId is { } processId && _deployer.Engine.Description is { IsContainer: true, IsLocal: true }
            ? ContainerProbe.TryReadNetwork(processId)
            : null;
        var residue = new List<string>();
        await TryAsync(residue, $"container {Container.Id}", async () => await Container.DisposeAsync());
        _deployer.Gone(Container.Id);
        await _log.DisposeAsync();
        await TryAsync(residue, $"folder {_socketFolder}", () =>
        {
            if (Directory.Exists(_socketFolder))
                Directory.Delete(_socketFolder, recursive: true);
            return Task.CompletedTask;
        });
        await TryAsync(residue, "whatever carries the run's label", async () =>
        {
            // removal goes on when the run was cancelled, on time of its own
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), _deployer.Time);
            var left = await _deployer.Engine.FindAsync(_deployer.RunId, limit.Token);
            residue.AddRange(left.Where(_deployer.IsResidue).Select(item => $"{item.Kind} {item.Id}"));
        });
        _deployer.Removed(this, _log.Snapshot(), network, _asked, _answered, residue);
    }

    private static async Task TryAsync(List<string> residue, string what, Func<Task> remove)
    {
        try
        {
            await remove();
        }
        catch (Exception failed) when (failed is Core.AdaptationException or IOException or UnauthorizedAccessException or HttpRequestException or OperationCanceledException)
        {
            residue.Add($"{what} ({Clip.Text(failed.Message)})");
        }
    }
}
