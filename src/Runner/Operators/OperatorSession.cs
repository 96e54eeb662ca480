using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>What is asked of a profile's operators.</summary>
/// <param name="Tests">ONNX backend tests; may be empty.</param>
/// <param name="Cases">Generated cases; may be empty.</param>
/// <param name="Accuracy">COR-01: the tolerances that generated cases are held to.</param>
public sealed record OperatorRequest(ImmutableArray<NodeTest> Tests, IEnumerable<OperatorCase> Cases, Clause Accuracy);

/// <param name="Source"><c>onnx</c> for a backend test, <c>generated</c> for a generated case.</param>
public sealed record OperatorOutcome(string Source, OperatorResult Result);

/// <summary>Runs operator tests against the server of a profile, without a model and without a certificate.</summary>
/// <param name="tell">Told how many cases are done.</param>
public sealed class OperatorSession(ServerStand stand, TimeProvider time, Action<int> tell)
{
    private const int MostDeaths = 10;

    /// <summary>Whether the servers of a profile can be handed models.</summary>
    /// <returns>Null if so; else why not.</returns>
    public static string? WhyNot(Profile profile) => OperatorFormat.TryOf(profile.Server, out var reason) is null ? reason : null;

    /// <summary>Asks everything, one case after the other. A case that takes the server down fails, and a new one is started; after ten, the rest is not asked and fails.</summary>
    /// <exception cref="BackendBrokenException">The server does not start.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the server is removed.</exception>
    public async Task<ImmutableArray<OperatorOutcome>> RunAsync(OperatorRequest request, CancellationToken cancellationToken)
    {
        var runId = $"operators-{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4))}";
        using var scratch = Scratch.Create(runId);
        var deployer = new Deployer(stand, scratch, runId, time, new UnrecordedDeployments());
        var outcomes = ImmutableArray.CreateBuilder<OperatorOutcome>();
        using var jobs = Jobs(request).GetEnumerator();
        for (var (deaths, more) = (0, jobs.MoveNext()); more; deaths++)
        {
            if (deaths == MostDeaths)
            {
                do
                    outcomes.Add(jobs.Current.Died($"not asked: the server broke off {MostDeaths} times before"));
                while (jobs.MoveNext());
                break;
            }

            await using var server = await deployer.StartRepositoryAsync(cancellationToken);
            more = await AskAsync(server, jobs, outcomes, cancellationToken);
        }

        return outcomes.ToImmutable();
    }

    /// <returns>Whether there is more to ask, because the server broke off.</returns>
    private async Task<bool> AskAsync(Deployment server, IEnumerator<Job> jobs, ImmutableArray<OperatorOutcome>.Builder outcomes, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        try
        {
            await Task.Run(
                () =>
                {
                    using var wire = new OperatorWire(server.Transport, time, stand.Profile.Server.AnswerWithin);
                    do
                    {
                        outcomes.Add(jobs.Current.Ask(wire, either.Token));
                        tell(outcomes.Count);
                    }
                    while (jobs.MoveNext());
                },
                CancellationToken.None);
            return false;
        }
        catch (Exception broken) when (broken is WireException || (broken is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var why = await server.ExplainAsync("was asked this", broken as WireException, cancellationToken);
            outcomes.Add(jobs.Current.Died(why.Message));
            return jobs.MoveNext();
        }
    }

    private IEnumerable<Job> Jobs(OperatorRequest request)
    {
        var format = OperatorFormat.TryOf(stand.Profile.Server, out var reason) ?? throw new InvalidOperationException(reason);
        var takesOnnx = format.File.EndsWith(".onnx", StringComparison.Ordinal);
        foreach (var test in request.Tests)
        {
            yield return new Job(
                (wire, token) => new("onnx", takesOnnx ? NodeTestRun.Run(test, wire, token) : Unsupported(test, "the engine opens no ONNX file")),
                how => new("onnx", new OperatorResult.Fail(test.Id, test.Operator, test.DataType, test.Opset, "the server", how, "an answer")));
        }

        foreach (var one in request.Cases)
        {
            yield return new Job(
                (wire, token) => new("generated", Judge(request.Accuracy, GeneratedRun.Ask(one, format, wire, token))),
                how => new("generated", Judge(request.Accuracy, GeneratedRun.Died(one, how))));
        }
    }

    private static OperatorResult.Unsupported Unsupported(NodeTest test, string reason) => new(test.Id, test.Operator, test.DataType, test.Opset, reason);

    /// <summary>One case by the rules of COR-01, COR-02, COR-04 and COR-05.</summary>
    internal static OperatorResult Judge(Clause accuracy, OperatorAnswers one) => one.State switch
    {
        OperatorState.Unsupported => new OperatorResult.Unsupported(one.Id, one.Operator, one.DataType, one.Opset, one.Said),
        OperatorState.Failed => new OperatorResult.Fail(one.Id, one.Operator, one.DataType, one.Opset, "no answer", one.Said, "an answer"),
        _ => OperatorScore.Wrong(accuracy, one) is { } wrong
            ? new OperatorResult.Fail(one.Id, one.Operator, one.DataType, one.Opset, "values", wrong, one.Kind == OperatorKind.Exact ? "every bit" : "float64 arithmetic, within the tolerance of COR-01")
            : new OperatorResult.Pass(one.Id, one.Operator, one.DataType, one.Opset),
    };

    private sealed record Job(Func<OperatorWire, CancellationToken, OperatorOutcome> Ask, Func<string, OperatorOutcome> Died);
}
