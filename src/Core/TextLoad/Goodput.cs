using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Adaptation.Core;

/// <summary>What a request is to keep to; null where nothing is asked for.</summary>
/// <param name="FirstTokenNanos">TTFT.</param>
/// <param name="PerOutputTokenNanos">TPOT.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TextLimits(long? FirstTokenNanos, long? PerOutputTokenNanos)
{
    /// <summary>Whether a request was answered whole, long enough and in time.</summary>
    public bool AreMet(TextLoad load, TextRecord request) =>
        request.IsAnswered
        && request.OutputTokens >= load.Terms.LeastOutputTokens
        && !(FirstTokenNanos is { } first && load.FirstToken(request) > first)
        && !(PerOutputTokenNanos is { } pace && load.PerOutputToken(request) > pace);
}

/// <summary>Requests that met every limit, of all that were due (open loop) or sent (closed loop) in the steady stage.</summary>
/// <remarks>Source: inference-perf, except that it divides by successful requests; here a failure is a miss.</remarks>
/// <param name="Good">Requests that met all.</param>
/// <param name="Requests">All of them.</param>
/// <param name="RequestsMilli">Good requests per second, in thousandths.</param>
/// <param name="TokensMilli">Their tokens per second, in thousandths.</param>
public sealed record Goodput(int Good, int Requests, long RequestsMilli, long TokensMilli)
{
    public int Misses => Requests - Good;

    /// <summary>Share of good ones in parts per million, rounded down.</summary>
    public long SharePpm => Requests == 0 ? 0 : Good * 1_000_000L / Requests;

    public static Goodput Of(TextLoad load, SteadyStage stage, TextLimits limits)
    {
        var all = stage.Of(load);
        ImmutableArray<TextRecord> good = [.. all.Where(request => limits.AreMet(load, request))];
        return new(good.Length, all.Length, stage.PerSecondMilli(good.Length), stage.PerSecondMilli(good.Sum(request => (long)request.OutputTokens)));
    }
}

/// <summary>Whether the client sent what the schedule offered.</summary>
/// <param name="OfferedMilli">Requests per second by the schedule, in thousandths.</param>
/// <param name="AchievedMilli">Requests per second as sent, in thousandths.</param>
/// <param name="SkewPpm">How far the second lies from the first, in parts per million of it.</param>
public sealed record OfferedRate(long OfferedMilli, long AchievedMilli, long SkewPpm)
{
    /// <summary>Compares the two; null for a load of no or one request, or of requests that are all due at once.</summary>
    public static OfferedRate? TryMeasure(TextLoad load)
    {
        if (load.Requests.IsEmpty)
            return null;
        var (due, sent) = (load.Requests.Max(request => request.Due) - load.Requests.Min(request => request.Due),
            load.Requests.Max(request => request.Sent) - load.Requests.Min(request => request.Sent));
        if (due == 0 || sent == 0)
            return null;
        var gaps = (Int128)(load.Requests.Length - 1) * 1_000_000_000_000;
        return new((long)(gaps / due), (long)(gaps / sent), (long)Int128.Min(Int128.Abs((Int128)due - sent) * 1_000_000 / sent, long.MaxValue));
    }
}
