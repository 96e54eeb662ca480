using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Builds images and runs containers. Safe for concurrent use; disposing closes connections and leaves containers alone.</summary>
/// <remarks>Everything it creates carries the label <c>adaptation.run</c> with the run's id, so that what a dead runner left can be found.</remarks>
public interface IContainerEngine : IAsyncDisposable
{
    ContainerEngineDescription Description { get; }

    /// <summary>Builds the image, or finds the one that the same content gave before.</summary>
    /// <param name="output">Lines of the build, as they come.</param>
    /// <exception cref="Core.AdaptationException">The engine is gone, the base cannot be had, or a step of the build failed; the message has its last lines.</exception>
    Task<ContainerImage> BuildAsync(ImageSpec image, IProgress<string> output, CancellationToken cancellationToken);

    /// <summary>Creates and starts a container, hardened as <see cref="ContainerSpec"/> says.</summary>
    /// <exception cref="Core.AdaptationException">The engine refused it; what had been created is removed again.</exception>
    Task<IContainer> StartAsync(ContainerSpec container, CancellationToken cancellationToken);

    /// <summary>Reads a file of an image as the engine keeps it. Nothing of the image is started.</summary>
    /// <param name="path">Absolute, in the image; links are followed within it.</param>
    /// <returns>Null where the image has no such file.</returns>
    Task<ImageFile?> TryReadFileAsync(ContainerImage image, string path, CancellationToken cancellationToken);

    /// <summary>Lists what carries our label: of one run, or of all runs where <paramref name="runId"/> is null.</summary>
    Task<ImmutableArray<Leftover>> FindAsync(string? runId, CancellationToken cancellationToken);

    /// <summary>Removes one of them, by force; one that is gone already is no error.</summary>
    Task RemoveAsync(Leftover leftover, CancellationToken cancellationToken);
}

/// <summary>A running container. Disposing kills and removes it and all that came with it; doing so twice is safe.</summary>
public interface IContainer : IAsyncDisposable
{
    string Id { get; }

    Task<ContainerState> InspectAsync(CancellationToken cancellationToken);

    /// <summary>Yields what it writes to its output and error streams, from its start until it ends, as raw chunks in order. For one reader.</summary>
    /// <remarks>Output that nobody reads is held up to 8 MiB; beyond that the oldest is dropped, and a line in square brackets says how much.</remarks>
    IAsyncEnumerable<ReadOnlyMemory<byte>> LogAsync(CancellationToken cancellationToken);
}

/// <param name="Name">Docker, or process for the embedded fallback.</param>
/// <param name="IsContainer">False where the backend runs as a plain process: no isolation, and the level is capped.</param>
/// <param name="IsLocal">True where a container's process ids are this machine's, so that /proc can be read and namespaces entered.</param>
public sealed record ContainerEngineDescription(
    string Name, string Version, string ApiVersion, string CgroupVersion, bool IsContainer, bool IsLocal)
{
    /// <summary>What it is made of besides itself, with versions: <c>runc 1.1.5</c>.</summary>
    public ImmutableArray<string> Components { get; init; } = [];

    /// <summary>Runtimes that it lists by name, in ordinal order.</summary>
    public ImmutableArray<string> Runtimes { get; init; } = [];

    /// <summary>The one that is its own and no vendor's, asked for wherever a profile names none: what else is its default may add devices. Null where it does not say.</summary>
    public string? OwnRuntime { get; init; }

    /// <summary>Where it looks for specifications of the Container Device Interface; empty where that is off, or not known of.</summary>
    public ImmutableArray<string> CdiFolders { get; init; } = [];

    /// <summary>Devices that it found in those specifications; null where it does not say.</summary>
    public ImmutableArray<string>? CdiDevices { get; init; }
}

/// <param name="Folder">The folder with the Dockerfile.</param>
/// <param name="Base">What <c>BASE_IMAGE</c> is set to; must exist in the engine.</param>
/// <param name="Files">Path in the build context to the file or folder on this machine that goes there.</param>
public sealed record ImageSpec(
    string Name, string Folder, string Base, ImmutableSortedDictionary<string, string> Files);

/// <param name="Digest"><c>sha256:</c> and 64 hex digits: of the platform image, never of a tag or an index.</param>
public sealed record ContainerImage(string Name, string Digest, string BaseDigest)
{
    /// <summary>The base by the name under which it was asked for; <c>none</c> where there is no image.</summary>
    public string Base { get; init; } = "none";

