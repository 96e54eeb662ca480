using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>A closed loop of the golden inputs against one deployment. Every sixteenth answer is held against the golden outputs.</summary>
internal sealed class GoldenLoad
{
    private const int InspectEvery = 16;
    private const ulong Seed = 20260101; // published with the code: the order is no secret, and the same for everyone

    private readonly RunContext _run;
    private readonly Deployment _deployment;
    private readonly LoadSpec _spec;
    private long _looked;
    private long _wrong;

    public GoldenLoad(RunContext run, Deployment deployment, int streams)
    {
        (_run, _deployment) = (run, deployment);
        var isEcho = deployment.Role == "echo";
        _spec = new LoadSpec
        {
            Transport = deployment.Transport,
            Requests =
            [
                .. run.Prepared.Golden.Inputs.Select(input =>
                    isEcho ? Prepared.EchoRequest(deployment.Transport, input) : run.Prepared.Request(deployment.Transport, input)),
            ],
            Streams = streams,
            Seed = Seed,
            RequestLimit = run.Inputs.Profile.Server.AnswerWithin,
            Inspect = isEcho ? null : Inspect,
        };
    }

    /// <summary>Answers that were looked at and lay outside the golden tolerance: a server that is only right when it is idle is not right.</summary>
    public long Wrong => Interlocked.Read(ref _wrong);

    /// <exception cref="BackendBrokenException">The server died, hung or only failed.</exception>
    public Task<LoadResult> RunCountAsync(long count, CancellationToken cancellationToken) =>
        RunAsync((generator, token) => generator.RunCountAsync(count, token), cancellationToken);

    /// <inheritdoc cref="RunCountAsync"/>
    public Task<LoadResult> RunForAsync(TimeSpan duration, CancellationToken cancellationToken) =>
        RunAsync((generator, token) => generator.RunForAsync(duration, token), cancellationToken);

    /// <inheritdoc cref="RunCountAsync"/>
    public Task<LoadResult> RunUntilAsync(Func<Task> watch, CancellationToken cancellationToken) =>
        RunAsync((generator, token) => generator.RunUntilAsync(watch, token), cancellationToken);

    private async Task<LoadResult> RunAsync(Func<LoadGenerator, CancellationToken, Task<LoadResult>> run, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _deployment.Flooded);
        try
        {
            var result = await run(new LoadGenerator(_spec, _run.Time), either.Token);
            _deployment.Count(
                result.Samples.Length, result.Samples.Count(sample => sample.Failure is null), _run.Time.GetElapsedTime(result.Started, result.Ended));
            return result.BrokenOff is not { } reason
                ? result
                : throw await _deployment.ExplainAsync("served the load", new WireException(WireFailure.Broken, reason), cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await _deployment.ExplainAsync("served the load", null, cancellationToken);
        }
    }

    private void Inspect(LoadSample sample, ImmutableArray<WireTensor> outputs)
    {
        if (Interlocked.Increment(ref _looked) % InspectEvery == 0 && !_run.Golden.Agrees(sample.Request, _run.Prepared.InOrder(outputs)))
            Interlocked.Increment(ref _wrong);
    }
}
