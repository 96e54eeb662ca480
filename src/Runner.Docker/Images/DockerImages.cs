using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>The daemon's calls on images that are not builds.</summary>
internal static class DockerImages
{
    /// <summary>Finds an image by name or digest; null where the engine does not have it.</summary>
    public static async Task<FoundImage?> FindImageAsync(
        this DockerClient client, string name, CancellationToken cancellationToken)
    {
        try
        {
            using var inspected = await client.GetAsync($"images/{name}/json", $"inspect image {name}", cancellationToken);
            var root = inspected.RootElement.Clone();
            var digest = root.Text("Id") ?? throw new BrokenEnvironmentException($"The container engine has image {name} and does not say its digest.");
            return new FoundImage(digest, [.. root.Texts("RepoDigests").Order(StringComparer.Ordinal)], label => root.Text("Config", "Labels", label));
        }
        catch (DockerException absent) when (absent.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Pulls an image; returns null when that went well, else why it did not.</summary>
    /// <param name="firstWord">How long the registry may take until the first line of progress; from then on the pull has as long as it needs.</param>
    public static async Task<string?> TryPullAsync(
        this DockerClient client, string reference, TimeSpan firstWord, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(firstWord, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var what = $"pull {reference}";
        try
        {
            using var answer = await client.SendAsync(
                HttpMethod.Post, $"images/create?fromImage={Uri.EscapeDataString(WithTag(reference))}", content: null, what, either.Token);
            await using var stream = await answer.Content.ReadAsStreamAsync(either.Token);
            await foreach (var _ in DockerStreams.ObjectsAsync(stream, either.Token))
                timeout.CancelAfter(Timeout.InfiniteTimeSpan);
            return null;
        }
        catch (Exception failed) when (failed is AdaptationException or IOException or JsonException && !either.IsCancellationRequested)
        {
            return failed.Message;
        }
        catch (Exception cancelled) when (cancelled is OperationCanceledException or IOException or BrokenEnvironmentException
            && timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return $"no registry answered within {firstWord.TotalSeconds:0} s";
        }
    }

    /// <summary>Loads an archive as <c>docker save</c> writes it.</summary>
    public static async Task LoadAsync(this DockerClient client, HttpContent archive, CancellationToken cancellationToken)
    {
        const string What = "load an image";
        try
        {
            using var answer = await client.SendAsync(HttpMethod.Post, "images/load?quiet=1", archive, What, cancellationToken);
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            await foreach (var _ in DockerStreams.ObjectsAsync(stream, cancellationToken))
            {
                // read to the end: only then is the image there
            }
        }
        catch (Exception broken) when (broken is IOException or JsonException)
        {
            throw client.Broke(What, broken, cancellationToken);
        }
    }

    /// <summary>Without a tag the daemon would pull them all.</summary>
    private static string WithTag(string reference) =>
        reference.Contains('@', StringComparison.Ordinal) || reference.LastIndexOf(':') > reference.LastIndexOf('/') ? reference : $"{reference}:latest";
}

/// <summary>An image that the engine has.</summary>
/// <param name="Digest">The engine's id of it, <c>sha256:</c> and 64 hex digits.</param>
/// <param name="InRegistries"><c>NAME@sha256:...</c>, in ordinal order; empty where it was never in a registry.</param>
internal sealed record FoundImage(string Digest, ImmutableArray<string> InRegistries, Func<string, string?> Label);
