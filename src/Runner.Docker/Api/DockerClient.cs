using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Security.Authentication;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Speaks HTTP with the daemon: one negotiated version, its refusals as <see cref="DockerException"/>, limits on every plain call.</summary>
internal sealed class DockerClient : IDisposable
{
    /// <summary>No plain call takes this long on a daemon that is alive, even one that is busy.</summary>
    private static readonly TimeSpan CallLimit = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    private DockerClient(HttpClient http, DockerEndpoint endpoint, TimeProvider time) => (_http, Endpoint, _time) = (http, endpoint, time);

    public DockerEndpoint Endpoint { get; }

    /// <summary>Null until it is negotiated.</summary>
    public ApiVersion? Version { get; private set; }

    /// <exception cref="AdaptationException">Nothing answers there, or no API version is common.</exception>
    public static async Task<DockerClient> OpenAsync(DockerEndpoint endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        var client = new DockerClient(DockerConnection.Open(endpoint), endpoint, time);
        try
        {
            using var version = await client.GetAsync("version", "say its version", cancellationToken);
            client.Version = ApiVersion.Negotiate(version.RootElement.Text("ApiVersion"), version.RootElement.Text("MinAPIVersion"));
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>True where a daemon answers its ping within the limit.</summary>
    public static async Task<bool> AnswersAsync(DockerEndpoint endpoint, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var http = DockerConnection.Open(endpoint);
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var answer = await http.GetAsync("_ping", either.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public Task<JsonDocument> GetAsync(string path, string what, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, path, body: null, what, cancellationToken);

    /// <summary>Makes a call that is answered at once with JSON, or with nothing (then the document is null).</summary>
    /// <param name="what">Completes "the container engine refused to ...".</param>
    public async Task<JsonDocument> CallAsync(HttpMethod method, string path, byte[]? body, string what, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(CallLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var content = body is null ? null : new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
        try
        {
            using var answer = await SendAsync(method, path, content, what, either.Token);
            await using var stream = await answer.Content.ReadAsStreamAsync(either.Token);
            var bytes = await DockerStreams.ReadToEndAsync(stream, either.Token);
            return bytes.Length == 0 ? JsonDocument.Parse("null") : JsonDocument.Parse(bytes);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BrokenEnvironmentException(
                $"The container engine at {Endpoint} was asked to {what} and did not answer within {CallLimit.TotalSeconds:0} s. Restart it.");
        }
        catch (Exception broken) when (broken is IOException or JsonException)
        {
            throw Broke(what, broken, cancellationToken);
        }
    }

    /// <summary>Sends a request and returns as soon as the headers of a success are here; the body may go on for hours.</summary>
    /// <exception cref="DockerException">The daemon refused.</exception>
    /// <exception cref="BrokenEnvironmentException">The daemon cannot be reached, or hung up.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content, string what, CancellationToken cancellationToken)
    {
        var prefix = Version is null ? "" : $"v{Version}/";
        using var request = new HttpRequestMessage(method, new Uri(prefix + path, UriKind.Relative)) { Content = content };
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException failed) when (failed.InnerException is AdaptationException ours)
        {
            ExceptionDispatchInfo.Throw(ours); // from the body that was being sent, such as a file that changed
            throw;
        }
        catch (HttpRequestException failed)
        {
            throw Unreachable(failed, what, cancellationToken);
        }

        if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.NotModified)
            return answer;
        using (answer)
            throw await RefusalAsync(answer, what, cancellationToken);
    }

    /// <summary>Turns a connection that broke into words; a cancelled one into a cancellation, whatever the socket called it.</summary>
    public Exception Broke(string what, Exception cause, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? new OperationCanceledException(cause.Message, cause, cancellationToken)
            : new BrokenEnvironmentException(
                $"The connection to the container engine at {Endpoint} broke while it was asked to {what}: {cause.Message} Does the daemon still run?", cause);

    public void Dispose() => _http.Dispose();

    private static async Task<DockerException> RefusalAsync(HttpResponseMessage answer, string what, CancellationToken cancellationToken)
    {
        string message;
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            message = DockerStreams.MessageOf(await DockerStreams.ReadToEndAsync(stream, cancellationToken));
        }
        catch (IOException unread)
        {
            message = $"no reason could be read ({unread.Message})";
        }

        return new DockerException(what, answer.StatusCode, message);
    }

    private Exception Unreachable(HttpRequestException failed, string what, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return new OperationCanceledException(failed.Message, failed, cancellationToken);
        var why = failed.InnerException is SocketException or AuthenticationException or IOException ? failed.InnerException.Message : failed.Message;
        return new BrokenEnvironmentException(
            $"The container engine at {Endpoint} cannot be reached to {what}: {why} Start it, or name another with DOCKER_HOST.", failed);
    }
}
