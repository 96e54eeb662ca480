using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Where power is counted: what lies behind that point (fans, power supplies, other boards) is not in the figure.</summary>
internal enum MeterPoint
{
    /// <summary>A meter of the whole machine that firmware shows.</summary>
    Machine,

    /// <summary>Counters of processor packages and of their memory.</summary>
    Processors,

    /// <summary>What a management tool prints of accelerators.</summary>
    Devices,
}

/// <summary>Something with a power of its own: a package, a memory, a device.</summary>
/// <param name="Name">Such as <c>rapl package-0</c> or <c>npu-smi device 0.1</c>.</param>
/// <param name="Spans">Between readings, in order, none longer than a gap may be; what lies between two that do not meet is a gap.</param>
/// <param name="Problem">Why nothing of it can be believed; null if it can.</param>
internal sealed record PowerChannel(string Name, int Source, MeterPoint Point, ImmutableArray<PowerSpan> Spans, string? Problem)
{
    /// <summary>A value above 100 kW of one device is no reading, whatever its cap.</summary>
    private const double MostWatts = 100_000;

    /// <param name="points">Time and accumulated joules, in order, wraps undone; equal values in a row are one reading that did not move on.</param>
    public static PowerChannel OfCounter(string name, int source, MeterPoint point, IEnumerable<(long At, double Joules)> points, long gapNanos, double? mostWatts)
    {
        var spans = ImmutableArray.CreateBuilder<PowerSpan>();
        (long At, double Joules)? before = null;
        string? problem = null;
        foreach (var next in points)
        {
            if (before is { } last && next.Joules == last.Joules)
                continue; // it stands still: time in which nothing was counted is a gap once it is too long
            if (before is { } from && next.At > from.At)
            {
                var watts = (next.Joules - from.Joules) * 1e9 / (next.At - from.At);
                problem ??= Absurd(name, watts, mostWatts);
                if (next.At - from.At <= gapNanos)
                    spans.Add(new(from.At, next.At, watts, watts));
            }

            before = next;
        }

        return new(name, source, point, spans.ToImmutable(), problem);
    }

    /// <param name="points">Time and watts, in order.</param>
    public static PowerChannel OfGauge(string name, int source, MeterPoint point, IEnumerable<(long At, double Watts)> points, long gapNanos, double? mostWatts)
    {
        var spans = ImmutableArray.CreateBuilder<PowerSpan>();
        (long At, double Watts)? before = null;
        string? problem = null;
        foreach (var next in points)
        {
            problem ??= next.Watts <= 0 ? $"{name} showed {Watt(next.Watts)}, which nothing that is switched on takes" : Absurd(name, next.Watts, mostWatts);
            if (before is { } from && next.At > from.At && next.At - from.At <= gapNanos)
                spans.Add(new(from.At, next.At, from.Watts, next.Watts));
            before = next;
        }

        return new(name, source, point, spans.ToImmutable(), problem);
    }

    /// <summary>Joules between two instants.</summary>
    /// <returns>Null with the first gap, where the instants are not bridged by readings.</returns>
    public double? TryEnergy(long from, long to, out (long From, long To) gap)
    {
        var (joules, reached) = (0.0, from);
        foreach (var span in Spans)
        {
            if (span.To <= reached)
                continue;
            if (span.From > reached || reached >= to)
                break;
            var end = Math.Min(span.To, to);
            joules += span.Joules(reached, end);
            reached = end;
        }

        gap = (Spans.LastOrDefault(span => span.To <= reached, new(0, reached, 0, 0)).To, Spans.FirstOrDefault(span => span.From >= reached, new(to, to, 0, 0)).From);
        return reached >= to ? joules : null;
    }

    /// <summary>Whether it showed one and the same power all the time from one instant to another.</summary>
    public bool IsConstant(long from, long to)
    {
        var values = Spans.Where(span => span.To > from && span.From < to).SelectMany(span => new[] { span.WattsFrom, span.WattsTo }).Distinct().Take(2).Count();
        return values == 1;
    }

    private static string? Absurd(string name, double watts, double? mostWatts) =>
        watts < 0 ? $"{name} counted backwards, and nothing says where it begins again"
        : watts > MostWatts || watts > mostWatts ? $"{name} showed {Watt(watts)}; no more than {Watt(Math.Min(mostWatts ?? MostWatts, MostWatts))} is believed" : null;

    private static string Watt(double watts) => string.Create(CultureInfo.InvariantCulture, $"{watts:0.#} W");
}

/// <summary>Between two readings: power goes from one value to the other in a straight line.</summary>
/// <param name="To">Above <paramref name="From"/>.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct PowerSpan(long From, long To, double WattsFrom, double WattsTo)
{
    /// <summary>Joules between two instants inside it.</summary>
    public double Joules(long from, long to) => (At(from) + At(to)) / 2 * (to - from) / 1e9;

    public double At(long instant) => WattsFrom + ((WattsTo - WattsFrom) * (instant - From) / (To - From));
}
