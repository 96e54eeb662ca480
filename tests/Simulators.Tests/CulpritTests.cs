using System.Runtime.InteropServices;
using Adaptation.Core;
using Adaptation.Runner;
using Adaptation.Testing;
using Adaptation.Testing.Onnx;

namespace Adaptation.Simulators.Tests;

/// <summary>The real text recognition model on the simulated chip: the fault is found at the node that has it, and its reproducer convicts the chip and no one else.</summary>
public sealed class CulpritTests
{
    private static readonly Clause Accuracy = StandInputs.Clause(Golden.Root, "COR-01");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory] // the first node of the model that has what the fault needs; 136 columns are 17 time steps, so that products have a second tile
    [InlineData("scaled-1-percent", 32, "p2o.Conv.0")]
    [InlineData("padding-off-by-one", 32, "p2o.Conv.0")]
    [InlineData("second-run", 32, "p2o.Conv.0")]
    [InlineData("long", 32, "p2o.MatMul.24")]
    [InlineData("wrong-tile", 136, "p2o.MatMul.0")]
    public async Task A_fault_is_found_at_its_node_and_the_reproducer_shows_it_on_the_chip_alone(string fault, int width, string node)
    {
        using var cpu = RepositoryHost.OnCpu();
        using var chip = RepositoryHost.OnChip(fault);

        var found = Assert.IsType<CulpritResult.Found>(await SearchAsync(cpu, chip, width));

        Assert.Equal([node], found.Names);
        var reproducer = Reproducer.Read(found.Reproducer.ToFile());
        Assert.False(Assert.IsType<ReplayResult.Answered>(await ReplayAsync(reproducer, chip)).IsPass);
        Assert.True(Assert.IsType<ReplayResult.Answered>(await ReplayAsync(reproducer, cpu)).IsPass);
        using var sound = RepositoryHost.OnChip("none");
        Assert.True(Assert.IsType<ReplayResult.Answered>(await ReplayAsync(reproducer, sound)).IsPass);
    }

    [Fact]
    public async Task A_sound_chip_ends_without_a_culprit()
    {
        using var cpu = RepositoryHost.OnCpu();
        using var chip = RepositoryHost.OnChip("none");

        var result = await SearchAsync(cpu, chip, 32);

        Assert.True(result is CulpritResult.NoCulprit { Compared: > 400 }, result.ToString());
    }

    private static Task<CulpritResult> SearchAsync(RepositoryHost cpu, RepositoryHost chip, int width)
    {
        var state = 7UL;
        var values = new float[3 * 48 * width];
        for (var at = 0; at < values.Length; at++)
            values[at] = (SplitMix64.Below(256, ref state) / 127.5f) - 1;
        var input = new WireTensor("x", "FP32", [1, 3, 48, width], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        return new CulpritSession(Remote(cpu), Remote(chip), TimeProvider.System, what => TestContext.Current.SendDiagnosticMessage(what.ToString())).RunAsync(
            new("ppocrv4-rec", CulpritModel.Read(Engine.OcrModel), [new("noise", [input])], Accuracy, "test"), Cancelled);
    }

    private static Task<ReplayResult> ReplayAsync(Reproducer reproducer, RepositoryHost host) => ReplaySession.RunAsync(reproducer, Remote(host), Accuracy, TimeProvider.System, Cancelled);

    private static RemoteModelServer Remote(RepositoryHost host) => new(host.Transport, TimeProvider.System, Patience);
}
