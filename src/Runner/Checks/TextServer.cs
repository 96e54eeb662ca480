using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Puts text loads on a server that is deployed for them alone, and tells a broken server from a slow one.</summary>
internal static class TextServer
{
    public static TextSetting Setting(RunContext run, ITextLoadDriver driver) => new(
        driver, new DeployedPace(run.Deployer), Tokenizer(run), run.Inputs.ServedName, run.Inputs.Profile.Server.Streams,
        run.Inputs.Profile.Server.AnswerWithin, run.Plan.Declared);

    /// <summary>Starts a server in a container of its own, measures on it and removes it.</summary>
    /// <exception cref="BackendBrokenException">It died, hung, or answered nothing.</exception>
    public static Task<T> UseAsync<T>(
        RunContext run, TextSetting setting, Func<TextStand, Deployment, CancellationToken, Task<T>> measure, CancellationToken cancellationToken) =>
        UseAsync(run, setting, loaded: _ => { }, measure, cancellationToken);

    /// <param name="loaded">Told of each load that is measured.</param>
    /// <inheritdoc cref="UseAsync{T}(RunContext, TextSetting, Func{TextStand, Deployment, CancellationToken, Task{T}}, CancellationToken)"/>
    public static async Task<T> UseAsync<T>(
        RunContext run, TextSetting setting, Action<TextOutcome> loaded, Func<TextStand, Deployment, CancellationToken, Task<T>> measure, CancellationToken cancellationToken)
    {
        var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
        await using var running = server;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        try
        {
            return await measure(new TextStand(setting, server.Transport, AccountAsync), server, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await server.ExplainAsync("was under load", null, cancellationToken);
        }

        Task AccountAsync(TextOutcome outcome, bool isProbe, CancellationToken token)
        {
            if (!isProbe)
                loaded(outcome);
            return TextServer.AccountAsync(server, outcome, isProbe, token);
        }
    }

    private static async Task AccountAsync(Deployment server, TextOutcome outcome, bool isProbe, CancellationToken cancellationToken)
    {
        var (asked, answered) = (outcome.Load.Requests.Length, outcome.Load.Requests.Count(request => request.IsAnswered));
        server.Count(asked, answered, TimeSpan.FromTicks(outcome.Load.Terms.DurationNanos / 100));
        if (await server.DeathAsync(cancellationToken) is not null)
            throw await server.ExplainAsync("was under load", null, cancellationToken);
        if (outcome.BrokenOff is { } reason)
            throw await server.ExplainAsync($"was under load, which broke off ({reason})", null, cancellationToken);
        if (Refused(outcome, isProbe) is var (what, wanted))
            throw await server.ExplainAsync(what, WireException.Protocol(wanted), cancellationToken);
    }

    /// <returns>What the server did and what was expected of it; null if that is enough to go on: failures within a measured load are evidence, and judged.</returns>
    internal static (string What, string Wanted)? Refused(TextOutcome outcome, bool isProbe)
    {
        var (asked, answered) = (outcome.Load.Requests.Length, outcome.Load.Requests.Count(request => request.IsAnswered));
        if (answered == asked || (answered > 0 && !isProbe))
            return null;
        var said = outcome.Samples.FirstOrDefault(sample => sample.Failure is not null || sample.Chunks.IsEmpty)?.Explanation ?? "an answer without text";
        return answered == 0
            ? ($"answered none of {asked} requests", $"an answer to each was expected; the first: {said}. See the server's log.")
            : ($"left {asked - answered} of {asked} requests unanswered before anything was measured",
                $"an answer to each was expected; the first of them: {said} Let the server queue what it cannot answer at once, or state fewer `server.streams` in the profile.");
    }

    private static ITokenizer? Tokenizer(RunContext run) => run.Inputs.Model.Text is not { } text ? null
        : Tokenizers.FromJson(File.ReadAllBytes(Path.Combine(run.Prepared.RunnerFolder, text.Tokenizer)));
}

/// <summary>The server of known delay, deployed like any other: in a container, over the same kind of wire.</summary>
internal sealed class DeployedPace(Deployer deployer) : IPaceServer
{
    public async Task<IRunningPace> StartAsync(PaceSpec spec, CancellationToken cancellationToken) =>
        new Running(await deployer.StartPaceAsync(spec, cancellationToken));

    private sealed class Running(Deployment deployment) : IRunningPace
    {
        public Transport Transport => deployment.Transport;

        public ValueTask DisposeAsync() => deployment.DisposeAsync();
    }
}
