using System.Collections.Immutable;
using System.Security.Cryptography;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>A root file system of this machine's own packages, as a tar file that is kept.</summary>
/// <param name="Suite">Such as <c>bookworm</c>.</param>
/// <param name="Digest">SHA-256 of the file, 64 hex digits; part of its name, and checked each time.</param>
internal sealed record LocalRoot(string Path, string Suite, string Digest)
{
    private const string Tool = "mmdebstrap";

    /// <exception cref="BrokenEnvironmentException">This is no Debian or Ubuntu, not root, or the packages cannot be had.</exception>
    public static async Task<LocalRoot> EnsureAsync(DockerMachine machine, ImmutableArray<string> packages, CancellationToken cancellationToken)
    {
        var suite = AptSources.Suite(await File.ReadAllTextAsync("/etc/os-release", cancellationToken))
            ?? throw new BrokenEnvironmentException(
                "A base image can be made here only of Debian's or Ubuntu's packages, and /etc/os-release names neither. Load one with `docker load` and name it.");
        var folder = machine.Folder("base");
        var sources = AptSources.Read("/etc/apt", suite);
        var key = Key(suite, packages);
        await using var onlyUs = await FileLock.AcquireAsync(System.IO.Path.Combine(folder, "base.lock"), machine.Time, cancellationToken);
        return await FindAsync(folder, suite, key, cancellationToken) ?? await MakeAsync(machine, folder, suite, key, packages, sources, cancellationToken);
    }

    /// <summary>Whether one of these packages was made here before.</summary>
    public static bool IsKept(DockerMachine machine, ImmutableArray<string> packages) =>
        AptSources.Suite(File.ReadAllText("/etc/os-release")) is { } suite
        && Directory.EnumerateFiles(machine.Folder("base"), $"{suite}-{Key(suite, packages)}-*.tar").Any();

    private static string Key(string suite, ImmutableArray<string> packages) =>
        Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', [suite, .. packages.Order(StringComparer.Ordinal)]))))[..12];

    private static async Task<LocalRoot?> FindAsync(string folder, string suite, string key, CancellationToken cancellationToken)
    {
        foreach (var path in Directory.EnumerateFiles(folder, $"{suite}-{key}-*.tar").Order(StringComparer.Ordinal))
        {
            var digest = await DigestAsync(path, cancellationToken);
            if (path.EndsWith($"-{digest}.tar", StringComparison.Ordinal))
                return new LocalRoot(path, suite, digest);
            File.Delete(path); // not what its name says: a disk that lost power, or someone's edit
        }

        return null;
    }

    private static async Task<LocalRoot> MakeAsync(
        DockerMachine machine, string folder, string suite, string key, ImmutableArray<string> packages, ImmutableArray<string> sources,
        CancellationToken cancellationToken)
    {
        var tool = await machine.EnsureToolAsync(Tool, [Tool], cancellationToken);
        DockerMachine.RequireRoot($"make a base image with {Tool}");
        machine.Announce($"making a base image of {suite}'s packages: {string.Join(' ', packages)}");
        var unfinished = System.IO.Path.Combine(folder, $"unfinished-{Environment.ProcessId}.tar");
        try
        {
            // with a fixed hour the same packages give the same bytes; see reproducible-builds.org, SOURCE_DATE_EPOCH
            await machine.RunAsync(
                "/usr/bin/env",
                ["SOURCE_DATE_EPOCH=0", tool, "--quiet", "--variant=extract", "--format=tar", $"--include={string.Join(',', packages)}", suite, unfinished, .. sources],
                "make a base image",
                cancellationToken);
            var digest = await DigestAsync(unfinished, cancellationToken);
            var path = System.IO.Path.Combine(folder, $"{suite}-{key}-{digest}.tar");
            File.Move(unfinished, path, overwrite: true);
            return new LocalRoot(path, suite, digest);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static async Task<string> DigestAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }
}
