using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What kind of value a fact has.</summary>
internal enum FactType
{
    Text,

    Texts,

    Number,

    Integer,

    /// <summary>One of the words of <see cref="FactKey.Words"/>.</summary>
    Choice,

    /// <summary>A file or a command, and a pattern whose one group is the value.</summary>
    Probe,

    /// <summary>Device nodes below /dev, <c>{index}</c> for the number of a device.</summary>
    Nodes,

    /// <summary>Host paths, with the path in the container behind a colon where it differs; always read-only.</summary>
    Mounts,

    /// <summary>Groups that a container's user gets, by the machine's names or numbers.</summary>
    Groups,

    /// <summary>Words of the command that asks the management tool.</summary>
    Command,

    /// <summary><c>NAME=NUMBER</c>, -1 for none; each name once.</summary>
    Limits,

    /// <summary>A size in bytes, with its unit.</summary>
    Size,

    /// <summary>Names of environment variables.</summary>
    Variables,

    /// <summary><c>NAME=VALUE</c>; each name once.</summary>
    Settings,

    /// <summary>PCI vendor ids, with the device's behind a colon where it is known.</summary>
    PciIds,
}

/// <summary>One thing that can be known of a chip or of its stack.</summary>
/// <param name="Words">Of a <see cref="FactType.Choice"/>.</param>
internal sealed record FactKey(string Name, FactType Type, params ImmutableArray<string> Words)
{
    private static readonly ImmutableArray<string> Tri = ["yes", "no"];

    /// <summary>All of them, in the order in which files have them.</summary>
    public static ImmutableArray<FactKey> All { get; } =
    [
        new("product", FactType.Text), new("family", FactType.Text), new("host_cpu", FactType.Texts), new("pci", FactType.PciIds),
        new("devices.each", FactType.Nodes), new("devices.shared", FactType.Nodes), new("devices.optional", FactType.Nodes),
        new("devices.numbering", FactType.Choice, "physical", "ordinal", "card"), new("devices.per_board", FactType.Integer),
        new("launch.mounts", FactType.Mounts), new("launch.runtime", FactType.Text), new("launch.cdi", FactType.Text),
        new("launch.toolkit", FactType.Choice, "required", "optional", "none"), new("launch.toolkit_least", FactType.Text), new("launch.groups", FactType.Groups),
        new("launch.capabilities", FactType.Texts), new("launch.shm", FactType.Size), new("launch.ulimits", FactType.Limits), new("launch.environment", FactType.Settings),
        new("launch.setup", FactType.Texts), new("launch.vendor_flags", FactType.Texts),
        new("visible.host", FactType.Variables), new("visible.container", FactType.Variables), new("visible.alignment", FactType.Choice, "renumber", "same"),
        new("kubernetes.resources", FactType.Texts), new("kubernetes.labels", FactType.Texts), new("slurm.gres", FactType.Texts),
        new("torch.device", FactType.Text), new("torch.package", FactType.Text), new("torch.library", FactType.Text), new("torch.csharp", FactType.Text),
        new("onnxruntime.provider", FactType.Text), new("onnxruntime.options", FactType.Texts), new("llamacpp.backend", FactType.Text), new("vllm.plugin", FactType.Text),
        new("images", FactType.Texts),
        new("probe.driver", FactType.Probe), new("probe.toolkit", FactType.Probe), new("probe.firmware", FactType.Probe), new("probe.framework", FactType.Probe),
        new("probe.plugin", FactType.Probe), new("probe.runtime", FactType.Probe),
        new("telemetry.tool", FactType.Choice, [.. ToolFormats.Names]), new("telemetry.command", FactType.Command), new("telemetry.traps", FactType.Texts),
        new("dtype.fp64", FactType.Choice, Tri), new("dtype.fp32", FactType.Choice, Tri), new("dtype.tf32", FactType.Choice, Tri), new("dtype.fp16", FactType.Choice, Tri),
        new("dtype.bf16", FactType.Choice, Tri), new("dtype.fp8", FactType.Choice, Tri), new("dtype.int8", FactType.Choice, Tri), new("dtype.int64", FactType.Choice, Tri),
        new("numeric.caveats", FactType.Texts),
        new("peak.fp32_tflops", FactType.Number), new("peak.tf32_tflops", FactType.Number), new("peak.fp16_tflops", FactType.Number), new("peak.bf16_tflops", FactType.Number),
        new("peak.fp8_tflops", FactType.Number), new("peak.int8_tops", FactType.Number), new("memory.mib", FactType.Integer), new("memory.bandwidth_gb_s", FactType.Number),
        new("power.cap_w", FactType.Number), new("measured", FactType.Texts),
        new("versions.driver_seen", FactType.Text), new("versions.toolkit_seen", FactType.Text), new("exporter", FactType.Text), new("notes", FactType.Texts),
    ];

    private static readonly ImmutableDictionary<string, FactKey> ByName = All.ToImmutableDictionary(key => key.Name, StringComparer.Ordinal);

    public static FactKey? Find(string name) => ByName.GetValueOrDefault(name);
}
