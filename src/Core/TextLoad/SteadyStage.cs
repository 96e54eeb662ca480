using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Adaptation.Core;

/// <summary>The part of a load in which it is what it set out to be: without its ramp and its drain.</summary>
/// <param name="From">Nanoseconds since the load began.</param>
/// <param name="To">Above <paramref name="From"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SteadyStage(long From, long To)
{
    public long Length => To - From;

    /// <summary>Finds the steady stage of a load; null if it has none.</summary>
    /// <remarks>
    /// Closed loops, after AISBench: from the first request sent after full concurrency was reached to the last moment at full concurrency.
    /// A Poisson load: from the first to the last due time, so that the drain is cut and an empty server at the start counts against the
    /// rate, never for it. Offline and multi-stream loads: from the start to the last content.
    /// </remarks>
    public static SteadyStage? TryFind(TextLoad load) => load.Terms.Scenario switch
    {
        TextScenarios.Server => Between(load.Requests.Min(request => request.Due), load.Requests.Max(request => request.Due)),
        TextScenarios.Offline or TextScenarios.MultiStream => Between(load.Requests.Min(request => request.Due), load.Arrivals.IsEmpty ? 0 : load.Arrivals.Max()),
        _ => AtFullConcurrency(load),
    };

    /// <summary>Requests that percentiles and goodput are made of: in a closed loop those sent in the steady stage, in an open one all.</summary>
    public ImmutableArray<TextRecord> Of(TextLoad load)
    {
        var (from, to) = (From, To);
        return TextScenarios.IsOpen(load.Terms.Scenario)
            ? load.Requests
            : [.. load.Requests.Where(request => request.Sent >= from && request.Sent <= to)];
    }

    /// <summary>Tokens that arrived inside the stage.</summary>
    public long Tokens(TextLoad load)
    {
        var tokens = 0L;
        for (var chunk = 0; chunk < load.Arrivals.Length; chunk++)
        {
            if (load.Arrivals[chunk] > From && load.Arrivals[chunk] <= To)
                tokens += load.ChunkTokens[chunk];
        }

        return tokens;
    }

    /// <summary>Thousandths of a token per second: tokens that arrived inside the stage over its length.</summary>
    public long OutputRateMilli(TextLoad load) => PerSecondMilli(Tokens(load));

    /// <summary>So many of anything in this stage, in thousandths per second, rounded down.</summary>
    public long PerSecondMilli(long count) => (long)Int128.Min((Int128)count * 1_000_000_000_000 / Length, long.MaxValue);

    /// <summary>Whether the longest request is short enough for a throughput to be believed.</summary>
    /// <remarks>Source: AISBench, trustworthiness rule: longest end-to-end latency below a third of the duration.</remarks>
    /// <param name="sharePpm">The third, in parts per million.</param>
    public bool IsTrustworthy(TextLoad load, long sharePpm) => (Int128)Longest(load) * 1_000_000 < (Int128)Length * sharePpm;

    /// <summary>Longest time from sending to end, failed requests included.</summary>
    public static long Longest(TextLoad load) => load.Requests.Max(request => request.Ended - request.Sent);

    private static SteadyStage? Between(long from, long to) => to > from ? new(from, to) : null;

    private static SteadyStage? AtFullConcurrency(TextLoad load)
    {
        var streams = load.Terms.Scenario == TextScenarios.SingleStream ? 1 : load.Terms.Streams;

        // At one instant the end comes first: what was answered made room for what was sent.
        var events = load.Requests.Select(request => (At: request.Sent, Step: 1))
            .Concat(load.Requests.Select(request => (At: request.Ended, Step: -1)))
            .OrderBy(change => change.At).ThenBy(change => change.Step);
        var (inFlight, isFull, from, to) = (0, false, (long?)null, (long?)null);
        foreach (var (at, step) in events)
        {
            if (isFull && step > 0)
                from ??= at;
            if (step < 0 && inFlight == streams)
                to = at;
            inFlight += step;
            isFull |= inFlight >= streams;
        }

        return from is { } first && to is { } last ? Between(first, last) : null;
    }
}
