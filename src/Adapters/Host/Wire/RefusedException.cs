namespace Adaptation.Adapters.Host;

/// <summary>The request cannot be served as it stands; the client is told why.</summary>
/// <param name="status">400 to 499.</param>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>The field of the request that it is about, or null. Only the OpenAI-compatible routes say it.</summary>
    public string? Parameter { get; init; }

    /// <summary>The word by which a program knows the reason, or null. Only the OpenAI-compatible routes say it.</summary>
    public string? Code { get; init; }

    public static RefusedException Bad(string message) => new(StatusCodes.Status400BadRequest, message);

    public static RefusedException Bad(string parameter, string message) => new(StatusCodes.Status400BadRequest, message) { Parameter = parameter };
}
