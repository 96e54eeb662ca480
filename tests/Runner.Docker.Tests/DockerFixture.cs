using System.Collections.Immutable;

[assembly: AssemblyFixture(typeof(Adaptation.Runner.Docker.Tests.DockerFixture))]

namespace Adaptation.Runner.Docker.Tests;

/// <summary>A real private daemon, a base image of this machine's packages with busybox in it, and an image that runs busybox.</summary>
/// <remarks>Where none can be had the tests fail, and the exception says why: a suite that skips what matters proves nothing.</remarks>
public sealed class DockerFixture : IAsyncLifetime
{
    private readonly Given.Folder _folder = new();
    private DockerDaemon? _daemon;
    private DockerEngine? _engine;

    public DockerEngine Engine => _engine ?? throw new InvalidOperationException("not started");

    /// <summary>As the docker client spells it.</summary>
    public string Endpoint => _daemon?.Endpoint.ToString() ?? throw new InvalidOperationException("not started");

    internal DockerMachine Machine { get; private set; } = null!;

    public BaseImage Base { get; private set; } = null!;

    public ContainerImage Busybox { get; private set; } = null!;

    public static BaseImageSpec BaseSpec { get; } =
        new() { Packages = ["libc6", "libstdc++6", "libgcc-s1", "zlib1g", "busybox-static"] };

    public async ValueTask InitializeAsync()
    {
        Machine = Given.Machine(_folder.Path);
        _daemon = await DockerDaemon.FindAsync(Given.NoSystemDaemon, Machine, CancellationToken.None);
        _engine = await DockerEngine.ConnectAsync(_daemon.Endpoint, TimeProvider.System, CancellationToken.None);
        Base = await BaseImage.EnsureAsync(_engine, BaseSpec, Machine, CancellationToken.None);
        using var folder = new Given.Folder();
        var spec = Given.Image(folder, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENTRYPOINT [\"/bin/busybox\"]\n", Base.Name);
        Busybox = await _engine.BuildAsync(spec, Given.NoOutput, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
            await _engine.DisposeAsync();
        if (_daemon is not null)
            await _daemon.DisposeAsync();
        _folder.Dispose();
    }

    internal ContainerSpec Spec(string runId, params ImmutableArray<string> command) =>
        Given.Container with { RunId = runId, Owner = RunOwner.Current, Image = Busybox, Command = command };
}
