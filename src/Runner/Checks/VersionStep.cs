using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Writes down what stack this is, as the runner's own probes read it (OPS-02); where the profile states a device, also what the engine says that it computes on.</summary>
internal sealed class VersionStep : IStep
{
    public string Name => "versions";

    public LocalText Title { get; } = new("Read the versions of the stack", "读取软硬件栈版本");

    public ImmutableArray<string> Checks { get; } = ["OPS-02"];

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(StatesDevice(run) ? 2 : 0.1);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var facts = StatesDevice(run) ? run.Facts.SetItem(Plan.EngineDevice, await DeviceAsync(run, cancellationToken)) : run.Facts;
        return [new Measurement { Check = "OPS-02", Facts = facts.ToImmutableSortedDictionary(pair => $"version.{pair.Key}", pair => pair.Value, StringComparer.Ordinal) }];
    }

    private static bool StatesDevice(RunContext run) => run.Plan.DeclaredVersions.ContainsKey(Plan.EngineDevice);

    /// <summary>A claim of the engine's, and the one place where another vendor's device under the same name shows.</summary>
    private static async Task<string> DeviceAsync(RunContext run, CancellationToken cancellationToken)
    {
        var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
        await using var running = server;
        var device = "";
        await new ServerTalk(run, server).DoAsync("was asked what it computes on", token => Task.Run(() =>
        {
            using var client = new OipClient(server.Transport, run.Time, WireLimits.Default);
            device = client.ReadServerMetadata(run.Inputs.Profile.Server.AnswerWithin, token).Device;
        }, CancellationToken.None), cancellationToken);
        return device;
    }
}
