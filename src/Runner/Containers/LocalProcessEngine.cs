using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The embedded fallback: a backend as a plain child process, for machines without a container engine. It isolates nothing, and says so.</summary>
/// <remarks>
/// There is no image, so the files of the spec stand where they are. The program is <c>host/adaptation-host</c> where the image has that
/// file, and the command its arguments, as behind an image's entry point; else it is the command's first word, looked up among the files by
/// its path in the context. In arguments and environment each path inside the container is replaced by the one on this machine: a mount's
/// target by its source, <c>/opt/adaptation/X</c> by the file for <c>host/X</c>, <c>/opt/engine/X</c> by the file for <c>engine/X</c>.
/// Network, devices, user and file system are this process's own. Memory is limited by RLIMIT_DATA where prlimit(1) is there;
/// processor and process count are not limited at all.
/// </remarks>
/// <param name="stateFolder">Absolute; one file per running process, by which those of a dead runner are found.</param>
public sealed class LocalProcessEngine(string stateFolder, TimeProvider time) : IContainerEngine
{
    private const string EntryPoint = "host/adaptation-host";

    private readonly ConcurrentDictionary<string, ImageSpec> _images = new(StringComparer.Ordinal);

    public ContainerEngineDescription Description { get; } =
        new("process", Environment.Version.ToString(), "none", "none", IsContainer: false, IsLocal: true);

    /// <summary>Takes the digest of the files; nothing is copied.</summary>
    public async Task<ContainerImage> BuildAsync(ImageSpec image, IProgress<string> output, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, source) in image.Files)
        {
            var files = Directory.Exists(source)
                ? Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                    .Select(file => (Path: $"{path}/{Path.GetRelativePath(source, file)}", Source: file))
                : [(Path: path, Source: source)];
            foreach (var file in files)
            {
                hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(file.Path)));
                hash.AppendData(await DigestAsync(image.Name, file.Source, cancellationToken));
            }
        }

        var digest = $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
        _images[digest] = image;
        output.Report($"{image.Name}: runs as a plain process, digest {digest}");
        return new ContainerImage(image.Name, digest, BaseDigest: "none");
    }

    public async Task<IContainer> StartAsync(ContainerSpec container, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_images.TryGetValue(container.Image.Digest, out var image))
            throw new InvalidOperationException($"image {container.Image.Name} was not built by this engine");
        var paths = new ProcessPaths(image, container.Mounts);
        var (program, arguments) = image.Files.ContainsKey(EntryPoint) || paths.Find(EntryPoint) is not null
            ? (paths.Find(EntryPoint), container.Command)
            : container.Command is [var first, .. var rest] ? (paths.Find(first.TrimStart('/')) ?? paths.Replace(first), rest)
            : (null, []);
        if (program is null || !File.Exists(program))
        {
            throw new BrokenEnvironmentException(
                $"Image {image.Name} has no program to start as a plain process: {program ?? EntryPoint} is not among its files, and the command is '{string.Join(' ', container.Command)}'.");
        }

        var environment = container.Environment.ToImmutableDictionary(pair => pair.Key, pair => paths.Replace(pair.Value), StringComparer.Ordinal);
        return await LocalProcess.StartAsync(
            stateFolder, container, program, [.. arguments.Select(paths.Replace)], environment, time, cancellationToken);
    }

    /// <summary>A file of the spec where the image would have it, else the one that this machine has there: to a plain process that is the same.</summary>
    public async Task<ImageFile?> TryReadFileAsync(ContainerImage image, string path, CancellationToken cancellationToken)
    {
        if (!_images.TryGetValue(image.Digest, out var spec))
            return null;
        try
        {
            await using var file = File.OpenRead(new ProcessPaths(spec, []).Replace(path));
            return await ImageFile.ReadAsync(file, cancellationToken);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public Task<ImmutableArray<Leftover>> FindAsync(string? runId, CancellationToken cancellationToken) =>
        Task.FromResult<ImmutableArray<Leftover>>(
        [
            .. ProcessRecord.All(stateFolder).Where(record => runId is null || record.RunId == runId)
                .Select(record => new Leftover("process", record.Name, record.RunId, record.Owner)),
        ]);

    public async Task RemoveAsync(Leftover leftover, CancellationToken cancellationToken)
    {
        if (ProcessRecord.All(stateFolder).FirstOrDefault(record => record.Name == leftover.Id) is not { } record)
            return;
        await ProcessTree.EndAsync(record.Process, time, cancellationToken);
        record.Delete(stateFolder);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<byte[]> DigestAsync(string image, string source, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(source);
            return await SHA256.HashDataAsync(file, cancellationToken);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new BrokenEnvironmentException($"{source}, a file of image {image}, cannot be read: {unread.Message}", unread);
        }
    }
}
