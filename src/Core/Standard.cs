using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>One version of the catalogue: what is checked, by which procedure, against which limits.</summary>
/// <param name="Sha256">Lowercase hex SHA-256 over the exact bytes of the catalogue file: what a certificate names.</param>
public sealed record Standard(
    string Name, string Version, string Sha256, ImmutableArray<Clause> Clauses, ImmutableArray<Suite> Suites)
{
    /// <summary>What can be waived at all, for how long, and how much of it a certificate may have.</summary>
    public WaiverRules Waivers { get; init; } = WaiverRules.None;

    /// <exception cref="KeyNotFoundException">There is no such clause.</exception>
    public Clause Clause(string id) =>
        Clauses.FirstOrDefault(clause => clause.Id == id) ?? throw new KeyNotFoundException($"{Name} {Version} has no clause {id}");

    public Suite? TryFindSuite(string name) => Suites.FirstOrDefault(suite => suite.Name == name);
}

public enum Requirement
{
    /// <summary>Needed for a certificate wherever the check applies.</summary>
    Must,

    /// <summary>Recommended; the result is shown on the certificate.</summary>
    Should,
}

/// <summary>One entry of the catalogue. A number of the standard stands here and nowhere in code.</summary>
public sealed record Clause
{
    /// <summary>Such as <c>COR-18</c>.</summary>
    public required string Id { get; init; }

    public required Requirement Requirement { get; init; }

    /// <summary>The certificate level that this clause belongs to.</summary>
    public required Level Level { get; init; }

    public required LocalText Title { get; init; }

    /// <summary>Kinds of model: llm, tensor, endpoint.</summary>
    public required ImmutableArray<string> AppliesTo { get; init; }

    /// <summary>How it is measured, in words.</summary>
    public required string Method { get; init; }

    public required string Metric { get; init; }

    public required string Unit { get; init; }

    /// <summary>The limit in words.</summary>
    public required string Threshold { get; init; }

    /// <summary>adopted, derived, declared or report.</summary>
    public required string ThresholdBasis { get; init; }

    /// <summary>The code that judges it; see <see cref="Judge"/>.</summary>
    public required string Procedure { get; init; }

    /// <summary>The limit in numbers: integers whose key names the unit (<c>rtol_ppb</c>, <c>min_seconds</c>, <c>share_ppm</c>).</summary>
    public required ImmutableSortedDictionary<string, long> Limits { get; init; }

    /// <summary>Whether two people may sign that a failure of it is accepted for a while; never so for correctness and for minima of throughput.</summary>
    public bool Waivable { get; init; }

    /// <exception cref="KeyNotFoundException">The catalogue does not state it; reading the catalogue makes sure that it does.</exception>
    public long Limit(string key) =>
        Limits.TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"{Id} states no limit {key}");
}

/// <summary>How much of the standard a run carries out.</summary>
/// <param name="Cap">The highest level that a run of this suite can reach.</param>
/// <param name="Overrides">Clause id to the limits that this suite changes.</param>
public sealed record Suite(
    string Name, LocalText Title, Level Cap, ImmutableArray<string> Checks,
    ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, long>> Overrides)
{
    /// <summary>The clause as this suite applies it.</summary>
    public Clause Apply(Clause clause) =>
        Overrides.TryGetValue(clause.Id, out var changed) ? clause with { Limits = clause.Limits.SetItems(changed) } : clause;
}
