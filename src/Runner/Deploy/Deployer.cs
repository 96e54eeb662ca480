using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;

namespace Adaptation.Runner;

/// <summary>Starts servers in containers as the profile says, and keeps account of them.</summary>
internal sealed class Deployer(ServerStand stand, Scratch scratch, string runId, TimeProvider time, IDeploymentLog record)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(5);
    private readonly HashSet<string> _alive = new(StringComparer.Ordinal);
    private string? _cache;

    /// <summary>What a run was prepared with; null where servers are only started without a model.</summary>
    public Prepared? Run { get; init; }

    private Prepared Prepared => Run ?? throw new InvalidOperationException("nothing was prepared but the server");

    public Profile Profile => stand.Profile;

    public Scratch Scratch => scratch;

    public IContainerEngine Engine => stand.Engine;

    public string RunId => runId;

    public TimeProvider Time => time;

    /// <summary>Starts the server under test and waits for its first answer over the wire.</summary>
    /// <param name="modelFolder">Holds the model's files; checked against the manifest before anything starts.</param>
    /// <param name="beforeStart">Runs after that check and right before the container is asked for.</param>
    /// <param name="ask">Asks for the first answer; a server that only answers wrongly is not up.</param>
    /// <exception cref="BackendBrokenException">It ended, or was not ready in time.</exception>
    /// <exception cref="ModelRefusedException">The model is not the one that the manifest names.</exception>
    public Task<(Deployment Deployment, long ReadyAt)> StartAsync(string modelFolder, Action? beforeStart, FirstQuestion ask, CancellationToken cancellationToken) =>
        StartAsync(modelFolder, Cache, beforeStart, ask, cancellationToken);

    /// <param name="cacheFolder">Where the engine keeps its cache; null where the profile declares none.</param>
    /// <inheritdoc cref="StartAsync(string, Action?, FirstQuestion, CancellationToken)"/>
    public async Task<(Deployment Deployment, long ReadyAt)> StartAsync(
        string modelFolder, string? cacheFolder, Action? beforeStart, FirstQuestion ask, CancellationToken cancellationToken)
    {
        await ModelFiles.VerifyAsync(modelFolder, Prepared.Inputs.Model.Files, cancellationToken);
        beforeStart?.Invoke();
        var server = Profile.Server;
        var deployment = await LaunchAsync(
            "server", stand.Image, ServerCommand.Of(server, Prepared.Inputs), server.Environment, modelFolder, cacheFolder, server.Port, cancellationToken);
        return (deployment, await OrRemovedAsync(
            deployment, () => ReadyAsync(deployment, server.ReadyWithin, ask, cancellationToken)));
    }

    /// <summary>Starts the server under test without a model, to be handed models while it runs, and waits until it would take one.</summary>
    /// <remarks>It is told to refuse a model of which a part would run on the CPU, wherever the CPU is not the device: what falls back must not look like what ran.</remarks>
    /// <exception cref="BackendBrokenException">It ended, or was not ready in time.</exception>
    public Task<Deployment> StartRepositoryAsync(CancellationToken cancellationToken) =>
        StartRepositoryAsync(Profile.Server.Adapter!.CpuFallback && !RefusesCpu(Profile.Server), cancellationToken);

    /// <summary>Starts it as <see cref="StartRepositoryAsync(CancellationToken)"/> does, but with the CPU as fallback where the profile allows that: parts of a model are to run where they ran in a certification.</summary>
    /// <inheritdoc cref="StartRepositoryAsync(CancellationToken)"/>
    public Task<Deployment> StartProfiledRepositoryAsync(CancellationToken cancellationToken) => StartRepositoryAsync(Profile.Server.Adapter!.CpuFallback, cancellationToken);

    private async Task<Deployment> StartRepositoryAsync(bool cpuFallback, CancellationToken cancellationToken)
    {
        var server = Profile.Server;
        var deployment = await LaunchAsync(
            "server", stand.Image, ServerCommand.OfRepository(server, cpuFallback), server.Environment, modelFolder: null, Cache, server.Port, cancellationToken);
        await OrRemovedAsync(deployment, () => ReadyAsync(deployment, server.ReadyWithin, FirstQuestions.Repository, cancellationToken));
        return deployment;
    }

    /// <summary>Whether the server that is handed models refuses what would run on the CPU; where the CPU is the device there is nothing to refuse.</summary>
    public static bool RefusesCpu(ProfileServer server) => server.Adapter is { Name: "onnxruntime", Provider: not ("" or "CPUExecutionProvider") };

    /// <summary>Starts the echo: our own host, which answers at once with what it was sent; what the wire and the client cost is measured against it.</summary>
    public async Task<Deployment> StartEchoAsync(CancellationToken cancellationToken)
    {
        ImmutableArray<string> command = ["--adapter", "echo", "--listen", $"unix:{ServerContainer.SocketTarget}/{ServerContainer.SocketName}"];
        var deployment = await LaunchAsync(
            "echo", Prepared.EchoImage, command, ImmutableSortedDictionary<string, string>.Empty, modelFolder: null, cacheFolder: null, port: null, cancellationToken);
        await OrRemovedAsync(
            deployment, () => ReadyAsync(deployment, TimeSpan.FromSeconds(30), FirstQuestions.Tensor(Prepared.EchoRequest, answer => answer.Parse().Length == 1), cancellationToken));
        return deployment;
    }

    /// <summary>Starts our own server of known delay, which the client's error under text loads is measured against.</summary>
    public async Task<Deployment> StartPaceAsync(PaceSpec spec, CancellationToken cancellationToken)
    {
        static string Text(double number) => number.ToString("0", CultureInfo.InvariantCulture);
        ImmutableArray<string> command =
        [
            "--adapter", "pace", "--listen", $"unix:{ServerContainer.SocketTarget}/{ServerContainer.SocketName}",
            "--first-ms", Text(spec.First.TotalMilliseconds), "--gap-ms", Text(spec.Gap.TotalMilliseconds), "--tokens", Text(spec.Tokens),
        ];
        var deployment = await LaunchAsync(
            "pace", Prepared.EchoImage, command, ImmutableSortedDictionary<string, string>.Empty, modelFolder: null, cacheFolder: null, port: null, cancellationToken);
        await OrRemovedAsync(deployment, () => ReadyAsync(deployment, TimeSpan.FromSeconds(30), FirstQuestions.Text("pace"), cancellationToken));
        return deployment;
    }

    /// <summary>Whatever keeps a deployment from being handed over also removes it.</summary>
    private static async Task<T> OrRemovedAsync<T>(Deployment deployment, Func<Task<T>> ready)
    {
        try
        {
            return await ready();
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether something that carries the run's label should be gone by now.</summary>
    public bool IsResidue(Leftover left)
    {
        lock (_alive)
            return !_alive.Contains(left.Id);
    }

    public void Removed(Deployment deployment, byte[] log, NetworkCounts? network, long asked, long answered, IReadOnlyList<string> residue) =>
        record.Removed(deployment, log, network, asked, answered, residue);

    public void Gone(string containerId)
    {
        lock (_alive)
            _alive.Remove(containerId);
    }

    private async Task<Deployment> LaunchAsync(
        string role, ContainerImage image, ImmutableArray<string> command, ImmutableSortedDictionary<string, string> environment,
        string? modelFolder, string? cacheFolder, int? port, CancellationToken cancellationToken)
    {
        var isServer = role == "server";
        if (isServer)
            LaunchGuard.Check(stand, [scratch.Path, modelFolder, cacheFolder, stand.EngineFolder]);
        var number = record.NextNumber();
        record.Deploying(number, role);
        var sockets = OpenFolder();
        var network = Network(port);
        ImmutableArray<Mount> mounts =
        [
            new Mount(sockets, ServerContainer.SocketTarget, ReadOnly: false),
            .. modelFolder is null ? [] : new[] { new Mount(modelFolder, ServerContainer.ModelTarget, ReadOnly: true) },
            .. cacheFolder is null ? [] : new[] { new Mount(cacheFolder, Profile.Server.Cache!, ReadOnly: false) },
            .. Engine.Description.IsContainer || stand.EngineFolder is null ? [] : new[] { new Mount(stand.EngineFolder, "/opt/engine", ReadOnly: true) },
        ];
        var spec = ServerContainer.Of(Profile, image, command, mounts, network, (runId, RunOwner.Current), isServer ? stand.Launch : null);
        if (!isServer) // one of ours: none of the profile's devices and weaknesses
            spec = spec with { Environment = environment, Devices = [], User = "10001:10001", Weaknesses = new() };
        var box = Profile.Container;
        var startedAt = time.GetTimestamp();
        var container = await Engine.StartAsync(spec, cancellationToken);
        lock (_alive)
            _alive.Add(container.Id);
        var log = new LogRecorder(container, box.LogLimitBytes);
        var deployment = new Deployment(this, number, role, container, log, sockets, new Transport.UnixSocket(Path.Combine(sockets, ServerContainer.SocketName)), startedAt);
        return await OrRemovedAsync(deployment, async () =>
        {
            record.Deployed(deployment);
            var state = await container.InspectAsync(cancellationToken);
            deployment.ProcessId = state.ProcessId;
            if (isServer && stand.Devices is not null)
                await AcceptAsync(deployment, state, cancellationToken);
            if (port is { } listensOn)
                deployment.Transport = Reach(state, network, listensOn) ?? throw await deployment.ExplainAsync("started", null, cancellationToken);
            return deployment;
        });
    }

    /// <summary>A container without its accelerator, or with another one, is no server under test: what is wrong is recorded, then thrown.</summary>
    private async Task AcceptAsync(Deployment deployment, ContainerState state, CancellationToken cancellationToken)
    {
        var sight = await ServerDevices.LookAsync(stand, deployment, state, cancellationToken);
        record.Seen(deployment, sight);
        if (sight.Problem is { } wrong)
            throw new WrongDevicesException(wrong);
    }

    private ContainerNetwork Network(int? port) => (port, Profile.Container.HostNetwork) switch
    {
        (_, true) => new ContainerNetwork.Host(),
        ({ } number, _) when !CanEnterNamespaces => new ContainerNetwork.PublishedPort(number),
        _ => new ContainerNetwork.None(),
    };

    private bool CanEnterNamespaces => Engine.Description.IsLocal && Environment.IsPrivilegedProcess;

    /// <returns>Null where the container has ended already. Never a guess: on a port of this machine anything else may answer.</returns>
    private Transport? Reach(ContainerState state, ContainerNetwork network, int port) => network switch
    {
        ContainerNetwork.PublishedPort => state.Port is { } end ? new Transport.Tcp(end.Address.ToString(), end.Port) : null,
        ContainerNetwork.None when Engine.Description.IsContainer => state.ProcessId is { } processId ? new Transport.NetworkNamespace(processId, port) : null,
        _ => new Transport.Tcp("127.0.0.1", port),
    };

    /// <summary>A folder of its own for a cache that is empty; null where the profile declares none.</summary>
    public string? EmptyCache() => Profile.Server.Cache is null ? null : OpenFolder();

    /// <summary>Where the engine keeps its cache in all starts that have no other: as a user would have it, warm from the second start on.</summary>
    /// <remarks>The one thing that a container can tell a later one by; so that no step that compares starts uses it.</remarks>
    private string? Cache => _cache ??= EmptyCache();

    /// <summary>Short, because a socket's path may have 107 bytes; inside a closed folder, because what lies in it is open to all.</summary>
    /// <remarks>Named by chance: a container reads the source of its mounts in /proc/self/mountinfo, and a number would tell which step it serves.</remarks>
    private string OpenFolder()
    {
        var folder = scratch.Folder(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        const UnixFileMode everyone = (UnixFileMode)0b111_111_111;
        File.SetUnixFileMode(folder, everyone); // the server runs as another user
        return folder;
    }

    /// <summary>Service unavailable: not yet, and no refusal.</summary>
    private const int NotReady = 503;

    private async Task<long> ReadyAsync(
        Deployment deployment, TimeSpan within, FirstQuestion ask, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, deployment.Flooded, cancellationToken);
        var (last, refused, asked) = ("nothing listened yet", false, time.GetTimestamp());
        try
        {
            for (var looks = 0; ; looks++)
            {
                asked = time.GetTimestamp();
                try
                {
                    var answer = await Task.Run(() => ask(deployment.Transport, time, within, either.Token), CancellationToken.None);
                    if (answer.IsGood)
                    {
                        deployment.ReadyAfter = time.GetElapsedTime(deployment.StartedAt, answer.Done);
                        deployment.Count(asked: 1, answered: 1, TimeSpan.Zero);
                        return answer.Done;
                    }

                    (last, refused) = ("it answered, and wrongly", false);
                }
                catch (WireException notYet)
                {
                    (last, refused) = (notYet.Message, notYet is { Kind: WireFailure.ServerError, Status: not NotReady });
                }

                if (looks % 20 == 0 && await deployment.DeathAsync(either.Token) is not null)
                    throw await deployment.ExplainAsync("started", null, cancellationToken);
                await Task.Delay(Between, time, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var why = await deployment.ExplainAsync(
                $"did not give a good answer within {within.TotalSeconds:0} s (`serve.ready_within` in the profile); the last try: {last}", null, cancellationToken);
            // one that refused before and now does not answer at all hangs
            throw refused && time.GetElapsedTime(asked) < within / 4 && why is BackendBrokenException { End: BackendEnd.Silent } ? new BackendBrokenException(why.Message, why) { End = BackendEnd.Refused } : why;
        }
    }
}

/// <summary>Where deployments are recorded.</summary>
internal interface IDeploymentLog
{
    int NextNumber();

    void Deploying(int number, string role);

    void Deployed(Deployment deployment);

    /// <summary>The devices in the container of the server under test, as seen from outside.</summary>
    void Seen(Deployment deployment, DeviceSight sight);

    void Removed(Deployment deployment, byte[] log, NetworkCounts? network, long asked, long answered, IReadOnlyList<string> residue);
}
