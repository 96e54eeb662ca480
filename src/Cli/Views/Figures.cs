using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary>Says a figure in the units that people think in.</summary>
internal static class Figures
{
    /// <summary>The one figure to show where there is room for one: the first that is held against a limit.</summary>
    public static Figure? Telling(ImmutableArray<Figure> figures) =>
        figures.FirstOrDefault(figure => figure.LimitMilli is not null) ?? figures.FirstOrDefault();

    public static string Say(Figure figure)
    {
        var interval = figure is { LowerMilli: { } lower, UpperMilli: { } upper } ? $" [{Number(lower, figure.Unit)}, {Number(upper, figure.Unit)}]"
            : figure.LowerMilli is { } floor ? $" [≥ {Number(floor, figure.Unit)}]" : "";
        var limit = figure.LimitMilli is { } held ? $", limit {Number(held, figure.Unit)}" : "";
        return $"{figure.Name} {Number(figure.ValueMilli, figure.Unit)}{interval}{limit}";
    }

    internal static string Number(long milli, string unit)
    {
        var value = milli / 1000.0;
        return unit switch
        {
            "ns" => Time(value),
            "us" => Time(value * 1e3),
            "ms" => Time(value * 1e6),
            "count" => value.ToString("0.###", CultureInfo.InvariantCulture),
            _ => $"{Digits(value)} {unit}",
        };
    }

    private static string Time(double nanos) => nanos switch
    {
        >= 1e9 => $"{Digits(nanos / 1e9)} s",
        >= 1e6 => $"{Digits(nanos / 1e6)} ms",
        _ => $"{Digits(nanos / 1e3)} µs",
    };

    private static string Digits(double value) =>
        value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);
}
