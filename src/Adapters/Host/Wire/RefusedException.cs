namespace Adaptation.Adapters.Host;

/// <summary>The request cannot be served as it stands; the client is told why.</summary>
/// <param name="status">400 to 499.</param>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    public static RefusedException Bad(string message) => new(StatusCodes.Status400BadRequest, message);
}
