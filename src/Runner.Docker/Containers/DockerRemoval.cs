using System.Net;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Takes containers and networks away, by force, with a limit of its own: a cancelled run cleans up too.</summary>
internal sealed class DockerRemoval(DockerClient client, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    /// <param name="container">Id or name; one that is gone already is no error. Null for none; the network likewise.</param>
    /// <exception cref="AdaptationException">The daemon is gone, refuses, or is not done within ten seconds.</exception>
    public async Task RemoveAsync(string? container, string? network)
    {
        using var timeout = new CancellationTokenSource(Limit, time);
        try
        {
            if (container is not null)
                await ContainerAsync(container, timeout.Token);
            if (network is not null)
                await NetworkAsync(network, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new BrokenEnvironmentException(
                $"The container engine did not remove {container ?? network} within {Limit.TotalSeconds:0} s. It is removed at the next start, once the engine answers.");
        }
    }

    public async Task ContainerAsync(string container, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var done = await client.CallAsync(
                    HttpMethod.Delete, $"containers/{container}?force=1&v=1", body: null, $"remove container {container}", cancellationToken);
                return;
            }
            catch (DockerException gone) when (gone.Status == HttpStatusCode.NotFound)
            {
                return;
            }
            catch (DockerException busy) when (busy.Status == HttpStatusCode.Conflict)
            {
                // somebody else is removing it: done when it is no longer found
                await Task.Delay(Between, time, cancellationToken);
            }
        }
    }

    public async Task NetworkAsync(string network, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var done = await client.CallAsync(
                    HttpMethod.Delete, $"networks/{network}", body: null, $"remove network {network}", cancellationToken);
                return;
            }
            catch (DockerException gone) when (gone.Status == HttpStatusCode.NotFound)
            {
                return;
            }
            catch (DockerException busy) when (busy.Status is HttpStatusCode.Forbidden or HttpStatusCode.Conflict)
            {
                // an endpoint of a container that is just being removed still hangs on it
                await Task.Delay(Between, time, cancellationToken);
            }
        }
    }
}
