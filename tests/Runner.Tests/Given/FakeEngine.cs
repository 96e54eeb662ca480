using System.Collections.Immutable;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Adaptation.Runner.Tests;

/// <summary>A container engine whose containers are threads of this process that answer the wire as a test tells them to.</summary>
internal sealed class FakeEngine(Func<FakeContainer, byte[], byte[]?> answer) : IContainerEngine
{
    private readonly Lock _gate = new();
    private readonly List<FakeContainer> _all = [];

    public ContainerEngineDescription Description { get; init; } = new("fake", "1", "1", "2", IsContainer: true, IsLocal: true);

    /// <summary>Told of each container before it serves; may let it die, write or not listen, or throw to refuse it.</summary>
    public Action<FakeContainer>? Starting { get; set; }

    /// <summary>What is found beyond the containers that live.</summary>
    public ImmutableArray<Leftover> Strays { get; set; } = [];

    public Exception? FindFails { get; set; }

    /// <summary>What the image holds, by path.</summary>
    public Dictionary<string, string> Files { get; } = new(StringComparer.Ordinal);

    public List<Leftover> Swept { get; } = [];

    public ImmutableArray<FakeContainer> All
    {
        get
        {
            lock (_gate)
                return [.. _all];
        }
    }

    public Task<ContainerImage> BuildAsync(ImageSpec image, IProgress<string> output, CancellationToken cancellationToken) =>
        Task.FromResult(new ContainerImage(image.Name, $"sha256:{new string('a', 64)}", $"sha256:{new string('b', 64)}"));

    public Task<IContainer> StartAsync(ContainerSpec container, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FakeContainer started;
        lock (_gate)
        {
            started = new FakeContainer($"c{_all.Count + 1}", container, answer);
            _all.Add(started);
        }

        Starting?.Invoke(started);
        started.Serve();
        return Task.FromResult<IContainer>(started);
    }

    public async Task<ImageFile?> TryReadFileAsync(ContainerImage image, string path, CancellationToken cancellationToken) =>
        Files.TryGetValue(path, out var text) ? await ImageFile.ReadAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)), cancellationToken) : null;

    public Task<ImmutableArray<Leftover>> FindAsync(string? runId, CancellationToken cancellationToken) => FindFails is { } broken
        ? Task.FromException<ImmutableArray<Leftover>>(broken)
        : Task.FromResult<ImmutableArray<Leftover>>(
            [.. All.Where(container => container.Removals == 0).Select(container => new Leftover("container", container.Id, container.Spec.RunId, container.Spec.Owner)), .. Strays]);

    public Task RemoveAsync(Leftover leftover, CancellationToken cancellationToken)
    {
        Swept.Add(leftover);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

internal sealed class FakeContainer(string id, ContainerSpec spec, Func<FakeContainer, byte[], byte[]?> answer) : IContainer
{
    private readonly Channel<ReadOnlyMemory<byte>> _log = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
    private readonly List<Socket> _peers = [];
    private Socket? _listener;
    private int _served;

    public string Id => id;

    public ContainerSpec Spec => spec;

    public bool IsEcho => spec.Command.Contains("echo");

    public bool Listens { get; set; } = true;

    public bool OutOfMemory { get; set; }

    public int? ExitCode { get; set; }

    public int? ProcessId { get; set; } = Environment.ProcessId;

    public Exception? RemovalFails { get; set; }

    public int Removals { get; private set; }

    /// <summary>Requests that it has taken so far.</summary>
    public int Served => Volatile.Read(ref _served);

    public void Write(byte[] bytes) => _log.Writer.TryWrite(bytes);

    /// <summary>Ends it, as a crash would.</summary>
    public void Die(int exitCode)
    {
        ExitCode = exitCode;
        Close();
    }

    public void Serve()
    {
        if (!Listens || ExitCode is not null)
            return;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(spec.Mounts.Single(mount => mount.Target == "/run/adaptation").Source, "serve.sock")));
        _listener.Listen(64);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public Task<ContainerState> InspectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new ContainerState(ExitCode is null, ExitCode, OutOfMemory, ExitCode is null ? ProcessId : null, Port: null, Hardened));
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> LogAsync(CancellationToken cancellationToken) => _log.Reader.ReadAllAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        if (RemovalFails is { } failure)
            throw failure;
        Removals++;
        Close();
        _log.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    private static ImmutableSortedDictionary<string, string> Hardened { get; } = Testing.Given.Facts(
        ("privileged", "false"), ("host_network", "false"), ("host_pid", "false"), ("host_ipc", "false"), ("capabilities.added", ""),
        ("capabilities.effective", "0000000000000000"), ("no_new_privileges", "true"), ("read_only_root", "true"), ("uid", "10001"),
        ("seccomp", "2"), ("devices", ""), ("writable_mounts", "/run/adaptation"), ("memory_limited", "true"), ("cpu_limited", "true"),
        ("pids_limited", "true"));

    private void Close()
    {
        _listener?.Dispose();
        lock (_peers)
        {
            foreach (var peer in _peers)
                peer.Dispose();
        }
    }

    private void Accept()
    {
        try
        {
            for (var number = 0; ; number++)
            {
                var socket = _listener!.Accept();
                lock (_peers)
                    _peers.Add(socket);
                var peer = new Peer(socket, number);
                new Thread(() => Follow(peer)) { IsBackground = true }.Start();
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // removed
        }
    }

    private void Follow(Peer peer)
    {
        try
        {
            while (peer.ReadRequest())
            {
                Interlocked.Increment(ref _served);
                if (answer(this, peer.Request) is not { } bytes)
                    peer.WaitForHangUp();
                else
                    peer.Send(bytes);
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // the client hung up, or the container was removed
        }
        finally
        {
            peer.Socket.Dispose();
        }
    }
}
