using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks the server of a language model what its layers compute, where it lists an output of that (COR-06), and keeps every answer whole.</summary>
internal static class LayerQuestions
{
    private const int MostNames = 64;
    private const string Doing = "was asked what its layers compute";

    /// <exception cref="BackendBrokenException">It died or hung.</exception>
    public static async Task<Measurement> AskAsync(RunContext run, Deployment server, LayerPlan plan, CancellationToken cancellationToken)
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (run.Inputs.Profile.Server.Adapter is { Name: "llamacpp" } shows)
            facts["adapter"] = shows.Name;
        var tensors = ImmutableArray.CreateBuilder<TensorFile>();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        try
        {
            await Task.Run(() => Ask(run, server, plan, facts, tensors, either.Token), CancellationToken.None);
        }
        catch (WireException broken)
        {
            throw await server.ExplainAsync(Doing, broken, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await server.ExplainAsync(Doing, null, cancellationToken);
        }

        return new Measurement { Check = "COR-06", Facts = facts.ToImmutable(), Tensors = tensors.DrainToImmutable() };
    }

    private static void Ask(
        RunContext run, Deployment server, LayerPlan plan, ImmutableSortedDictionary<string, string>.Builder facts, ImmutableArray<TensorFile>.Builder tensors,
        CancellationToken cancellationToken)
    {
        using var client = new OipClient(server.Transport, run.Time, WireLimits.Default);
        var limit = run.Inputs.Profile.Server.AnswerWithin;
        ImmutableArray<TensorMetadata> outputs = [];
        if (Said(() => outputs = client.ReadModelMetadata(run.Inputs.ServedName, limit, cancellationToken).Outputs) is { } unlisted)
            facts["metadata"] = unlisted;
        // names are the server's: few and short, and hidden_states among them if it is
        foreach (var (output, at) in outputs.OrderByDescending(output => output.Name == LayerPlan.HiddenStates).Take(MostNames).Select((output, at) => (output, at)))
            facts[string.Create(CultureInfo.InvariantCulture, $"output.{at}")] = Clip.Text(output.Name);
        if (!outputs.Any(output => output.Name == LayerPlan.HiddenStates))
            return;
        var buffer = new AnswerBuffer();
        foreach (var golden in plan.Tensors)
        {
            var input = run.Prepared.Golden.Inputs.First(candidate => candidate.Id == golden.Input);
            var request = InferRequest.Create(server.Transport, run.Inputs.ServedName, input.Tensors, [golden.Name]);
            var asked = run.Time.GetTimestamp();
            var said = Said(() => tensors.Add(Keep(run, golden.Id, client.Infer(request, buffer, limit, cancellationToken).Parse()[0])));
            server.Count(asked: 1, answered: said is null ? 1 : 0, run.Time.GetElapsedTime(asked));
            if (said is not null)
                facts[$"unread.{golden.Id}"] = said;
        }
    }

    public static TensorFile Keep(RunContext run, string id, WireTensor answer)
    {
        var path = $"outputs/layers/{id}.bin";
        RunDirectory.WriteWhole(run.Directory.InEvidence(path), answer.Data.Span);
        return new(id, path, answer.DataType, answer.Shape);
    }

    /// <returns>What the server said or did instead of answering, or null. A connection that ends is another matter.</returns>
    private static string? Said(Action ask)
    {
        try
        {
            ask();
            return null;
        }
        catch (WireException failed) when (failed.Kind is WireFailure.ServerError or WireFailure.Protocol)
        {
            return failed.Message;
        }
    }
}