    /// <summary>What registries call the base: <c>NAME@sha256:...</c>, several with commas between; null where it came from none. As the engine says it.</summary>
    public string? BaseInRegistry { get; init; }
}

/// <summary>What is asked of a container. Never an expected output, a limit, a check's name or a verdict: there is no field to put one in.</summary>
public sealed record ContainerSpec
{
    public required string RunId { get; init; }

    /// <summary>Identifies the process that owns the run (<see cref="RunOwner"/>), for telling dead runs from live ones.</summary>
    public required string Owner { get; init; }

    public required ContainerImage Image { get; init; }

    /// <summary>Arguments of the image's entry point; where it has none, program and arguments.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableArray<Mount> Mounts { get; init; } = [];

    /// <summary>Device nodes such as <c>/dev/davinci0</c>, and no others.</summary>
    public ImmutableArray<string> Devices { get; init; } = [];

    /// <summary>Devices by the Container Device Interface: <c>huawei.com/npu=0</c>.</summary>
    public ImmutableArray<string> CdiDevices { get; init; } = [];

    /// <summary>The engine's name of a vendor's runtime; null for the engine's own.</summary>
    public string? Runtime { get; init; }

    /// <summary>Further groups of the user, by name or number.</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    /// <summary>Size of /dev/shm; 0 for the engine's default.</summary>
    public long ShmBytes { get; init; }

    /// <summary>Soft and hard limit alike; -1 for none.</summary>
    public ImmutableSortedDictionary<string, long> Ulimits { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    public required long MemoryBytes { get; init; }

    /// <summary>Thousandths of a core.</summary>
    public required int CpuMillis { get; init; }

    public required int Pids { get; init; }

    /// <summary>Size of the writable tmpfs at /tmp; 0 for none.</summary>
    public long TmpBytes { get; init; }

    /// <summary>Numeric uid:gid. Root is a hardening violation, to be named as an exception by the profile.</summary>
    public string User { get; init; } = "10001:10001";

    public ContainerNetwork Network { get; init; } = new ContainerNetwork.None();

    /// <summary>Each of these weakens the container; SEC-01 counts those that the profile does not name as exceptions.</summary>
    public ContainerWeaknesses Weaknesses { get; init; } = new();
}

/// <param name="Source">Absolute path on this machine.</param>
public sealed record Mount(string Source, string Target, bool ReadOnly);

/// <summary>What a container can reach.</summary>
public abstract record ContainerNetwork
{
    private ContainerNetwork()
    {
    }

    /// <summary>A network namespace with nothing but its own loopback.</summary>
    public sealed record None : ContainerNetwork;

    /// <summary>An internal network of its own with one port published on this machine's loopback. It still reaches the host, which is recorded.</summary>
    public sealed record PublishedPort(int Port) : ContainerNetwork;

    /// <summary>The host's own network: a hardening violation.</summary>
    public sealed record Host : ContainerNetwork;
}

/// <summary>Departures from the hardened default that some vendor stacks ask for.</summary>
public sealed record ContainerWeaknesses(
    bool Privileged = false,
    bool WritableRoot = false,
    bool MayGainPrivileges = false,
    bool HostPid = false,
    bool HostIpc = false)
{
    public ImmutableArray<string> Capabilities { get; init; } = [];
}

/// <param name="ExitCode">Null while it runs.</param>
/// <param name="ProcessId">Of its first process as this machine sees it; null when it does not run, or runs elsewhere.</param>
/// <param name="Port">Host and port where a <see cref="ContainerNetwork.PublishedPort"/> is reached; null otherwise.</param>
/// <param name="Facts">What the engine says of how it runs, as SEC-01 reads it: privileged, capabilities.added, user, read_only_root ...</param>
public sealed record ContainerState(
    bool IsRunning, int? ExitCode, bool OutOfMemory, int? ProcessId, System.Net.IPEndPoint? Port,
    ImmutableSortedDictionary<string, string> Facts);

/// <param name="Kind">container, network, volume, process or folder.</param>
/// <param name="Owner">As <see cref="ContainerSpec.Owner"/>.</param>
public sealed record Leftover(string Kind, string Id, string RunId, string Owner);
