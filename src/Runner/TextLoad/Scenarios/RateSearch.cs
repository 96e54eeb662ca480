using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What one load says of a rate.</summary>
public enum SloAnswer
{
    /// <summary>Proven that both limits hold at the percentile.</summary>
    Holds,

    /// <summary>Proven that one of them does not.</summary>
    Fails,

    /// <summary>Neither: too few requests for so many misses.</summary>
    Open,
}

/// <param name="RateMilli">Thousandths of a request per second.</param>
/// <param name="Requests">That the probe was made of.</param>
public sealed record RateProbe(long RateMilli, int Requests, SloAnswer Answer);

/// <param name="HighestMilli">Highest rate that held; 0 if none did.</param>
/// <param name="LowestFailedMilli">Lowest rate that was taken to fail; null if none was found.</param>
/// <param name="Probes">All of them, in order.</param>
public sealed record RateFound(long HighestMilli, long? LowestFailedMilli, ImmutableArray<RateProbe> Probes);

/// <summary>Looks for the highest rate at which latency limits hold.</summary>
/// <remarks>
/// Doubles (or halves) until one rate holds and one does not, then bisects until they are within the precision. Each probe is judged by the
/// exact binomial rule. A rate counts as failed only when it failed twice, so that one disturbance decides nothing; an open probe is
/// repeated with twice the requests, and is taken to fail if it stays open, so that what is found was proven.
/// </remarks>
/// <param name="probe">Drives a rate with so many requests.</param>
/// <param name="requests">Of a first probe.</param>
/// <param name="precisionPpm">Such as 50,000: the rates are at most 5 % apart in the end.</param>
public sealed class RateSearch(Func<long, int, CancellationToken, Task<SloAnswer>> probe, int requests, long precisionPpm, int mostProbes)
{
    private readonly ImmutableArray<RateProbe>.Builder _probes = ImmutableArray.CreateBuilder<RateProbe>();

    public async Task<RateFound> RunAsync(long startMilli, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(startMilli);
        var (low, high) = (0L, (long?)null);
        var next = startMilli;
        while (_probes.Count < mostProbes && next > 0)
        {
            if (await HoldsAsync(next, cancellationToken))
                low = Math.Max(low, next);
            else
                high = Math.Min(high ?? long.MaxValue, next);
            if (high is not { } failed)
                next = checked(low * 2);
            else if (low == 0)
                next = failed / 2;
            else if ((Int128)(failed - low) * 1_000_000 <= (Int128)low * precisionPpm || failed - low < 2)
                break;
            else
                next = low + ((failed - low) / 2);
        }

        return new(low, high, _probes.ToImmutable());
    }

    /// <summary>Judges a load by its requests alone.</summary>
    public static SloAnswer Judge(TextLoad load, TextLimits limits, int perMille, int confidencePpm)
    {
        var n = load.Requests.Length;
        if (n == 0)
            return SloAnswer.Open;
        int Misses(TextLimits one) => load.Requests.Count(request => !one.AreMet(load, request));
        var misses = new[] { Misses(limits with { PerOutputTokenNanos = null }), Misses(limits with { FirstTokenNanos = null }) };
        return misses.All(t => n >= EarlyStopping.Needed(t, perMille, confidencePpm)) ? SloAnswer.Holds
            : misses.Any(t => Statistics.ShareBounds(t, n, confidencePpm / 1e6).Lower > (1000 - perMille) / 1000.0) ? SloAnswer.Fails
            : SloAnswer.Open;
    }

    private async Task<bool> HoldsAsync(long rate, CancellationToken cancellationToken)
    {
        var (failures, count) = (0, requests);
        for (var attempt = 0; attempt < 3 && _probes.Count < mostProbes; attempt++)
        {
            var answer = await probe(rate, count, cancellationToken);
            _probes.Add(new(rate, count, answer));
            if (answer == SloAnswer.Holds)
                return true;
            if (answer == SloAnswer.Open)
                count = checked(count * 2);
            else if (++failures == 2)
                break;
        }

        return false;
    }
}
