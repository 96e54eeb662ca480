using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>
/// One deployment of a language model that is looked at from all sides: how it is confined (SEC-01), what its layers compute (COR-06), what
/// its logits are worth (COR-07 to COR-09), what it draws (COR-14), what it makes of requests (COR-16) and how it counts (MET-01 to MET-04).
/// </summary>
internal sealed class TextServeStep : IStep
{
    public string Name => "text";

    public LocalText Title { get; } = new("Inspect, compare logits, draw, try requests and counts", "检查容器、比对 logits、采样、请求保真与计量");

    public ImmutableArray<string> Checks { get; } =
        ["SEC-01", "COR-06", "COR-07", "COR-08", "COR-09", "COR-14", "COR-16", "MET-01", "MET-02", "MET-03", "MET-04"];

    public bool IsFor(string modelKind) => modelKind == "llm";

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(20);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
        await using var running = server;
        var measured = ImmutableArray.CreateBuilder<Measurement>();
        if (run.Includes("SEC-01"))
            measured.Add(new Measurement { Check = "SEC-01", Facts = (await server.Container.InspectAsync(cancellationToken)).Facts });
        var tally = new UsageTally();
        if (run.HasTensorFace)
            await LogitsAsync(run, server, measured, tally, cancellationToken);
        if (run.Includes("COR-06") && run.Plan.Layers is { } layers)
            measured.Add(await LayerQuestions.AskAsync(run, server, layers, cancellationToken));
        measured.AddRange(await new TextChecks(run, server, tally).MeasureAsync(cancellationToken));
        return measured.ToImmutable();
    }

    /// <summary>A server without a tensor face shows no logits: those checks stay unmeasured, and so inconclusive.</summary>
    private static async Task LogitsAsync(
        RunContext run, Deployment server, ImmutableArray<Measurement>.Builder measured, UsageTally tally, CancellationToken cancellationToken)
    {
        var tensors = await LogitsAsync(run, server, run.Prepared.Golden.Inputs, cancellationToken);
        foreach (var check in (string[])["COR-07", "COR-08", "COR-09"])
            measured.Add(new Measurement { Check = check, Tensors = tensors });
        if (!run.Includes("COR-14") || run.Plan.Text?.Sampling is not { } sampling)
            return;
        var draws = new Draws(run, server, sampling, tally);
        measured.Add(new Measurement
        {
            Check = "COR-14",
            Series = [.. await draws.TakeAsync(run.Clause("COR-14").Limit("draws_min"), cancellationToken)],
            Tensors = [.. tensors.Where(tensor => tensor.Name == sampling.Document)],
        });
    }

    /// <summary>The logits of each input.</summary>
    internal static async Task<ImmutableArray<TensorFile>> LogitsAsync(RunContext run, Deployment server, ImmutableArray<GoldenInput> inputs, CancellationToken cancellationToken) =>
        [.. (await GoldenQuestions.AskAsync(run, server, inputs, cancellationToken)).Select(WithoutBatch)];

    /// <summary>One sequence was asked for, so a leading 1 says nothing; any other shape is kept, and judged as it is.</summary>
    private static TensorFile WithoutBatch(TensorFile tensor) => tensor.Shape is [1, _, _] ? tensor with { Shape = tensor.Shape.RemoveAt(0) } : tensor;
}
