using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A server that can be handed models over the model repository extension.</summary>
public interface IModelServer : IAsyncDisposable
{
    /// <summary>A profile's id, or an address.</summary>
    string Name { get; }

    /// <summary>Limit of one request.</summary>
    TimeSpan AnswerWithin { get; }

    /// <summary>Where it is; where it is not running and can be started, it is.</summary>
    /// <exception cref="BrokenEnvironmentException">Nothing is there that takes models.</exception>
    Task<Transport> ReachAsync(CancellationToken cancellationToken);

    /// <summary>Says why it broke off, and lets go of what is left of it: the next one is a new one, where it can be started.</summary>
    Task<string> ExplainAsync(Exception cause, CancellationToken cancellationToken);
}

/// <summary>The server of a profile, started without a model.</summary>
public sealed class ProfileModelServer : IModelServer
{
    private readonly Scratch _scratch;
    private readonly Deployer _deployer;
    private readonly Profile _profile;
    private Deployment? _running;

    public ProfileModelServer(ServerStand stand, TimeProvider time)
    {
        var runId = $"culprit-{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4))}";
        _profile = stand.Profile;
        _scratch = Scratch.Create(runId);
        _deployer = new Deployer(stand, _scratch, runId, time, new UnrecordedDeployments());
    }

    public string Name => _profile.Id;

    public TimeSpan AnswerWithin => _profile.Server.AnswerWithin;

    public async Task<Transport> ReachAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (_running ??= await _deployer.StartProfiledRepositoryAsync(cancellationToken)).Transport;
        }
        catch (BackendBrokenException broken)
        {
            throw new BrokenEnvironmentException($"The server of {Name} does not start: {broken.Message}", broken);
        }
    }

    public async Task<string> ExplainAsync(Exception cause, CancellationToken cancellationToken)
    {
        if (_running is not { } dead)
            return cause.Message;
        _running = null;
        await using (dead)
            return (await dead.ExplainAsync("was asked this", cause, cancellationToken)).Message;
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        _running = null;
        _scratch.Dispose();
    }
}

/// <summary>A server that someone else started.</summary>
public sealed class RemoteModelServer(Transport transport, TimeProvider time, TimeSpan answerWithin) : IModelServer
{
    private bool _isKnown;

    public string Name => transport.ToString();

    public TimeSpan AnswerWithin => answerWithin;

    public async Task<Transport> ReachAsync(CancellationToken cancellationToken)
    {
        if (_isKnown)
            return transport;
        try
        {
            _isKnown = await Task.Run(
                () =>
                {
                    using var client = new OipClient(transport, time, WireLimits.Default);
                    return client.HasRepository(answerWithin, cancellationToken);
                },
                CancellationToken.None);
        }
        catch (WireException nobody)
        {
            throw new BrokenEnvironmentException($"Nothing that speaks the Open Inference Protocol answers at {Name}: {nobody.Message} Start the server, or give another --url.", nobody);
        }

        return _isKnown ? transport : throw new BrokenEnvironmentException(
            $"The server at {Name} takes no models while it runs (POST /v2/repository/index is not answered with 200). Start our host with --repository, or another server with its model repository open to clients.");
    }

    public Task<string> ExplainAsync(Exception cause, CancellationToken cancellationToken)
    {
        _isKnown = false;
        return Task.FromResult(cause.Message);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Deployments of which no record is kept: nothing is certified by them.</summary>
internal sealed class UnrecordedDeployments : IDeploymentLog
{
    private int _number;

    public int NextNumber() => ++_number;

    public void Deploying(int number, string role)
    {
        // nothing is kept
    }

    public void Deployed(Deployment deployment)
    {
        // nothing is kept
    }

    public void Seen(Deployment deployment, DeviceSight sight)
    {
        // nothing is kept
    }

    public void Removed(Deployment deployment, byte[] log, NetworkCounts? network, long asked, long answered, IReadOnlyList<string> residue)
    {
        // nothing is kept
    }
}

/// <summary>Asks a server one question after the other.</summary>
/// <param name="Name">Of the server.</param>
/// <param name="Ask">Blocks no thread of the caller.</param>
internal sealed record ModelTalk(string Name, Func<OperatorQuestion, CancellationToken, Task<OperatorReply>> Ask)
{
    private const int MostDeaths = 10;

    /// <summary>Over the wire. A server that breaks off has failed that question; one that is not there, or broke off ten times, ends the talk with a <see cref="BrokenEnvironmentException"/>.</summary>
    public static ModelTalk With(IModelServer server, TimeProvider time)
    {
        var deaths = 0;
        return new(server.Name, async (question, cancellationToken) =>
        {
            var transport = await server.ReachAsync(cancellationToken);
            try
            {
                return await Task.Run(
                    () =>
                    {
                        using var wire = new OperatorWire(transport, time, server.AnswerWithin);
                        return wire.Ask(question, cancellationToken);
                    },
                    CancellationToken.None);
            }
            catch (WireException broken)
            {
                var why = await server.ExplainAsync(broken, cancellationToken);
                return ++deaths < MostDeaths
                    ? new OperatorReply.Failed("the server", why)
                    : throw new BrokenEnvironmentException($"The server {server.Name} broke off {MostDeaths} times; nothing more can be asked of it. The last time: {why}", broken);
            }
        });
    }

    public Task<OperatorReply> AskAsync(byte[] model, ImmutableArray<WireTensor> inputs, ImmutableArray<string> outputs, CancellationToken cancellationToken) =>
        Ask(new OperatorQuestion("model.onnx", model, inputs, outputs), cancellationToken);
}
