using System.Reflection;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>What the command line runs on: folders and settings, read from the environment once.</summary>
internal sealed record Machine
{
    /// <summary>The folder with <c>standard/</c>, <c>hardware-profiles/</c>, <c>reference-models/</c> and <c>containers/</c>.</summary>
    public required string Root { get; init; }

    /// <summary>Keys, packages and the private container engine's data; closed to other users.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The published <c>adaptation-host</c>.</summary>
    public required string HostFile { get; init; }

    public string? DockerHost { get; init; }

    public bool DockerTlsVerify { get; init; }

    public string? DockerCertPath { get; init; }

    public string? RuntimeFolder { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string KeyFolder => Path.Combine(DataFolder, "keys");

    public string TrustFile => Path.Combine(KeyFolder, "issuer", "trust.json");

    /// <summary>Of this program, as reports and journals name it.</summary>
    public static string Version { get; } =
        typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static Machine FromEnvironment()
    {
        var program = AppContext.BaseDirectory;
        var home = Set("XDG_DATA_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return new Machine
        {
            Root = Set("ADAPTATION_ROOT") ?? Path.GetFullPath(Path.Combine(program, "..", "..", "..")),
            DataFolder = Path.Combine(home, "adaptation"),
            HostFile = Set("ADAPTATION_HOST") ?? Path.GetFullPath(Path.Combine(program, "..", "host", "adaptation-host")),
            DockerHost = Set("DOCKER_HOST"),
            DockerTlsVerify = Set("DOCKER_TLS_VERIFY") is not null,
            DockerCertPath = Set("DOCKER_CERT_PATH"),
            RuntimeFolder = Set("XDG_RUNTIME_DIR"),
        };
    }

    /// <summary>A folder below <see cref="DataFolder"/>, made where it is absent.</summary>
    public string Data(string name)
    {
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(DataFolder, own);
        return Directory.CreateDirectory(Path.Combine(DataFolder, name), own).FullName;
    }

    private static string? Set(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

/// <summary>Opens a container engine, or what stands in for it.</summary>
internal delegate Task<IWorkshop> OpenWorkshop(Machine machine, Isolation isolation, Action<string> announce, CancellationToken cancellationToken);

/// <summary>What keeps the server under test apart from the machine.</summary>
internal enum Isolation
{
    /// <summary>A container, or where none can be had a plain process.</summary>
    Any,

    Container,

    /// <summary>A container engine that is there already, or that an earlier run left its images in; none is installed or made.</summary>
    Present,

    Process,
}

internal interface IWorkshop : IAsyncDisposable
{
    IContainerEngine Engine { get; }

    Preparation Preparation { get; }

    /// <summary>Whether the container engine was started by this program, and keeps its images in <see cref="Machine.DataFolder"/>.</summary>
    bool IsOwnEngine { get; }

    /// <summary>Whether the container engine has an image, without asking a registry; null where there is none to ask.</summary>
    Task<bool?> HasImageAsync(string reference, CancellationToken cancellationToken);
}

internal static class ExitCode
{
    public const int Certified = 0;
    public const int Rejected = 1;
    public const int Incomplete = 2;
    public const int BadInput = 3;
    public const int BrokenEnvironment = 4;
    public const int Cancelled = 130;
}
