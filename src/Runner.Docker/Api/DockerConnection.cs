using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Makes an HTTP client whose every connection goes to one endpoint.</summary>
internal static class DockerConnection
{
    public static HttpClient Open(DockerEndpoint endpoint)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = endpoint switch
            {
                DockerEndpoint.Unix unix => (_, cancellationToken) => ConnectAsync(new UnixDomainSocketEndPoint(unix.Path), cancellationToken),
                DockerEndpoint.Tcp { Certificates: { } folder } tcp => Secure(tcp, folder),
                DockerEndpoint.Tcp tcp => (_, cancellationToken) => ConnectAsync(tcp.Host, tcp.Port, cancellationToken),
                _ => throw new System.Diagnostics.UnreachableException(),
            },
        };
        return new HttpClient(handler) { BaseAddress = new Uri("http://docker/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    private static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> Secure(DockerEndpoint.Tcp tcp, string folder)
    {
        var options = Options(tcp.Host, folder);
        return async (_, cancellationToken) =>
        {
            var secure = new SslStream(await ConnectAsync(tcp.Host, tcp.Port, cancellationToken));
            try
            {
                await secure.AuthenticateAsClientAsync(options, cancellationToken);
                return secure;
            }
            catch
            {
                await secure.DisposeAsync();
                throw;
            }
        };
    }

    private static SslClientAuthenticationOptions Options(string host, string folder)
    {
        try
        {
            var trust = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck, // a private authority publishes no list
            };
            trust.CustomTrustStore.ImportFromPemFile(Path.Combine(folder, "ca.pem"));
            return new SslClientAuthenticationOptions
            {
                TargetHost = host,
                CertificateChainPolicy = trust,
                ClientCertificates = [X509Certificate2.CreateFromPemFile(Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem"))],
            };
        }
        catch (Exception bad) when (bad is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new BrokenEnvironmentException(
                $"The certificates for the container engine in {folder} cannot be used: {bad.Message} Expected are ca.pem, cert.pem and key.pem.", bad);
        }
    }

    private static async ValueTask<Stream> ConnectAsync(UnixDomainSocketEndPoint path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(path, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
