using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How a container gets at the devices of a chip.</summary>
public enum LaunchForm
{
    /// <summary>By device nodes and read-only mounts, with no help of the vendor's.</summary>
    Plain,

    /// <summary>By the vendor's container runtime, which reads an environment variable and adds the rest.</summary>
    Toolkit,

    /// <summary>By the Container Device Interface: the engine adds what the vendor's specification says.</summary>
    Cdi,
}

/// <summary>What a start needs besides what the profile's <c>container</c> says: fixed by the chip's facts, the form and the devices that are chosen.</summary>
/// <param name="Indices">Devices, as the chip's tools number them; at least one.</param>
public sealed record LaunchPlan(LaunchForm Form, ImmutableArray<int> Indices)
{
    /// <summary>Device nodes, in the order in which the facts have them.</summary>
    public ImmutableArray<string> Devices { get; init; } = [];

    /// <summary>Always read-only.</summary>
    public ImmutableArray<Mount> Mounts { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The engine's name of the vendor's runtime; null for the engine's own.</summary>
    public string? Runtime { get; init; }

    /// <summary>Fully qualified names: <c>huawei.com/npu=0</c>.</summary>
    public ImmutableArray<string> CdiDevices { get; init; } = [];

    public ImmutableArray<string> Groups { get; init; } = [];

    /// <summary>0: the engine's default.</summary>
    public long ShmBytes { get; init; }

    /// <summary>Soft and hard limit alike; -1 for none.</summary>
    public ImmutableSortedDictionary<string, long> Ulimits { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>What must be inside and what must not, as this machine has it; null where a plan is only shown.</summary>
    public DevicePlan? Counted { get; init; }

    /// <summary>The same container with the chip's devices in it.</summary>
    public ContainerSpec AddTo(ContainerSpec spec) => spec with
    {
        Devices = [.. spec.Devices.Union(Devices, StringComparer.Ordinal)],
        Mounts = [.. spec.Mounts, .. Mounts],
        Environment = Environment.SetItems(spec.Environment), // what the profile says holds
        Runtime = Runtime,
        CdiDevices = CdiDevices,
        Groups = Groups,
        ShmBytes = ShmBytes,
        Ulimits = Ulimits,
    };
}
