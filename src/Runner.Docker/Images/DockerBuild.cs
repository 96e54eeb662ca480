using System.Net;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Builds images whose tag is the digest of their content, and finds them again by it.</summary>
internal sealed class DockerBuild(DockerClient client) : IDisposable
{
    private const string ImageLabel = "adaptation.image";
    private const string BaseLabel = "adaptation.base";
    private const string ContentLabel = "adaptation.content";
    private const int TailLines = 20;

    /// <summary>One at a time: two builds of one content would give two images, and only one would keep the tag.</summary>
    private readonly SemaphoreSlim _gate = new(1);

    public async Task<ContainerImage> RunAsync(ImageSpec image, IProgress<string> output, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var found = await client.FindImageAsync(image.Base, cancellationToken)
                ?? throw new BrokenEnvironmentException($"Image {image.Name} builds on {image.Base}, which the container engine does not have. Pull or make it first.");
            var context = await BuildContext.ReadAsync(image, found.Digest, cancellationToken);
            var tag = $"adaptation/{image.Name}:{context.Digest}";
            var digest = await client.FindImageAsync(tag, cancellationToken) is { } known
                && known.Label(ContentLabel) == context.Digest && known.Label(BaseLabel) == found.Digest
                ? known.Digest
                : await BuildAsync(image, found.Digest, context, tag, output, cancellationToken);
            return new ContainerImage(tag, digest, found.Digest)
            {
                Base = image.Base,
                BaseInRegistry = found.InRegistries.IsEmpty ? null : string.Join(", ", found.InRegistries),
            };
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<string> BuildAsync(
        ImageSpec image, string baseDigest, BuildContext context, string tag, IProgress<string> output, CancellationToken cancellationToken)
    {
        // the base by its digest: between the look-up and the build, a tag may come to mean another image
        var arguments = Json(("BASE_IMAGE", baseDigest));
        var labels = Json((ImageLabel, image.Name), (BaseLabel, baseDigest), (ContentLabel, context.Digest));
        var path = $"build?t={Uri.EscapeDataString(tag)}&buildargs={arguments}&labels={labels}&networkmode=none&rm=1&forcerm=1&dockerfile=Dockerfile";
        var lines = new LineSplitter(output, TailLines);
        var what = $"build image {image.Name}";
        string? id = null;
        try
        {
            using var content = new ContextContent(context);
            using var answer = await client.SendAsync(HttpMethod.Post, path, content, what, cancellationToken);
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            await foreach (var item in DockerStreams.ObjectsAsync(stream, cancellationToken))
            {
                id = item.Text("aux", "ID") ?? id;
                lines.Add(item.Text("stream") ?? "");
            }
        }
        catch (BrokenEnvironmentException failed)
        {
            lines.Flush();
            throw new BrokenEnvironmentException($"Image {image.Name} could not be built from {image.Folder}: {failed.Message} Its last lines:\n{lines.Tail}", failed);
        }
        catch (Exception broken) when (broken is IOException or JsonException)
        {
            throw client.Broke(what, broken, cancellationToken);
        }

        lines.Flush();
        if (id is null)
            throw new BrokenEnvironmentException($"The build of image {image.Name} ended without naming an image. Its last lines:\n{lines.Tail}");
        var built = await client.FindImageAsync(tag, cancellationToken)
            ?? throw new BrokenEnvironmentException($"The build of image {image.Name} gave {id}, and the engine does not find it as {tag}.");
        return built.Digest;
    }

    private static string Json(params ReadOnlySpan<(string Name, string Value)> pairs)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in pairs)
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        return Uri.EscapeDataString(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    /// <summary>Sends the context as it is read, without ever holding it.</summary>
    private sealed class ContextContent : HttpContent
    {
        private readonly BuildContext _context;

        public ContextContent(BuildContext context)
        {
            _context = context;
            Headers.ContentType = new("application/x-tar");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            _context.WriteAsync(stream, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            _context.WriteAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
