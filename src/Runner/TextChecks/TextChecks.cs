using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks a server of text what COR-16 and MET-01 to MET-04 want to know, as far as the run's suite has them.</summary>
internal sealed class TextChecks(RunContext run, Deployment server, UsageTally tally)
{
    /// <exception cref="BackendBrokenException">It died or hung.</exception>
    public async Task<ImmutableArray<Measurement>> MeasureAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        try
        {
            return await Task.Run(() => Measure(either.Token), CancellationToken.None);
        }
        catch (WireException broken)
        {
            throw await server.ExplainAsync("answered requests of text", broken, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await server.ExplainAsync("answered requests of text", null, cancellationToken);
        }
    }

    private ImmutableArray<Measurement> Measure(CancellationToken cancellationToken)
    {
        var model = TextModelView.Load(run.Inputs.Model, run.Prepared.RunnerFolder);
        using var questions = new TextQuestions(
            server.Transport, run.Inputs.ServedName, run.Inputs.Profile.Server.AnswerWithin, run.Time, tally,
            (answered, took) => server.Count(asked: 1, answered: answered ? 1 : 0, took), cancellationToken);
        var measured = ImmutableArray.CreateBuilder<Measurement>();
        if (run.Includes("COR-16"))
            measured.Add(Fidelity.Measure(questions, model));
        if (run.Includes("MET-01"))
            measured.Add(TokenCountChecks.PromptTokens(questions, model, run.Clause("MET-01").Limit("prompts_min")));
        if (run.Includes("MET-02"))
            measured.Add(TokenCountChecks.CompletionTokens(questions, model, run.Clause("MET-02").Limit("answers_min")));
        if (run.Includes("MET-03"))
            measured.Add(StreamUsageCheck.Measure(questions, run.Clause("MET-03").Limit("streams_min")));
        if (run.Includes("MET-04"))
            measured.Add(tally.Measured());
        return measured.ToImmutable();
    }
}
