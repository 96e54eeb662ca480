using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Looks at an answer after it was stamped, on its stream's own thread; what it takes is not in the sample, but delays the stream's next request.</summary>
/// <param name="outputs">Good until this returns.</param>
public delegate void AnswerInspector(LoadSample sample, ImmutableArray<WireTensor> outputs);

/// <summary>A closed loop of requests: each stream asks its next one as soon as it has the answer to the last.</summary>
public sealed record LoadSpec
{
    public required Transport Transport { get; init; }

    /// <summary>At least one; all streams ask all of them, in shuffled cycles.</summary>
    public required ImmutableArray<InferRequest> Requests { get; init; }

    /// <summary>Connections, each with a thread of its own; 1 to 1,024.</summary>
    public required int Streams { get; init; }

    /// <summary>Of the order of requests.</summary>
    public required ulong Seed { get; init; }

    /// <summary>For one request; a server that exceeds it hangs, and ends the load.</summary>
    public required TimeSpan RequestLimit { get; init; }

    public WireLimits Limits { get; init; } = WireLimits.Default;

    /// <summary>Called by all streams at once, or null.</summary>
    public AnswerInspector? Inspect { get; init; }
}

/// <summary>One request of a load.</summary>
/// <param name="Stream">0 to streams - 1.</param>
/// <param name="Request">Its place in <see cref="LoadSpec.Requests"/>.</param>
/// <param name="Sent">Ticks of the runner's clock; without a whole answer, of when the call began.</param>
/// <param name="Done">Ticks of the runner's clock; without a whole answer, of when the failure was noticed.</param>
/// <param name="Failure">Null for an answer that is whole and well-formed. What its numbers are worth is not looked at here.</param>
public readonly record struct LoadSample(int Stream, int Request, long Sent, long Done, string? Failure);

/// <summary>Everything that a load saw.</summary>
/// <param name="Started">Ticks, when all streams were connected and let go.</param>
/// <param name="Ended">Ticks, when the last stream had ended.</param>
/// <param name="TicksPerSecond">Of all ticks here.</param>
/// <param name="Samples">Stream by stream, each in the order it asked.</param>
/// <param name="BrokenOff">Why the load ended before its time (the server died, hung or only failed), or null if it did not.</param>
public sealed record LoadResult(
    LoadSpec Spec, long Started, long Ended, long TicksPerSecond, ImmutableArray<LoadSample> Samples, string? BrokenOff);
