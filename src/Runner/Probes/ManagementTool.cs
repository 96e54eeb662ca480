using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a chip's management tool prints, asked once: a second source beside files and kernel.</summary>
/// <param name="Name">Of the tool; null where the facts name none that is read here.</param>
/// <param name="Problem">Why nothing was read; null where something was.</param>
internal sealed record ManagementTool(string? Name, ToolReading Reading, string? Problem)
{
    /// <summary>Vendors' tools are known to hang with the driver.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public static async Task<ManagementTool> AskAsync(ProfileFacts facts, HostMachine machine, CancellationToken cancellationToken)
    {
        if (facts.Text("telemetry.tool") is not { } name || ToolFormats.Find(name) is not { } format || facts.Texts("telemetry.command") is not { IsEmpty: false } command)
            return new(null, ToolReading.Empty, "the facts name no management tool with its command (telemetry.tool, telemetry.command)");
        var output = await machine.RunAsync(command, Limit, cancellationToken);
        if (output.Failure is { } failure)
            return new(name, ToolReading.Empty, failure);
        var reading = format.Read(output.Text);
        return reading.Devices.IsEmpty && reading.Versions.IsEmpty
            ? new(name, reading, $"{string.Join(' ', command)} printed nothing that is understood: {SafeTools.Seen(command, output.Text)}")
            : new(name, reading, null);
    }

    /// <summary>The tool's rows of these devices, or why it speaks of others.</summary>
    /// <param name="all">The devices of the chip that the kernel has.</param>
    public (ImmutableArray<DeviceSample> Rows, string? Problem) Of(ImmutableArray<PciDevice> all)
    {
        var rows = Reading.Devices;
        var strange = rows.FirstOrDefault(row => row.Bus is { } bus && all.All(device => device.Address != PciDevice.Normal(bus)));
        return strange is null ? (rows, null) : ([], $"{Name} lists a device at {strange.Bus}, where the kernel has none of this chip");
    }
}
