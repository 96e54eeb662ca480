using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks a server golden inputs, each once, and keeps each answer whole in the evidence.</summary>
internal static class GoldenQuestions
{
    /// <exception cref="BackendBrokenException">It died, hung or answered with what is no answer.</exception>
    public static async Task<ImmutableArray<TensorFile>> AskAsync(
        RunContext run, Deployment server, ImmutableArray<GoldenInput> inputs, CancellationToken cancellationToken)
    {
        var tensors = ImmutableArray.CreateBuilder<TensorFile>();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        using var client = new OipClient(server.Transport, run.Time, WireLimits.Default);
        var buffer = new AnswerBuffer();
        foreach (var input in inputs)
        {
            var asked = run.Time.GetTimestamp();
            try
            {
                var request = run.Prepared.Request(server.Transport, input);
                var outputs = await Task.Run(
                    () => client.Infer(request, buffer, run.Inputs.Profile.Server.AnswerWithin, either.Token).Parse(), CancellationToken.None);
                server.Count(asked: 1, answered: 1, run.Time.GetElapsedTime(asked));
                foreach (var (at, output) in run.Prepared.InOrder(outputs).Index())
                {
                    var path = outputs.Length == 1 ? $"outputs/{input.Id}.bin" : $"outputs/{input.Id}.{at}.bin";
                    RunDirectory.WriteWhole(run.Directory.InEvidence(path), output.Data.Span);
                    tensors.Add(new(input.Answers[at], path, output.DataType, output.Shape));
                }
            }
            catch (WireException broken)
            {
                server.Count(asked: 1, answered: 0, run.Time.GetElapsedTime(asked));
                throw await server.ExplainAsync($"answered golden input {input.Id}", broken, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw await server.ExplainAsync($"answered golden input {input.Id}", null, cancellationToken);
            }
        }

        return tensors.ToImmutable();
    }
}
