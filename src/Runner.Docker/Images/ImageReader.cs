using System.Formats.Tar;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Reads files out of an image through a container that is made of it and never started.</summary>
/// <remarks>Source: Docker Engine API 1.41, "Get an archive of a filesystem resource in a container": works on a container that was only created.</remarks>
internal sealed class ImageReader(DockerClient client, DockerRemoval removal, TimeProvider time)
{
    /// <summary>A library of some GiB, read once.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private const int MostLinks = 8;

    /// <summary>What the engine says, with status 500, of a path below a file and of links in a circle.</summary>
    private static readonly string[] NoPath = ["not a directory", "too many links"];

    /// <returns>Null where the image has no such file.</returns>
    public async Task<ImageFile?> TryReadAsync(ContainerImage image, string path, CancellationToken cancellationToken)
    {
        var what = $"read {path} of image {image.Name}";
        var name = $"adaptation-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        using var timeout = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var made = await client.CallAsync(HttpMethod.Post, $"containers/create?name={name}", Request(image), what, either.Token);
            for (var links = 0; links <= MostLinks; links++)
            {
                var (file, link) = await EntryAsync(name, path, what, either.Token);
                if (link is null)
                    return file;
                path = Path.GetFullPath(link, Path.GetDirectoryName(path) ?? "/");
            }

            return null; // links in a circle
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BrokenEnvironmentException($"The container engine was asked to {what} and was not done within {Limit.TotalSeconds:0} s. Restart it.");
        }
        catch (Exception broken) when (broken is IOException or InvalidDataException)
        {
            throw client.Broke(what, broken, cancellationToken);
        }
        finally
        {
            await removal.RemoveAsync(name, network: null);
        }
    }

    /// <summary>The first entry of the archive is what was asked for; behind a folder come its files, and a folder is no file.</summary>
    private async Task<(ImageFile? File, string? Link)> EntryAsync(string container, string path, string what, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.SendAsync(HttpMethod.Get, $"containers/{container}/archive?path={Uri.EscapeDataString(path)}", content: null, what, cancellationToken);
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            await using var tar = new TarReader(stream);
            return await tar.GetNextEntryAsync(copyData: false, cancellationToken) switch
            {
                { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile, DataStream: { } data } => (await ImageFile.ReadAsync(data, cancellationToken), null),
                { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile } => (await ImageFile.ReadAsync(Stream.Null, cancellationToken), null),
                { EntryType: TarEntryType.SymbolicLink, LinkName: var link } => (null, link),
                _ => (null, null),
            };
        }
        catch (DockerException absent) when (absent.Status == HttpStatusCode.NotFound || NoPath.Any(word => absent.Message.Contains(word, StringComparison.Ordinal)))
        {
            return (null, null);
        }
    }

    /// <summary>It is never started: the program is there because a container without one is refused.</summary>
    private static byte[] Request(ContainerImage image)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("Image", image.Digest);
            json.WriteStartArray("Entrypoint");
            json.WriteStringValue("/never-started");
            json.WriteEndArray();
            json.WriteStartObject("Labels");
            json.WriteString(CreateRequest.RunLabel, "version-capture");
            json.WriteString(CreateRequest.OwnerLabel, RunOwner.Current);
            json.WriteEndObject();
            json.WriteStartObject("HostConfig");
            json.WriteString("NetworkMode", "none");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
