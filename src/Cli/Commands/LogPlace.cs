using System.Net;
using Adaptation.Certificates;

namespace Adaptation.Cli;

/// <summary>A log that a user named: a folder, or the address of a static web server.</summary>
internal sealed record LogPlace(ILogSource Source, IDisposable? Connection) : IDisposable
{
    /// <summary>For a whole answer, its body too: a server that sends a byte now and then holds nobody.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static LogPlace Open(string name, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(name, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return new LogPlace(new LogFolder(name), Connection: null);
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, ConnectTimeout = TimeSpan.FromSeconds(20) };
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        return new LogPlace(new WebLog(client, name.TrimEnd('/') + "/", patience, cancellationToken), client);
    }

    public void Dispose() => Connection?.Dispose();

    private sealed class WebLog(HttpClient client, string prefix, TimeSpan patience, CancellationToken cancellationToken) : ILogSource
    {
        public string Name => prefix;

        public byte[]? TryRead(string path, int maxBytes)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(patience);
            try
            {
                return ReadAsync(prefix + path, maxBytes, deadline.Token).GetAwaiter().GetResult();
            }
            catch (HttpRequestException unreachable)
            {
                throw new IOException($"{prefix}{path} cannot be read: {unreachable.Message}", unreachable);
            }
            catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"{prefix}{path}: no whole answer within {patience.TotalSeconds:0} s", late);
            }
        }

        private async Task<byte[]?> ReadAsync(string address, int maxBytes, CancellationToken deadline)
        {
            using var answer = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, deadline);
            if (answer.StatusCode is HttpStatusCode.NotFound)
                return null;
            if (!answer.IsSuccessStatusCode)
                throw new IOException($"{address}: the server answered {(int)answer.StatusCode}; expected 200 or 404");
            if (answer.Content.Headers.ContentEncoding.Count > 0)
                throw new IOException($"{address}: the server sent it as {string.Join(", ", answer.Content.Headers.ContentEncoding)}; expected the bytes of the file");
            await using var body = await answer.Content.ReadAsStreamAsync(deadline);
            using var bytes = new MemoryStream();
            var buffer = new byte[16 * 1024];
            while (bytes.Length <= maxBytes && await body.ReadAsync(buffer, deadline) is > 0 and var count)
                bytes.Write(buffer, 0, (int)Math.Min(count, maxBytes + 1 - bytes.Length));
            return bytes.ToArray();
        }
    }
}
