using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>A container engine that speaks the Docker Engine API, 1.41 or newer.</summary>
/// <remarks>Images are built without a network: all that goes in comes from the context, whose digest is the image's tag.</remarks>
public sealed class DockerEngine : IContainerEngine
{
    /// <summary>How long a cancelled start waits for the daemon to say whether the container was made.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private readonly DockerRemoval _removal;
    private readonly DockerBuild _build;

    private DockerEngine(DockerClient client, TimeProvider time, ContainerEngineDescription description, bool isRootless)
    {
        (Client, _time, Description, IsRootless) = (client, time, description, isRootless);
        _removal = new DockerRemoval(client, time);
        _build = new DockerBuild(client);
    }

    public ContainerEngineDescription Description { get; }

    internal DockerClient Client { get; }

    internal bool IsRootless { get; }

    /// <exception cref="AdaptationException">Nothing answers there, or it is older than API version 1.41.</exception>
    public static async Task<DockerEngine> ConnectAsync(DockerEndpoint endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        var client = await DockerClient.OpenAsync(endpoint, time, cancellationToken);
        try
        {
            using var info = await client.GetAsync("info", "describe itself", cancellationToken);
            var root = info.RootElement;
            using var version = await client.GetAsync("version", "say its version", cancellationToken);
            // a socket may lead into a virtual machine, whose process ids are not ours: that one runs a kernel of its own
            var isLocal = endpoint is DockerEndpoint.Unix
                && root.Text("KernelVersion") == (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancellationToken)).Trim();
            var description = new ContainerEngineDescription(
                "Docker", root.Text("ServerVersion") ?? "unknown", client.Version!.ToString(), root.Text("CgroupVersion") ?? "1",
                IsContainer: true, isLocal)
            {
                // the engine's own entry says again what ServerVersion says
                Components = [.. version.RootElement.Items("Components").Where(part => part.Text("Name") != "Engine").Select(part => $"{part.Text("Name")} {part.Text("Version")}").Order(StringComparer.Ordinal)],
                Runtimes = root.Keys("Runtimes"),
                OwnRuntime = OwnRuntimeOf(root, version.RootElement),
                CdiFolders = root.Texts("CDISpecDirs"),
                // Source: Engine API 1.50, "Get system information": each device with its source and id
                CdiDevices = root.TryGetProperty("DiscoveredDevices", out var found)
                    ? [.. found.Items().Where(device => device.Text("Source") == "cdi").Select(device => device.Text("ID")).OfType<string>()] : null,
            };
            return new DockerEngine(client, time, description, root.Texts("SecurityOptions").Contains("name=rootless"));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>With the runtime always named: the daemon's default may be a vendor's, which hands devices into every container.</summary>
    internal ContainerSpec Asked(ContainerSpec container) => container with { Runtime = container.Runtime ?? Description.OwnRuntime };

    private static readonly string[] OwnRuntimes = ["runc", "io.containerd.runc.v2"];

    /// <summary>Names that dockerd keeps for the runc that it comes with: a configuration that gives one to another program is refused by it.</summary>
    /// <remarks>
    /// Source: dockerd, "runtime name 'runc' is reserved"; daemon.json's <c>default-runtime</c> may name any other. Podman lists the runtimes of its configuration whether they are
    /// installed or not, and takes none from a request: nothing is sent to it, and what it adds is counted like any other.
    /// </remarks>
    private static string? OwnRuntimeOf(System.Text.Json.JsonElement info, System.Text.Json.JsonElement version) =>
        version.Items("Components").Any(part => part.Text("Name")?.Contains("Podman", StringComparison.OrdinalIgnoreCase) is true) ? null
        : OwnRuntimes.FirstOrDefault(name => info.Keys("Runtimes").Contains(name));

    /// <summary>Whether it has an image of that name; asks no registry.</summary>
    public async Task<bool> HasImageAsync(string reference, CancellationToken cancellationToken) => await Client.FindImageAsync(reference, cancellationToken) is not null;

    public Task<ContainerImage> BuildAsync(ImageSpec image, IProgress<string> output, CancellationToken cancellationToken) =>
        _build.RunAsync(image, output, cancellationToken);

    public async Task<IContainer> StartAsync(ContainerSpec container, CancellationToken cancellationToken)
    {
        Refuse(container);
        container = Asked(container);
        // named by us, so that it can be removed even where the daemon's answer with the id is never read
        var name = $"adaptation-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        var network = container.Network is ContainerNetwork.PublishedPort ? name : null;
        AttachedOutput? output = null;
        try
        {
            if (network is not null)
                await UncancelledAsync("networks/create", CreateRequest.Network(network, container.RunId, container.Owner), "create a network", cancellationToken);
            var id = await UncancelledAsync(
                $"containers/create?name={name}", CreateRequest.Container(container, network), $"create a container of {container.Image.Name}", cancellationToken);
            output = await AttachedOutput.OpenAsync(Client, id, cancellationToken);
            using var started = await Client.CallAsync(
                HttpMethod.Post, $"containers/{id}/start", body: null, $"start a container of {container.Image.Name}", cancellationToken);
            return new DockerContainer(Client, _removal, id, output, container.Network, network, Description.IsLocal);
        }
        catch (Exception failed) when (failed is AdaptationException or OperationCanceledException)
        {
            await RemoveQuietlyAsync(name, network);
            if (output is not null)
                await output.DisposeAsync();
            if (WhyLimits(container, failed) is { } limits)
                throw new BrokenEnvironmentException(limits, failed);
            ExceptionDispatchInfo.Throw(failed);
            throw;
        }
    }

    public Task<ImageFile?> TryReadFileAsync(ContainerImage image, string path, CancellationToken cancellationToken) =>
        new ImageReader(Client, _removal, _time).TryReadAsync(image, path, cancellationToken);

    public async Task<ImmutableArray<Leftover>> FindAsync(string? runId, CancellationToken cancellationToken)
    {
        var label = runId is null ? CreateRequest.RunLabel : $"{CreateRequest.RunLabel}={runId}";
        var filters = Uri.EscapeDataString($$"""{"label":["{{System.Text.Json.JsonEncodedText.Encode(label)}}"]}""");
        using var containers = await Client.GetAsync($"containers/json?all=1&filters={filters}", "list containers", cancellationToken);
        using var networks = await Client.GetAsync($"networks?filters={filters}", "list networks", cancellationToken);
        // containers first: a network can only go after what hangs on it
        return [.. Leftovers("container", containers.RootElement), .. Leftovers("network", networks.RootElement)];
    }

    public async Task RemoveAsync(Leftover leftover, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await (leftover.Kind switch
        {
            "container" => _removal.RemoveAsync(leftover.Id, network: null),
            "network" => _removal.RemoveAsync(container: null, leftover.Id),
            _ => throw new ArgumentException($"this engine leaves no {leftover.Kind} behind", nameof(leftover)),
        }).WaitAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _build.Dispose();
        Client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IEnumerable<Leftover> Leftovers(string kind, System.Text.Json.JsonElement list) =>
        list.Items().Select(item => new Leftover(
            kind, item.Text("Id") ?? "", item.Text("Labels", CreateRequest.RunLabel) ?? "", item.Text("Labels", CreateRequest.OwnerLabel) ?? ""));

    /// <summary>Says before anything is made what the daemon would say late and in worse words.</summary>
    private void Refuse(ContainerSpec container)
    {
        if (container.Network is ContainerNetwork.PublishedPort && (!Description.IsLocal || IsRootless))
        {
            throw new BrokenEnvironmentException(
                $"A container of {container.Image.Name} asks for a port on an internal network, which only an engine that runs on this machine as root offers; "
                + $"{Client.Endpoint} does not. Serve over a Unix socket in a mounted folder, with no network.");
        }

        if (!Description.IsLocal)
            return;
        foreach (var device in container.Devices.Where(device => !Path.Exists(device)))
        {
            throw new BrokenEnvironmentException(
                $"Device {device} is not on this machine, and a container of {container.Image.Name} needs it. Is the driver loaded? Compare `ls -l /dev` with `devices` in the profile.");
        }

        foreach (var mount in container.Mounts.Where(mount => !Path.Exists(mount.Source)))
        {
            throw new BrokenEnvironmentException(
                $"{mount.Source}, to be mounted at {mount.Target} in a container of {container.Image.Name}, is not on this machine.");
        }
    }

    /// <summary>Limits above the engine's own hard ones are refused by the container runtime, in words that name neither.</summary>
    /// <remarks>Source: runc, "error setting rlimit type 8: operation not permitted"; getrlimit(2) has the numbers.</remarks>
    private static string? WhyLimits(ContainerSpec container, Exception failed) => failed is DockerException && !container.Ulimits.IsEmpty && failed.Message.Contains("rlimit", StringComparison.Ordinal)
        ? $"The container engine may not set the limits that the chip's facts ask for ({string.Join(", ", container.Ulimits.Select(limit => $"{limit.Key}={limit.Value}"))}): they lie above its own hard limits. Raise those: "
            + $"`systemctl edit docker`, with {string.Join(" and ", container.Ulimits.Keys.Select(name => $"Limit{name.ToUpperInvariant()}=infinity"))} under [Service], then `systemctl restart docker`; an engine that runs in a container itself needs CAP_SYS_RESOURCE. It said: {failed.Message}"
        : null;

    /// <summary>Asks for something to be made. When cancelled it waits a little for the answer: a request cut off leaves open whether it was made.</summary>
    private async Task<string> UncancelledAsync(string path, byte[] body, string what, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource();
        var making = Client.CallAsync(HttpMethod.Post, path, body, what, limit.Token);
        try
        {
            using var made = await making.WaitAsync(cancellationToken);
            return made.RootElement.Text("Id") ?? throw new BrokenEnvironmentException($"The container engine was asked to {what} and answered without an id.");
        }
        catch (OperationCanceledException)
        {
            limit.CancelAfter(Grace);
            await making.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }

    private async Task RemoveQuietlyAsync(string name, string? network)
    {
        try
        {
            await _removal.RemoveAsync(name, network);
        }
        catch (AdaptationException)
        {
            // the failure that led here is the one to report; what remains carries the run's label
        }
    }
}
