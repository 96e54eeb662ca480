using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The container that a profile's server runs in: one description, whether it is started or only shown.</summary>
public static class ServerContainer
{
    internal const string ModelTarget = "/model";
    internal const string SocketTarget = "/run/adaptation";
    internal const string SocketName = "serve.sock";

    /// <summary>What a run would start for a model, without starting anything; what is only known then stands as a variable of a shell.</summary>
    /// <param name="exists">Whether a device node is there.</param>
    /// <exception cref="BadInputException">The form is not known of the chip, or the numbers are no devices.</exception>
    public static ContainerSpec Show(RunInputs inputs, LaunchChoice choice, Func<string, bool> exists)
    {
        var profile = inputs.Profile;
        var launch = LaunchDecision.Show(profile, choice, exists);
        ImmutableArray<Mount> mounts =
        [
            new("${SOCKETS}", SocketTarget, ReadOnly: false), new("${MODEL}", ModelTarget, ReadOnly: true),
            .. profile.Server.Cache is { } cache ? [new("${CACHE}", cache, ReadOnly: false)] : Array.Empty<Mount>(),
        ];
        var network = profile.Container.HostNetwork ? new ContainerNetwork.Host() : (ContainerNetwork)new ContainerNetwork.None();
        return Of(profile, new ContainerImage("${IMAGE}", "", ""), ServerCommand.Of(profile.Server, inputs), mounts, network, ("RUN", "OWNER"), launch);
    }

    /// <param name="command">With {model}, {socket} and {port} still in it.</param>
    internal static ContainerSpec Of(
        Profile profile, ContainerImage image, ImmutableArray<string> command, ImmutableArray<Mount> mounts, ContainerNetwork network, (string Run, string Owner) labels, LaunchPlan? launch)
    {
        var box = profile.Container;
        var spec = new ContainerSpec
        {
            RunId = labels.Run,
            Owner = labels.Owner,
            Image = image,
            Command = Filled(command, profile.Server.Port),
            Environment = profile.Server.Environment,
            Mounts = mounts,
            Devices = box.Devices,
            MemoryBytes = box.MemoryBytes,
            CpuMillis = box.CpuMillis,
            Pids = box.Pids,
            TmpBytes = box.TmpBytes,
            User = box.User,
            Network = network,
            Weaknesses = box.Weaknesses,
        };
        return launch?.AddTo(spec) ?? spec;
    }

    internal static ImmutableArray<string> Filled(ImmutableArray<string> command, int? port) =>
    [
        .. command.Select(argument => argument.Replace("{model}", ModelTarget, StringComparison.Ordinal).Replace("{socket}", $"{SocketTarget}/{SocketName}", StringComparison.Ordinal)
            .Replace("{port}", (port ?? 0).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)),
    ];
}
