using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Which base image is wanted, and what may stand in for it where no registry can be reached.</summary>
public sealed record BaseImageSpec
{
    /// <summary>As a registry knows it, best with its digest; null to make one here without asking any.</summary>
    public string? Reference { get; init; }

    /// <summary>Debian or Ubuntu packages for one made here, unpacked and not configured; empty where nothing may stand in.</summary>
    public ImmutableArray<string> Packages { get; init; } = ["libc6", "libstdc++6", "libgcc-s1", "zlib1g"];
}

/// <summary>A base image that the engine has.</summary>
/// <param name="Name">What <see cref="ImageSpec.Base"/> is set to.</param>
/// <param name="Digest"><c>sha256:</c> and 64 hex digits.</param>
public sealed record BaseImage(string Name, string Digest)
{
    /// <summary>A machine without a registry must not wait for one.</summary>
    private static readonly TimeSpan PullLimit = TimeSpan.FromSeconds(5);

    /// <summary>Finds the image in the engine, pulls it, or makes one of this machine's own packages; the same packages give the same digest.</summary>
    /// <exception cref="AdaptationException">None of the three was possible; the message says why each was not.</exception>
    public static async Task<BaseImage> EnsureAsync(
        DockerEngine engine, BaseImageSpec spec, DockerMachine machine, CancellationToken cancellationToken)
    {
        if (spec.Reference is { } reference)
        {
            if (await engine.Client.FindImageAsync(reference, cancellationToken) is { } found)
                return new BaseImage(reference, found.Digest);
            // a machine that made its own goes on with it: the combination stays the same, and no run waits for a registry
            if (spec.Packages.IsEmpty || !LocalRoot.IsKept(machine, spec.Packages))
            {
                var why = await engine.Client.TryPullAsync(reference, PullLimit, machine.Time, cancellationToken);
                if (why is null && await engine.Client.FindImageAsync(reference, cancellationToken) is { } pulled)
                    return new BaseImage(reference, pulled.Digest);
                if (spec.Packages.IsEmpty)
                    throw new BrokenEnvironmentException($"Base image {reference} cannot be pulled: {why} Load it with `docker load`, or name one that this machine reaches.");
                machine.Announce($"{reference} cannot be pulled; making a base image of this machine's packages");
            }
        }

        var files = await LocalRoot.EnsureAsync(machine, spec.Packages, cancellationToken);
        var name = $"adaptation/base:{files.Suite}-{files.Digest[..12]}";
        var wanted = $"sha256:{files.Digest}";
        if (await LayerAsync(engine, name, cancellationToken) != wanted)
        {
            using var archive = new ImageArchive(files.Path, files.Digest, name);
            await engine.Client.LoadAsync(archive, cancellationToken);
        }

        // the tag is short and anyone may set it: the layer says whether it is the right one
        if (await LayerAsync(engine, name, cancellationToken) is var seen && seen != wanted)
            throw new BrokenEnvironmentException($"Base image {name} was loaded with layer {wanted}, and the engine has {seen ?? "none"}. Is its disk full?");
        var made = await engine.Client.FindImageAsync(name, cancellationToken)
            ?? throw new BrokenEnvironmentException($"Base image {name} was loaded and is gone again. Does something else clean up images?");
        return new BaseImage(name, made.Digest);
    }

    private static async Task<string?> LayerAsync(DockerEngine engine, string name, CancellationToken cancellationToken)
    {
        try
        {
            using var inspected = await engine.Client.GetAsync($"images/{name}/json", $"inspect image {name}", cancellationToken);
            return inspected.RootElement.Texts("RootFS", "Layers") is [var only] ? only : null;
        }
        catch (DockerException absent) when (absent.Status == System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
