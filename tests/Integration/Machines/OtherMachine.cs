using Adaptation.Core;
using Adaptation.Runner;
using Adaptation.Runner.Tests;
using Adaptation.Testing;

namespace Adaptation.Integration;

/// <summary>A machine with an accelerator laid over this one for the command line and its container engine alone: device nodes, PCI tree, driver files and tools of a shipped profile.</summary>
/// <remarks>The engine behind the devices is the CPU's; everything between the kernel and the certificate is real.</remarks>
internal sealed class OtherMachine : IDisposable
{
    private readonly SoundMachine _machine;
    private readonly Place _place;

    /// <param name="shipped">Id of the profile whose chip the machine has.</param>
    public OtherMachine(Place place, string shipped, params ReadOnlySpan<int> devices)
    {
        var problems = new List<Problem>();
        var file = Path.Combine(Golden.Root, "hardware-profiles", $"{shipped}.yaml");
        Shipped = ProfileReader.TryRead(file, $"{shipped}.yaml", Golden.Root, problems) ?? throw new InvalidOperationException(string.Join('\n', problems));
        (_place, _machine) = (place, new SoundMachine(Shipped, [.. devices]));
    }

    public Profile Shipped { get; }

    public SimulatedMachine Simulated => _machine.Simulated;

    /// <summary>What becomes a command on that machine.</summary>
    public IEnumerable<string> Inside =>
        ["unshare", "--mount", "--propagation", "private", "/bin/sh", Place.Repository("tests/Integration/Machines/enter.sh"), Simulated.Root, Directory.CreateDirectory(Path.Combine(_place.Scratch, "overlay")).FullName];

    /// <summary>The shipped profile's chip with a stack that can be run here: ONNX Runtime on the CPU.</summary>
    /// <remarks>Limits that a machine may not be allowed to raise are left out; a device id that nobody states is the simulated one.</remarks>
    public string ToYaml()
    {
        var chip = Shipped.Facts.Extended[0].Shown["hardware-profiles/".Length..^".yaml".Length];
        var pci = Shipped.Chip.PciId ?? $"{Shipped.Facts.Texts("pci").FirstOrDefault("ffff")[..4]}:fade";
        return $$"""
            schema: adaptation.profile/v1
            id: test/{{chip.Replace('/', '-')}}
            extends: {{chip}}
            name: {en: Simulated accelerator, zh: 模拟加速卡}
            sources: {test: this test}
            chip: {vendor: {{Shipped.Chip.Vendor}}, model: {{Shipped.Chip.Model}}, kind: pci, pci: "{{pci}}"}
            image: {folder: containers/onnxruntime-cpu, base: "debian:12-slim", engine: onnxruntime}
            container: {cpus: 2, pids: 256, memory: 1GiB, tmp: 64MiB}
            serve:
              protocol: open-inference
              listen: unix
              ready_within: 30s
              answer_within: 5s
              streams: 2
              environment: {ORT_DISABLE_TELEMETRY: "1"}
              adapter: {name: onnxruntime, library: /opt/engine/libonnxruntime.so.1, provider: CPUExecutionProvider}
            declared: {cold_start: 30s, warm_start: 30s, latency_p99: {1: 1s, 4: 4s}, throughput: 20/s}
            facts:
              launch.ulimits: {value: unknown, source: test, confidence: seen}

            """;
    }

    public void Dispose() => _machine.Dispose();
}
