using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>What every procedure does with a measurement before it believes it.</summary>
internal static class Reading
{
    public static Finding Found(this Clause clause, Verdict verdict, ImmutableArray<Figure> figures = default) =>
        new(clause.Id, verdict, figures.IsDefault ? [] : figures);

    public static Finding Fails(this Clause clause, string measured, string limit, ImmutableArray<Figure> figures = default) =>
        clause.Found(new Verdict.Fail(measured, limit), figures);

    public static Finding Invalid(this Clause clause, string problem, ImmutableArray<Figure> figures = default) =>
        clause.Found(new Verdict.Inconclusive($"invalid evidence: {problem}"), figures);

    public static Figure Counted(string name, long count, long? limit = null) =>
        new(name, "count", Milli(count), LimitMilli: limit is { } most ? Milli(most) : null);

    /// <param name="unit">Such as samples/s.</param>
    public static Figure Rate(string name, string unit, double perSecond, double lower, double upper, double? limit = null) =>
        new(name, unit, Milli(perSecond), Milli(lower), Milli(upper), limit is { } least ? Milli(least) : null);

    /// <summary>A share that the clause states in parts per million, as a fraction of 1.</summary>
    public static double Share(this Clause clause, string key) => clause.Limit(key) / 1e6;

    /// <summary>A number of things that the clause states, as an int.</summary>
    /// <exception cref="OverflowException">The catalogue states a number that no run could reach.</exception>
    public static int Count(this Clause clause, string key) => checked((int)clause.Limit(key));

    /// <summary>Says what no measurement may show, whatever its procedure; null if nothing is wrong.</summary>
    public static string? Malformed(this Measurement m) =>
        m.Series.IsDefault || m.Tensors.IsDefault ? "a list is missing"
        : m.Series.FirstOrDefault(series => series.Samples.IsDefault) is { } hollow ? $"series {hollow.Name} has no list of samples"
        : Twice(m.Series.Select(series => series.Name)) is { } name ? $"series {name} is there twice"
        : Twice(m.Tensors.Select(tensor => tensor.Name)) is { } line ? $"tensor {line} is there twice"
        : m.Tensors.FirstOrDefault(tensor => tensor.Shape.IsDefault) is { } shapeless ? $"tensor {shapeless.Name} has no shape"
        : null;

    /// <summary>The first of several names that is there more than once, or null.</summary>
    public static string? Twice(IEnumerable<string> names) =>
        names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key;

    /// <summary>Says which series is missing, of another unit, or holds a negative sample; null if all can be used.</summary>
    public static string? Unusable(this Measurement m, string unit, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (m.Series.FirstOrDefault(series => series.Name == name) is not { } found)
                return $"the series {name} is missing";
            if (found.Unit != unit)
                return $"the series {name} is in {found.Unit}, not in {unit}";
            if (found.Samples.Any(sample => sample < 0))
                return $"the series {name} holds the negative sample {found.Samples.First(sample => sample < 0)}";
        }

        return null;
    }

    /// <summary>A fact that is a whole number, 0 or above, in plain decimal digits; null if it is anything else or not there.</summary>
    public static long? Number(this Measurement m, string fact) =>
        m.Facts.TryGetValue(fact, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The file of that path, or null if the bundle has none.</summary>
    public static ReadOnlyMemory<byte>? TryRead(this IBlobs files, string path)
    {
        try
        {
            return files.Read(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The sum of counts; what no long can hold ends at its end.</summary>
    public static long Total(this ImmutableArray<long> counts)
    {
        var total = Int128.Zero;
        foreach (var count in counts)
            total += count;
        return (long)Int128.Clamp(total, long.MinValue, long.MaxValue);
    }

    /// <summary>The facts whose key starts with a prefix, without it.</summary>
    public static ImmutableSortedDictionary<string, string> FactsUnder(this Measurement m, string prefix) =>
        m.Facts.Where(fact => fact.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToImmutableSortedDictionary(fact => fact.Key[prefix.Length..], fact => fact.Value, StringComparer.Ordinal);

    /// <summary>The gravest of several verdicts on parts of one check: fail, then inconclusive, then pass.</summary>
    public static Verdict Gravest(params ReadOnlySpan<Verdict> parts)
    {
        Verdict gravest = new Verdict.Pass();
        foreach (var part in parts)
        {
            if (part is Verdict.Fail)
                return part;
            if (part is Verdict.Inconclusive && gravest is Verdict.Pass)
                gravest = part;
        }

        return gravest;
    }

    /// <summary>Thousandths, rounded to the nearest; what no long can hold ends at its ends.</summary>
    public static long Milli(double value) =>
        double.IsNaN(value) ? long.MaxValue : (long)Math.Clamp(Math.Round(value * 1000), long.MinValue, long.MaxValue);

    /// <summary>The count in thousandths; what no long can hold ends at its end.</summary>
    public static long Milli(long count) => (long)Int128.Clamp((Int128)count * 1000, long.MinValue, long.MaxValue);

    /// <summary>A duration for people: three or more digits and its unit.</summary>
    /// <param name="nanos">A request that failed is <see cref="long.MaxValue"/>.</param>
    public static string Duration(Int128 nanos) =>
        nanos >= long.MaxValue ? "no answer"
        : nanos >= 10_000_000_000 ? string.Create(CultureInfo.InvariantCulture, $"{(double)nanos / 1e9:0.0} s")
        : nanos >= 1_000_000 ? string.Create(CultureInfo.InvariantCulture, $"{(double)nanos / 1e6:0.00} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{(double)nanos / 1e3:0.0} us");

    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.###} %");

    public static string Rate(double perSecond, string unit) => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.###} {unit}");
}
