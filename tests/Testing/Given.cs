using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Testing;

/// <summary>Valid values to start from; a test changes with <c>with</c> what it is about.</summary>
public static class Given
{
    /// <summary>A plan of suite full for a tensor model, of one container on this machine, with every declaration made.</summary>
    public static Plan Plan { get; } = new()
    {
        RunId = "run-1",
        Suite = "full",
        ProfileId = "generic/cpu",
        ModelId = "reader",
        ModelKind = "tensor",
        Golden = new(RtolPpb: 1_000_000, AtolPpb: 100, Charset: null, Lines: []),
        Declared = new(
            ColdStartMillis: 2_000,
            WarmStartMillis: 1_000,
            LatencyP99Micros: ImmutableSortedDictionary<int, long>.Empty.Add(1, 50_000).Add(10, 200_000),
            ThroughputMilli: 100_000),
        RequiredVersions = ["driver", "engine"],
    };

    /// <summary>A standard of those clauses, in that order, in a suite <c>full</c> without a cap and a suite <c>quick</c> capped at L1.</summary>
    public static Standard Standard(params ImmutableArray<Clause> clauses)
    {
        var checks = clauses.Select(clause => clause.Id).ToImmutableArray();
        var none = ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, long>>.Empty;
        return new("domestic-adaptation-checks", "0.1.0", new string('0', 64), clauses,
        [
            new("full", new("Full", "完整"), Level.L5, checks, none),
            new("quick", new("Quick", "快速"), Level.L1, checks, none),
        ]);
    }

    /// <summary>A must of that procedure which applies to tensor models.</summary>
    public static Clause Clause(string id, string procedure, Level level, params ReadOnlySpan<(string Key, long Value)> limits)
    {
        var stated = ImmutableSortedDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        foreach (var (key, value) in limits)
            stated.Add(key, value);
        return new()
        {
            Id = id,
            Requirement = Requirement.Must,
            Level = level,
            Title = new(id, id),
            AppliesTo = ["tensor"],
            Method = "as the procedure says",
            Metric = procedure,
            Unit = "count",
            Threshold = "as the limits say",
            ThresholdBasis = "declared",
            Procedure = procedure,
            Limits = stated.ToImmutable(),
        };
    }

    public static Measurement Measurement(string check, params ImmutableArray<Series> series) => new() { Check = check, Series = series };

    public static Series Nanos(string name, params IEnumerable<long> samples) => new(name, "ns", [.. samples]);

    public static Series Counts(string name, params IEnumerable<long> samples) => new(name, "count", [.. samples]);

    public static Series Bytes(string name, params IEnumerable<long> samples) => new(name, "bytes", [.. samples]);

    public static ImmutableSortedDictionary<string, string> Facts(params ReadOnlySpan<(string Key, string Value)> facts)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in facts)
            all.Add(key, value);
        return all.ToImmutable();
    }
}
