using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>The metrics of one request of a text load, in whole nanoseconds.</summary>
/// <remarks>
/// Sources: the basis of the standard, section 3; MLPerf inference rules for the scheduled time. A quotient is rounded up, so that it is at
/// most a limit exactly if the times themselves are. A request that failed or said nothing is <see cref="long.MaxValue"/>.
/// </remarks>
public static class TextMetrics
{
    /// <summary>TTFT as it is judged: from the due time in an open loop, from the send time otherwise.</summary>
    public static long FirstToken(this TextLoad load, TextRecord request) =>
        request.IsAnswered ? load.Arrivals[request.FirstChunk] - load.Start(request) : long.MaxValue;

    /// <summary>TTFT from the send time, whatever the loop.</summary>
    public static long WireFirstToken(this TextLoad load, TextRecord request) =>
        request.IsAnswered ? load.Arrivals[request.FirstChunk] - request.Sent : long.MaxValue;

    /// <summary>E2EL: to the last content, from where <see cref="FirstToken"/> starts. The terminator event is not counted.</summary>
    public static long EndToEnd(this TextLoad load, TextRecord request) =>
        request.IsAnswered ? load.Last(request) - load.Start(request) : long.MaxValue;

    /// <summary>TPOT: time from the first to the last content over the tokens after the first.</summary>
    /// <returns>
    /// Null for a whole answer of fewer than two tokens, which has none. Of several tokens in a single chunk nothing was streamed,
    /// so that nothing can be said for it: <see cref="long.MaxValue"/>.
    /// </returns>
    public static long? PerOutputToken(this TextLoad load, TextRecord request) =>
        !request.IsAnswered ? long.MaxValue
        : request.OutputTokens < 2 ? null
        : request.Chunks < 2 ? long.MaxValue
        : Over(load.Last(request) - load.Arrivals[request.FirstChunk], request.OutputTokens - 1);

    /// <summary>NTPOT: time from due to the last content over all tokens, prefill included.</summary>
    /// <returns>Null for a whole answer without a token.</returns>
    public static long? NormalisedPerOutputToken(this TextLoad load, TextRecord request) =>
        !request.IsAnswered ? long.MaxValue
        : request.OutputTokens == 0 ? null
        : Over(load.Last(request) - request.Due, request.OutputTokens);

    /// <summary>How late the client was in sending a request.</summary>
    public static long StartDelay(TextRecord request) => request.Sent - request.Due;

    /// <summary>ICL: gaps between chunks with content, of answered requests. Not ITL: a chunk is not a token.</summary>
    public static IEnumerable<long> ChunkGaps(this TextLoad load, TextRecord request)
    {
        for (var chunk = request.FirstChunk + 1; request.IsAnswered && chunk < request.FirstChunk + request.Chunks; chunk++)
            yield return load.Arrivals[chunk] - load.Arrivals[chunk - 1];
    }

    /// <summary>ITL: gaps between tokens, of answered requests. Tokens of one chunk came at once, which is a gap of 0.</summary>
    public static IEnumerable<long> TokenGaps(this TextLoad load, TextRecord request)
    {
        long? before = null;
        for (var chunk = request.FirstChunk; request.IsAnswered && chunk < request.FirstChunk + request.Chunks; chunk++)
        {
            for (var token = 0L; token < load.ChunkTokens[chunk]; token++)
            {
                if (before is { } at)
                    yield return load.Arrivals[chunk] - at;
                before = load.Arrivals[chunk];
            }
        }
    }

    /// <summary>Arrival of the last content of an answered request.</summary>
    internal static long Last(this TextLoad load, TextRecord request) => load.Arrivals[request.FirstChunk + request.Chunks - 1];

    private static long Start(this TextLoad load, TextRecord request) =>
        TextScenarios.IsOpen(load.Terms.Scenario) ? request.Due : request.Sent;

    private static long Over(long time, long parts) => (time / parts) + (time % parts > 0 ? 1 : 0);
}

/// <summary>Times of one kind, ascending; those of failed requests are left out and counted.</summary>
/// <param name="Sorted">Nanoseconds.</param>
/// <param name="Failed">Requests that failed: slower than all others.</param>
/// <param name="Undefined">Requests for which there is no such time.</param>
public sealed record TextPopulation(ImmutableArray<long> Sorted, int Failed, int Undefined)
{
    public static TextPopulation Of(IEnumerable<long?> times)
    {
        var all = times.ToArray();
        ImmutableArray<long> good = [.. all.Where(time => time is not null and not long.MaxValue).Select(time => time!.Value).Order()];
        return new(good, all.Count(time => time is long.MaxValue), all.Count(time => time is null));
    }

    public static TextPopulation Of(IEnumerable<long> times) => Of(times.Select(time => (long?)time));

    /// <summary>Nearest-rank percentile of what was answered.</summary>
    /// <param name="confidencePpm">Above 0 and below 1,000,000.</param>
    /// <returns>Null where there are too few samples for it to say anything of this percentile: a rank needs the count at which not one late
    /// sample would already prove it (44 for the 90th, 459 for the 99th at 99 %).</returns>
    public long? Percentile(int perMille, int confidencePpm) =>
        Sorted.Length >= EarlyStopping.Needed(0, perMille, confidencePpm) ? Statistics.Percentile<long>(Sorted.AsSpan(), perMille) : null;

    /// <summary>Samples above a limit, failed requests among them.</summary>
    public int Later(long limit) => Failed + Sorted.Count(time => time > limit);

    /// <summary>All requests that this says something of.</summary>
    public int Count => Sorted.Length + Failed;
}
