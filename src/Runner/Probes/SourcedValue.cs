using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>What one source says of a field.</summary>
/// <param name="Source">A file, a command or a tool, in words.</param>
/// <param name="Value">Null where nothing was read.</param>
/// <param name="Problem">Why nothing was read; null where it was.</param>
internal sealed record SourcedValue(string Source, string? Value, string? Problem)
{
    /// <summary>What all that was read says; where two differ nobody knows which one holds, and nothing is taken.</summary>
    /// <returns>A value, or why there is none.</returns>
    public static (string? Value, string? Why) Agreed(params ImmutableArray<SourcedValue> sources)
    {
        SourcedValue[] read = [.. sources.Where(source => source.Value is not null).DistinctBy(source => Bare(source.Value!), StringComparer.Ordinal)];
        return read.Length switch
        {
            0 => (null, string.Join("; ", sources.Select(source => source.Problem).OfType<string>().Distinct(StringComparer.Ordinal))),
            1 => (read[0].Value, null),
            _ => (null, $"sources differ: {string.Join(", ", read.Select(source => $"{source.Source} says {source.Value}"))}"),
        };
    }

    /// <summary>One value for several devices: they must all say the same.</summary>
    public static SourcedValue OfAll(string source, IEnumerable<(string Device, string? Value)> devices)
    {
        var all = devices.ToArray();
        string[] values = [.. all.Select(device => device.Value).OfType<string>().Distinct(StringComparer.Ordinal)];
        return values.Length switch
        {
            0 => new(source, null, null),
            1 => new(source, values[0], null),
            _ => new(source, string.Join(", ", all.Select(device => $"{device.Device} {device.Value ?? "none"}")), null) { IsMixed = true },
        };
    }

    /// <summary>Whether the devices themselves differ, so that no one value holds for all.</summary>
    public bool IsMixed { get; private init; }

    /// <summary>Some tools write v5.10.13 where others write 5.10.13.</summary>
    private static string Bare(string version) => version is ['v' or 'V', >= '0' and <= '9', ..] ? version[1..] : version;
}
