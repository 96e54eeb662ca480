using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>A container that the daemon runs, and the network that was made for it.</summary>
/// <remarks>
/// Disposing has its own limit of ten seconds and does not throw where the daemon is gone or refuses: what remains carries the run's
/// label and is removed by whoever calls <see cref="IContainerEngine.FindAsync"/> next.
/// </remarks>
internal sealed class DockerContainer(
    DockerClient client, DockerRemoval removal, string id, ContainerNetwork network, string? networkName, bool isLocal) : IContainer
{
    private bool _removed;

    public string Id => id;

    public async Task<ContainerState> InspectAsync(CancellationToken cancellationToken)
    {
        using var inspected = await client.GetAsync($"containers/{id}/json", $"inspect container {id[..12]}", cancellationToken);
        var root = inspected.RootElement;
        var running = root.Flag("State", "Running");
        var pid = running && isLocal && root.Number("State", "Pid") is > 0 and var number ? (int?)number : null;
        var kernel = pid is { } seen ? KernelView.TryRead(seen, id) : null;
        return new ContainerState(
            running,
            running ? null : (int?)root.Number("State", "ExitCode"),
            root.Flag("State", "OOMKilled"),
            kernel is null ? null : pid,
            network is ContainerNetwork.PublishedPort published ? Port(root, published) : null,
            ContainerFacts.Read(root, kernel, await NetworkWordAsync(cancellationToken)));
    }

    /// <summary>Follows the daemon's log from its beginning, so that nothing is lost however late the reader comes.</summary>
    /// <remarks>The daemon keeps 8 MiB and drops what comes faster than it writes: a flood loses lines, and neither fills the disk nor holds the backend up.</remarks>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> LogAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var what = $"follow the log of container {id[..12]}";
        using var answer = await client.SendAsync(
            HttpMethod.Get, $"containers/{id}/logs?follow=1&stdout=1&stderr=1", content: null, what, cancellationToken);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await using var payloads = DockerStreams.PayloadsAsync(stream, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await payloads.MoveNextAsync())
                    yield break;
            }
            catch (IOException broken)
            {
                throw client.Broke(what, broken, cancellationToken);
            }

            yield return payloads.Current;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_removed)
            return;
        try
        {
            await removal.RemoveAsync(id, networkName);
            _removed = true;
        }
        catch (AdaptationException)
        {
            // it carries the run's label: the next run finds and removes it
        }
    }

    /// <summary>The network is asked, not remembered: someone may have connected the container to another one.</summary>
    private async Task<string?> NetworkWordAsync(CancellationToken cancellationToken)
    {
        if (networkName is null)
            return null;
        try
        {
            using var inspected = await client.GetAsync($"networks/{networkName}", $"inspect network {networkName}", cancellationToken);
            return inspected.RootElement.Flag("Internal") ? "internal" : "bridge";
        }
        catch (DockerException gone) when (gone.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Takes the published port, or the container's own address: an internal network publishes nothing (dockerd 20.10 to 28).</summary>
    private IPEndPoint? Port(JsonElement root, ContainerNetwork.PublishedPort published)
    {
        foreach (var binding in root.Items("NetworkSettings", "Ports", CreateRequest.PortKey(published)))
        {
            if (IPAddress.TryParse(binding.Text("HostIp"), out var ip)
                && int.TryParse(binding.Text("HostPort"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0)
            {
                return new IPEndPoint(ip, port);
            }
        }

        return isLocal && IPAddress.TryParse(root.Text("NetworkSettings", "Networks", networkName!, "IPAddress"), out var address)
            ? new IPEndPoint(address, published.Port)
            : null;
    }
}
