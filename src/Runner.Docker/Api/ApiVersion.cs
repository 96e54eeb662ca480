using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>A version of the Docker Engine API, and which one two sides speak with each other.</summary>
internal sealed record ApiVersion(int Major, int Minor)
{
    /// <summary>Docker 20.10, and podman's compatible interface.</summary>
    public static readonly ApiVersion Oldest = new(1, 41);

    /// <summary>The newest whose documentation was read for the calls made here.</summary>
    public static readonly ApiVersion Newest = new(1, 47);

    /// <param name="server">What the daemon offers at most.</param>
    /// <param name="serverOldest">The oldest that it still speaks; null where it does not say.</param>
    /// <exception cref="BrokenEnvironmentException">There is none that both sides speak.</exception>
    public static ApiVersion Negotiate(string? server, string? serverOldest)
    {
        var offered = TryParse(server) ?? throw new BrokenEnvironmentException(
            $"What answers as a container engine names its API version as '{server}'; expected a version such as {Oldest}. Is it a Docker daemon?");
        if (offered.IsOlderThan(Oldest))
        {
            throw new BrokenEnvironmentException(
                $"The container engine speaks API version {offered}; {Oldest} (Docker 20.10) or newer is needed. Update it.");
        }

        var chosen = offered.IsOlderThan(Newest) ? offered : Newest;
        if (TryParse(serverOldest) is { } oldest && chosen.IsOlderThan(oldest))
        {
            throw new BrokenEnvironmentException(
                $"The container engine speaks API versions {oldest} to {offered}; this program speaks {Oldest} to {Newest}. Update this program.");
        }

        return chosen;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    private bool IsOlderThan(ApiVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor)) < 0;

    private static ApiVersion? TryParse(string? text) =>
        text?.Split('.') is [var major, var minor]
        && int.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var a)
        && int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var b)
            ? new ApiVersion(a, b)
            : null;
}
