using System.Globalization;
using System.Net;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>A container that the daemon runs, and the network that was made for it.</summary>
/// <remarks>
/// Disposing has its own limit of ten seconds and does not throw where the daemon is gone or refuses: what remains carries the run's
/// label and is removed by whoever calls <see cref="IContainerEngine.FindAsync"/> next.
/// </remarks>
internal sealed class DockerContainer(
    DockerClient client, DockerRemoval removal, string id, AttachedOutput output, ContainerNetwork network, string? networkName, bool isLocal) : IContainer
{
    private bool _removed;
    private bool _detached;

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

    /// <remarks>For one reader. What it has not read yet is held, up to <see cref="OutputBuffer.Limit"/>.</remarks>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> LogAsync(CancellationToken cancellationToken) => output.Buffer.ReadAsync(cancellationToken);

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

        if (!_detached)
            await output.DisposeAsync();
        _detached = true;
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
