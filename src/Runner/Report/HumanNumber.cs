using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One figure in units that people read. All its numbers share one unit and one number of decimals.</summary>
/// <param name="Unit">Empty for plain counts.</param>
internal sealed record HumanFigure(string Value, string? Lower, string? Upper, string? Limit, string Unit);

/// <summary>Chooses units and decimals.</summary>
internal static class HumanNumber
{
    /// <summary>How a sample or figure says that there is no such number, because a request failed.</summary>
    public const long Failed = long.MaxValue;

    private const int SignificantDigits = 4;
    private const int MaxDecimals = 15;

    // display unit and its size in base units (ns, byte, ppm), largest first
    private static readonly ImmutableArray<(string Unit, decimal Size)> Times = [("s", 1e9m), ("ms", 1e6m), ("µs", 1e3m), ("ns", 1m)];
    private static readonly ImmutableArray<(string Unit, decimal Size)> Bytes = [("GiB", 1073741824m), ("MiB", 1048576m), ("KiB", 1024m), ("B", 1m)];
    private static readonly ImmutableArray<(string Unit, decimal Size)> Shares = [("%", 1e4m)];

    /// <summary>Prefixes of what is judged in thousandths, energy above all: the unit's own letter follows.</summary>
    private static readonly ImmutableArray<(string From, string To)> Thousands = [("mJ/", "J/"), ("mWh/", "Wh/"), ("mg CO2e/", "g CO2e/")];

    /// <summary>Rounds, but never so far that two different numbers of the figure look the same: 100.04 ms is not its limit of 100 ms.</summary>
    public static HumanFigure Of(Figure figure)
    {
        var (scales, toBase) = Family(figure.Unit);
        ImmutableArray<decimal> inBase =
        [
            .. new[] { figure.ValueMilli, figure.LimitMilli, figure.LowerMilli, figure.UpperMilli }
                .Where(milli => milli is not null and not Failed).Select(milli => milli!.Value / 1000m * toBase).Distinct(),
        ];
        var (unit, size) = Pick(scales, inBase.FirstOrDefault(number => number != 0));
        ImmutableArray<decimal> numbers = [.. inBase.Select(number => number / size)];
        var decimals = Decimals(numbers);

        string? Show(long? milli) => milli switch
        {
            null => null,
            Failed => "∞",
            _ => (milli.Value / 1000m * toBase / size).ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        };

        return new(Show(figure.ValueMilli)!, Show(figure.LowerMilli), Show(figure.UpperMilli), Show(figure.LimitMilli), unit);
    }

    /// <param name="nanoseconds"><see cref="Failed"/> gives the sign for infinity.</param>
    public static string Time(long nanoseconds)
    {
        if (nanoseconds == Failed)
            return "∞";
        var (unit, size) = Pick(Times, nanoseconds);
        return $"{Plain(nanoseconds / size)} {unit}";
    }

    public static string Plain(decimal number) =>
        number.ToString("N" + Decimals([number]).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static (ImmutableArray<(string Unit, decimal Size)> Scales, decimal ToBase) Family(string unit) => unit switch
    {
        "ns" => (Times, 1m),
        "us" or "µs" => (Times, 1e3m),
        "ms" => (Times, 1e6m),
        "s" => (Times, 1e9m),
        "bytes" or "B" => (Bytes, 1m),
        "ppm" => (Shares, 1m),
        "count" or "1" => ([("", 1m)], 1m),
        _ when Thousands.FirstOrDefault(pair => unit.StartsWith(pair.From, StringComparison.Ordinal)) is ({ } from, { } to) => ([(to + unit[from.Length..], 1000m), (unit, 1m)], 1m),
        _ => ([(unit, 1m)], 1m),
    };

    private static (string Unit, decimal Size) Pick(ImmutableArray<(string Unit, decimal Size)> scales, decimal number) =>
        scales.FirstOrDefault(scale => Math.Abs(number) >= scale.Size, scales[^1]);

    private static int Decimals(ImmutableArray<decimal> numbers)
    {
        if (numbers.IsEmpty)
            return 0;
        var exact = Enumerable.Range(0, MaxDecimals).First(d => d == MaxDecimals - 1 || numbers.All(number => Math.Round(number, d) == number));
        var whole = Math.Abs(numbers[0]) < 1 ? 0 : (int)Math.Log10((double)Math.Abs(numbers[0])) + 1;
        var decimals = Math.Min(exact, Math.Max(0, SignificantDigits - whole));
        while (decimals < exact && numbers.Select(number => Math.Round(number, decimals)).Distinct().Count() < numbers.Length)
            decimals++;
        return decimals;
    }
}
