using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Reads a container's output from before it starts, into a buffer.</summary>
/// <remarks>
/// Attached and not followed in the daemon's log: following loses all that comes after the log was rotated (seen with dockerd 20.10, with one
/// file and with two), and so the last words of a backend that had written much.
/// </remarks>
internal sealed class AttachedOutput : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly DockerClient _client;
    private readonly HttpResponseMessage _answer;
    private readonly string _id;
    private readonly Task _reading;

    private AttachedOutput(DockerClient client, HttpResponseMessage answer, string id)
    {
        (_client, _answer, _id) = (client, answer, id);
        _reading = ReadAsync();
    }

    public OutputBuffer Buffer { get; } = new();

    /// <param name="id">Of a container that was made and not yet started.</param>
    public static async Task<AttachedOutput> OpenAsync(DockerClient client, string id, CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(
            HttpMethod.Post, $"containers/{id}/attach?stream=1&stdout=1&stderr=1", content: null, $"attach to container {id[..12]}", cancellationToken);
        return new AttachedOutput(client, answer, id);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _answer.Dispose();
        await _reading;
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        var what = $"pass on the output of container {_id[..12]}";
        try
        {
            await using var stream = await _answer.Content.ReadAsStreamAsync(_stop.Token);
            await foreach (var chunk in DockerStreams.PayloadsAsync(stream, _stop.Token))
                Buffer.Add(chunk);
            // the stream has no end mark: a daemon that died ends it too, and then does not answer this
            using var alive = await _client.GetAsync("version", what, _stop.Token);
            Buffer.End(broken: null);
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException or OperationCanceledException && !_stop.IsCancellationRequested)
        {
            Buffer.End(_client.Broke(what, broken, CancellationToken.None));
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            Buffer.End(broken: null); // the container is being removed: that is the end of its output
        }
        catch (AdaptationException gone)
        {
            Buffer.End(gone);
        }
    }
}
