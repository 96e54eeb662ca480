using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Asks an OpenAI-compatible server a set of streaming requests and keeps what arrived when.</summary>
public interface ITextLoadDriver
{
    /// <summary>Opens the connections, waits for <see cref="TextLoadSpec.Arrivals"/>, and returns once every request has ended.</summary>
    /// <param name="progress">Told from another thread about every 100 ms, or null.</param>
    /// <exception cref="Core.BrokenEnvironmentException">This machine does not let it try: file handles, ports.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; no connection stays open.</exception>
    Task<TextLoadResult> RunAsync(TextLoadSpec spec, IProgress<TextLoadProgress>? progress, CancellationToken cancellationToken);
}

public sealed record TextLoadSpec
{
    public required Transport Transport { get; init; }

    /// <summary>Null for plain HTTP; the name that the certificate must be for with TLS.</summary>
    public string? TlsName { get; init; }

    /// <summary>Asked in this order, each exactly once.</summary>
    public required ImmutableArray<TextRequest> Requests { get; init; }

    public required Arrivals Arrivals { get; init; }

    /// <summary>From due time to the end of the answer; a request that exceeds it has failed as <see cref="TextFailure.Timeout"/>.</summary>
    public required TimeSpan RequestLimit { get; init; }

    /// <summary>Sent with every request: authorization and the like.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>An open loop that would need more connections at once fails those requests as <see cref="TextFailure.NoConnection"/>.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Ends the load softly: what was answered by then is the result, requests on their way are left out, and <see cref="TextLoadResult.BrokenOff"/> says so.</summary>
    public CancellationToken Stop { get; init; } = CancellationToken.None;

    /// <summary>Largest answer, in bytes, head and framing included; the rest is not read.</summary>
    public long AnswerLimit { get; init; } = 16L << 20;
}

/// <param name="Path">Such as <c>/v1/completions</c>.</param>
/// <param name="Body">JSON, complete.</param>
public sealed record TextRequest(string Path, ReadOnlyMemory<byte> Body);

/// <summary>When requests leave.</summary>
public abstract record Arrivals
{
    private Arrivals()
    {
    }

    /// <summary>At times fixed before the load, whatever the server does.</summary>
    /// <param name="Due">Nanoseconds since the start of the load, one per request, ascending.</param>
    public sealed record Scheduled(ImmutableArray<long> Due) : Arrivals;

    /// <summary>So many at a time: the next one is due when one has ended.</summary>
    /// <param name="StopAfter">No request becomes due later than this since the start; null: all are asked.</param>
    /// <param name="RampUp">The first ones become due evenly over this time.</param>
    public sealed record Concurrent(int Streams, TimeSpan? StopAfter, TimeSpan RampUp) : Arrivals;
}

/// <summary>Everything that a load saw. Times are nanoseconds since its start on the runner's monotonic clock.</summary>
/// <param name="Samples">In the order of the requests; those that never became due are missing.</param>
/// <param name="BrokenOff">Why the load ended before its time, or null.</param>
/// <param name="NewConnections">Opened after the start; 0 in a load that measures latency.</param>
public sealed record TextLoadResult(ImmutableArray<TextSample> Samples, long Ended, string? BrokenOff, int NewConnections)
{
    /// <summary>The start itself, in nanoseconds of CLOCK_MONOTONIC: what a server on this machine can stamp its chunks with too. 0 if it never came.</summary>
    public long Started { get; init; }
}

/// <summary>One request and its answer.</summary>
public sealed record TextSample
{
    /// <summary>Its place in <see cref="TextLoadSpec.Requests"/>.</summary>
    public required int Request { get; init; }

    public required long Due { get; init; }

    /// <summary>When the request was handed to the socket; the due time's if it never was.</summary>
    public required long Sent { get; init; }

    /// <summary>First byte of the answer, whatever it holds; -1 if there was none.</summary>
    public long FirstByte { get; init; } = -1;

    /// <summary>End of the answer, or when the failure was noticed.</summary>
    public required long Ended { get; init; }

    /// <summary>0 if no status line was read.</summary>
    public int Status { get; init; }

    /// <summary>Those with content, in the order of arrival; role-only and empty ones do not count.</summary>
    public ImmutableArray<TextChunk> Chunks { get; init; } = [];

    /// <summary>As the server spelled it, or null.</summary>
    public string? FinishReason { get; init; }

    /// <summary>What the server says it counted: a claim. Null if it said nothing.</summary>
    public TextUsage? Usage { get; init; }

    /// <summary>Null for a whole, well-formed answer.</summary>
    public TextFailure? Failure { get; init; }

    /// <summary>What was wrong, in words; null without a failure.</summary>
    public string? Explanation { get; init; }
}

/// <summary>One event of a stream that brought content of choice 0.</summary>
/// <param name="At">When its last byte arrived at this machine.</param>
/// <param name="IsExact">False where it shared one receive with a later one, so that its time is only an upper bound.</param>
/// <param name="TokenIds">Where the server gives them (<c>return_token_ids</c>); otherwise empty. Ids that came without text stand with the next text, or the last.</param>
public readonly record struct TextChunk(long At, bool IsExact, string Text, ImmutableArray<int> TokenIds);

public sealed record TextUsage(long PromptTokens, long CompletionTokens, long TotalTokens, long? CachedTokens);

public enum TextFailure
{
    /// <summary>Connecting failed or no connection was free.</summary>
    NoConnection,

    /// <summary>The server closed the connection before the end of its answer.</summary>
    Broken,

    /// <summary>No end within the limit.</summary>
    Timeout,

    /// <summary>A status other than 200, or an error object in place of content; the answer's own words are the explanation.</summary>
    Refused,

    /// <summary>HTTP, event stream, JSON or UTF-8 that is none, or content after the end.</summary>
    Protocol,

    /// <summary>The answer exceeded <see cref="TextLoadSpec.AnswerLimit"/>.</summary>
    TooLarge,

    /// <summary>The stream ended without a finish reason or without <c>[DONE]</c>.</summary>
    Truncated,
}

/// <summary>How far a load is.</summary>
/// <param name="Elapsed">Nanoseconds since its start.</param>
public sealed record TextLoadProgress(long Elapsed, int Due, int InFlight, int Ended, int Failed, long Chunks);
