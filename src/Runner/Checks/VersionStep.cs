using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Writes down what stack this is, as the runner's own probes read it (OPS-02); where the profile states a device, also what the server says of its engine and device.</summary>
internal sealed class VersionStep : IStep
{
    public string Name => "versions";

    public LocalText Title { get; } = new("Read the versions of the stack", "读取软硬件栈版本");

    public ImmutableArray<string> Checks { get; } = ["OPS-02"];

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(StatesDevice(run) ? 2 : 0.1);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var facts = StatesDevice(run) ? run.Facts.SetItem(Plan.EngineDevice, await DeviceAsync(run, cancellationToken)) : run.Facts;
        return [Of(facts, run.Unread)];
    }

    /// <param name="unread">Field to the reason why it was not captured.</param>
    internal static Measurement Of(IEnumerable<KeyValuePair<string, string>> facts, IEnumerable<KeyValuePair<string, string>> unread) => new()
    {
        Check = "OPS-02",
        Facts = facts.Select(pair => KeyValuePair.Create($"version.{pair.Key}", pair.Value)).Concat(unread.Select(pair => KeyValuePair.Create($"unread.{pair.Key}", Clip.Text(pair.Value, LongestReason))))
            .ToImmutableSortedDictionary(StringComparer.Ordinal),
    };

    private const int LongestReason = 500;

    private static bool StatesDevice(RunContext run) => run.Plan.DeclaredVersions.ContainsKey(Plan.EngineDevice);

    /// <summary>The name by which the server describes itself: a claim, and the one place where another vendor's device under the same name shows.</summary>
    private static async Task<string> DeviceAsync(RunContext run, CancellationToken cancellationToken)
    {
        var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
        await using var running = server;
        var name = "";
        await new ServerTalk(run, server).DoAsync("was asked what it is", token => Task.Run(() => name = NameOf(run, server, token), CancellationToken.None), cancellationToken);
        return name;
    }

    /// <returns>Empty for a server that does not say: nothing was read, which fails the check and not the run.</returns>
    private static string NameOf(RunContext run, Deployment server, CancellationToken cancellationToken)
    {
        const int Longest = 500;
        using var client = new OipClient(server.Transport, run.Time, WireLimits.Default);
        try
        {
            return Clip.Text(client.ReadServerMetadata(run.Inputs.Profile.Server.AnswerWithin, cancellationToken).Name, Longest);
        }
        catch (WireException silent) when (silent.Kind is WireFailure.ServerError or WireFailure.Protocol)
        {
            return "";
        }
    }
}
