namespace Adaptation.Runner;

/// <summary>How a call to a backend failed.</summary>
public enum WireFailure
{
    /// <summary>No connection: nothing listens there.</summary>
    Refused,

    /// <summary>The connection ended before the answer did.</summary>
    Broken,

    /// <summary>The answer was not complete within the call's limit.</summary>
    Timeout,

    /// <summary>The server sent something that the protocol does not allow.</summary>
    Protocol,

    /// <summary>The server answered with an error of its own.</summary>
    ServerError,
}

/// <summary>A backend did not answer as the protocol says.</summary>
/// <remarks>Not an <see cref="Core.AdaptationException"/>: what a backend does is evidence, so that whoever asked it turns this into a sample.</remarks>
public sealed class WireException(WireFailure kind, string message, Exception? cause = null) : Exception(message, cause)
{
    public WireFailure Kind { get; } = kind;

    /// <summary>HTTP status of the answer, or null where there was none to read.</summary>
    public int? Status { get; init; }

    internal static WireException Protocol(string message, Exception? cause = null) => new(WireFailure.Protocol, message, cause);
}
