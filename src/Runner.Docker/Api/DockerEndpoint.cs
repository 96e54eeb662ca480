using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>Where a container engine listens.</summary>
public abstract record DockerEndpoint
{
    private DockerEndpoint()
    {
    }

    public sealed record Unix(string Path) : DockerEndpoint
    {
        public override string ToString() => $"unix://{Path}";
    }

    /// <param name="Certificates">Folder with <c>ca.pem</c>, <c>cert.pem</c> and <c>key.pem</c>; null for a plain connection.</param>
    public sealed record Tcp(string Host, int Port, string? Certificates) : DockerEndpoint
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"tcp://{Host}:{Port}");
    }

    /// <summary>Reads what the Docker client reads from DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.</summary>
    /// <param name="verifyTls">True where DOCKER_TLS_VERIFY has any value at all, as the Docker client takes it.</param>
    /// <exception cref="BadInputException">The address has another scheme, or TLS is asked for and no folder of certificates is named.</exception>
    public static DockerEndpoint Parse(string host, bool verifyTls, string? certificates)
    {
        if (host.StartsWith("unix://", StringComparison.Ordinal) && host["unix://".Length..] is ['/', ..] path)
            return new Unix(path);
        if (!host.StartsWith("tcp://", StringComparison.Ordinal)
            || !Uri.TryCreate(host, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.PathAndQuery is not ("" or "/"))
        {
            throw Bad($"is '{host}'; expected unix:///path/to/docker.sock or tcp://host:port (ssh and npipe are not spoken here)");
        }

        if (verifyTls && string.IsNullOrEmpty(certificates))
            throw Bad($"is '{host}' with DOCKER_TLS_VERIFY; set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem");
        return new Tcp(uri.IdnHost, uri.Port > 0 ? uri.Port : verifyTls ? 2376 : 2375, verifyTls ? certificates : null);
    }

    private static BadInputException Bad(string message) => new([new Problem("DOCKER_HOST", 0, "", message)]);
}
