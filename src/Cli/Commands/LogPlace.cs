using System.Net;
using Adaptation.Certificates;

namespace Adaptation.Cli;

/// <summary>A log that a user named: a folder, or the address of a static web server.</summary>
internal sealed record LogPlace(ILogSource Source, IDisposable? Connection) : IDisposable
{
    public static LogPlace Open(string name, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(name, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return new LogPlace(new LogFolder(name), Connection: null);
        var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All, ConnectTimeout = TimeSpan.FromSeconds(20) }) { Timeout = TimeSpan.FromSeconds(60) };
        return new LogPlace(new WebLog(client, name.TrimEnd('/') + "/", cancellationToken), client);
    }

    public void Dispose() => Connection?.Dispose();

    private sealed class WebLog(HttpClient client, string prefix, CancellationToken cancellationToken) : ILogSource
    {
        public string Name => prefix;

        public byte[]? TryRead(string path, int maxBytes)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, prefix + path);
            try
            {
                using var answer = client.Send(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if (answer.StatusCode is HttpStatusCode.NotFound)
                    return null;
                if (!answer.IsSuccessStatusCode)
                    throw new IOException($"{prefix}{path}: the server answered {(int)answer.StatusCode}; expected 200 or 404");
                using var body = answer.Content.ReadAsStream(cancellationToken);
                using var bytes = new MemoryStream();
                var buffer = new byte[16 * 1024];
                while (bytes.Length <= maxBytes && body.Read(buffer) is > 0 and var count)
                    bytes.Write(buffer, 0, (int)Math.Min(count, maxBytes + 1 - bytes.Length));
                return bytes.ToArray();
            }
            catch (HttpRequestException unreachable)
            {
                throw new IOException($"{prefix}{path} cannot be read: {unreachable.Message}", unreachable);
            }
            catch (TaskCanceledException late) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"{prefix}{path}: no answer within {client.Timeout.TotalSeconds:0} s", late);
            }
        }
    }
}
