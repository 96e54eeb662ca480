namespace Adaptation.Runner;

/// <summary>Opens connections to a deployed server of text that count what they ask, and tells a server that broke off from a wrong answer.</summary>
internal sealed class ServerTalk(RunContext run, Deployment server)
{
    private readonly Lock _gate = new();

    /// <summary>A connection of its own; several may be used at a time.</summary>
    public TextQuestions Open(CancellationToken cancellationToken) => new(
        server.Transport, run.Inputs.ServedName, run.Inputs.Profile.Server.AnswerWithin, run.Time, new UsageTally(), Count, cancellationToken);

    /// <param name="what">Goes on from "the server ended while it".</param>
    /// <param name="work">Its token is cancelled too if the server floods its log.</param>
    /// <exception cref="BackendBrokenException">It died or hung.</exception>
    public async Task DoAsync(string what, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        try
        {
            await work(either.Token);
        }
        catch (WireException broken)
        {
            throw await server.ExplainAsync(what, broken, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await server.ExplainAsync(what, null, cancellationToken);
        }
    }

    private void Count(bool answered, TimeSpan took)
    {
        lock (_gate)
            server.Count(asked: 1, answered: answered ? 1 : 0, took);
    }
}
