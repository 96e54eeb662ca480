using System.Net;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>The container engine answered and said no; the message is the daemon's own.</summary>
public sealed class DockerException(string what, HttpStatusCode status, string message)
    : AdaptationException($"The container engine refused to {what}: {message} (HTTP {(int)status}).", cause: null)
{
    public HttpStatusCode Status { get; } = status;
}
