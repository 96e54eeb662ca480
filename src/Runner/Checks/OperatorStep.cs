using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>
/// One deployment without a model, which is handed one small model after the other: what its operators compute (COR-01 to COR-04), and which it has (COR-05).
/// </summary>
/// <param name="source">Makes the cases.</param>
internal sealed class OperatorStep(OperatorSource source) : IStep
{
    public static ImmutableArray<string> All { get; } = ["COR-01", "COR-02", "COR-03", "COR-04", "COR-05"];

    public string Name => "operators";

    public LocalText Title { get; } = new("Ask every operator in every type", "逐算子、逐数据类型检验");

    public ImmutableArray<string> Checks => All;

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(20);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var server = run.Inputs.Profile.Server;
        var format = OperatorFormat.TryOf(server, out var reason) ?? throw new InvalidOperationException(reason); // the planner left such profiles out
        await using var running = await run.Deployer.StartRepositoryAsync(cancellationToken);
        // drawn when the container has started: nothing in it can have been made for these inputs
        var seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        run.Journal.Append("operators-drawn", ("seed", seed.ToString(CultureInfo.InvariantCulture)));
        using var packs = new OperatorPacks(seed);
        await AskAsync(run, running, format, seed, packs, cancellationToken);
        var tensors = packs.Finish((path, bytes) => RunDirectory.WriteWhole(run.Directory.InEvidence(path), bytes));
        var facts = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
        [
            KeyValuePair.Create("seed", seed.ToString(CultureInfo.InvariantCulture)), KeyValuePair.Create("cpu_fallback", Deployer.RefusesCpu(server) ? "refused" : "cpu"),
        ]);
        return [.. All.Select(check => new Measurement { Check = check, Facts = facts, Tensors = tensors })];
    }

    private async Task AskAsync(RunContext run, Deployment server, OperatorFormat format, ulong seed, OperatorPacks packs, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        var (asked, started) = ("the first operator", run.Time.GetTimestamp());
        var count = 0;
        try
        {
            await Task.Run(
                () =>
                {
                    using var wire = new OperatorWire(server.Transport, run.Time, run.Inputs.Profile.Server.AnswerWithin);
                    foreach (var one in source(OperatorSelection.All(seed)))
                    {
                        asked = one.Id;
                        packs.Add(GeneratedRun.Ask(one, format, wire, either.Token));
                        count++;
                    }
                },
                CancellationToken.None);
            server.Count(count, count, run.Time.GetElapsedTime(started));
        }
        catch (WireException broken)
        {
            server.Count(count + 1, count, run.Time.GetElapsedTime(started));
            throw await server.ExplainAsync($"was asked {asked}", broken, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await server.ExplainAsync($"was asked {asked}", null, cancellationToken);
        }
    }
}
