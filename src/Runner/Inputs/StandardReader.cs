using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads a version of the standard and says everything that is wrong with it.</summary>
public static class StandardReader
{
    /// <returns>The standard; not to be used if anything was added to <paramref name="problems"/>.</returns>
    public static Standard? TryRead(string path, string shownAs, ICollection<Problem> problems)
    {
        if (Yaml.TryRead(path, shownAs, problems, out var sha256) is not { } top)
            return null;
        return top.Closed(catalogue =>
        {
            catalogue.Schema("adaptation.standard/v1");
            catalogue.Known(
                "status", "levels", "verdicts", "groups", "references", "evidence_grades", "applies_to_values",
                "threshold_basis_values", "control_rule", "certificate_levels", "title");
            ImmutableArray<Clause> clauses = [.. catalogue.Maps("checks").Select(entry => entry.Closed(Clause))];
            foreach (var twice in clauses.CountBy(clause => clause.Id, StringComparer.Ordinal).Where(count => count.Value > 1))
                catalogue.Problem("checks", $"{twice.Key} stands {twice.Value} times");
            ImmutableArray<Suite> suites = catalogue.Map("suites") is { } map
                ? map.Closed(all => all.Keys.Select(name => all.Map(name)?.Closed(suite => Suite(suite, name, clauses))).OfType<Suite>().ToImmutableArray())
                : [];
            return new Standard(catalogue.Text("catalogue"), catalogue.Text("version"), sha256, clauses, suites) { Waivers = Waivers(catalogue) };
        });
    }

    private static Clause Clause(YamlMap entry)
    {
        entry.Known("group", "justification", "references", "known_bad_control", "known_good_control");
        var procedure = entry.Text("procedure");
        var limits = Limits(entry, "limits");
        if (!Judge.Procedures.TryGetValue(procedure, out var needed))
            entry.Problem("procedure", $"`{procedure}` is not one that this program can judge; it knows {string.Join(", ", Judge.Procedures.Keys.Order(StringComparer.Ordinal))}");
        else if (needed.Where(key => !limits.ContainsKey(key)).ToArray() is { Length: > 0 } missing)
            entry.Problem("limits", $"{procedure} needs {string.Join(", ", missing)}");
        var clause = new Clause
        {
            Id = entry.Text("id"),
            Requirement = entry.Choice("level", "must", "should") == "must" ? Requirement.Must : Requirement.Should,
            Level = Level(entry, "certificate_level"),
            Title = entry.LocalText("title"),
            AppliesTo = entry.Texts("applies_to"),
            Method = entry.Text("method"),
            Metric = entry.Text("metric"),
            Unit = entry.Text("unit"),
            Threshold = entry.Text("threshold"),
            ThresholdBasis = entry.Choice("threshold_basis", "adopted", "derived", "declared", "report"),
            Procedure = procedure,
            Limits = limits,
            Waivable = entry.Boolean("waivable", otherwise: false),
        };
        if (clause.Waivable && WhyNeverWaived(clause) is { } why)
            entry.Problem("waivable", $"{clause.Id} cannot be waived: {why}");
        return clause;
    }

    private static string? WhyNeverWaived(Clause clause) =>
        clause.Requirement != Requirement.Must ? "it is a should, which withholds nothing"
        : clause.Id.StartsWith("COR-", StringComparison.Ordinal) ? "correctness never is"
        : clause.Procedure is "throughput" or "text-throughput" or "slo-throughput" or "goodput" ? "a minimum of throughput never is"
        : clause.Procedure is "version-capture" or "model-integrity" ? "without it nobody knows what was tested"
        : null;

    private static WaiverRules Waivers(YamlMap catalogue) => catalogue.TryMap("waivers")?.Closed(rules =>
        new WaiverRules((int)rules.Integer("days_max", 1, 366), rules.Map("caps")?.Closed(Caps) ?? WaiverRules.None.Caps)) ?? WaiverRules.None;

    private static ImmutableSortedDictionary<Level, WaiverCap> Caps(YamlMap caps)
    {
        var read = ImmutableSortedDictionary.CreateBuilder<Level, WaiverCap>();
        for (var level = Core.Level.L1; level <= Core.Level.L5; level++)
        {
            if (caps.TryMap(level.ToString()) is { } map)
                read[level] = map.Closed(Cap);
        }

        return read.ToImmutable();
    }

    private static WaiverCap Cap(YamlMap cap)
    {
        var most = (int)cap.Integer("most", 0, 100);
        return new((int)cap.Integer("least", 0, most), most, cap.Integer("share_ppm", 0, 1_000_000));
    }

    private static Suite Suite(YamlMap suite, string name, ImmutableArray<Clause> clauses)
    {
        var checks = suite.Texts("checks");
        foreach (var unknown in checks.Where(id => clauses.All(clause => clause.Id != id)))
            suite.Problem("checks", $"{unknown} is not a check of this standard");
        if (checks.IsEmpty)
            suite.Problem("checks", "a suite has at least one check");
        foreach (var twice in checks.CountBy(id => id, StringComparer.Ordinal).Where(count => count.Value > 1))
            suite.Problem("checks", $"{twice.Key} stands {twice.Value} times");
        var overrides = suite.TryMap("overrides")?.Closed(map =>
            map.Keys.ToImmutableSortedDictionary(id => id, id => Limits(map, id), StringComparer.Ordinal))
            ?? ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, long>>.Empty;
        foreach (var (id, changed) in overrides)
        {
            var known = clauses.FirstOrDefault(clause => clause.Id == id)?.Limits;
            foreach (var key in changed.Keys.Where(key => known?.ContainsKey(key) is not true))
                suite.Problem("overrides", $"{id} has no limit {key} to change");
        }

        return new Suite(name, suite.LocalText("title"), Level(suite, "cap"), checks, overrides);
    }

    private static ImmutableSortedDictionary<string, long> Limits(YamlMap entry, string key) => entry.TryMap(key) is not { } map
        ? ImmutableSortedDictionary<string, long>.Empty
        : map.Closed(limits => limits.Keys.ToImmutableSortedDictionary(
            name => name, name => limits.Integer(name, Range(name).Least, Range(name).Most), StringComparer.Ordinal));

    /// <summary>Outside of it the statistics behind a limit say nothing, or the same of every backend.</summary>
    private static (long Least, long Most) Range(string limit) => limit switch
    {
        "windows" => (5, long.MaxValue), // fewer have no trimmed mean
        "runs" => (2, 16), // one has no variation
        "resamples" => (1_000, 1_000_000), // Davison and Hinkley (1997): 999 or more for bounds of 95 % and above; each costs a pass over all documents
        "confidence_ppm" => (500_000, 999_999), // of one bound: below a half the lower bound lies above the upper one, and certainty has no finite one
        "p_min_ppm" => (1, 500_000), // 0 rejects nothing; a half rejects one right sampler in two
        "expected_min" => (1, 1_000), // Cochran (1954): below 1 the statistic has no chi-square distribution
        "repeats" or "streams_low" or "streams_high" or "workloads" or "percentile_permille" or "share_permille" => (1, long.MaxValue),
        _ => (0, long.MaxValue),
    };

    private static Level Level(YamlMap entry, string key) =>
        entry.Choice(key, "L1", "L2", "L3", "L4", "L5") is { Length: > 0 } text && Enum.TryParse<Level>(text, out var level) ? level : Core.Level.L5;
}
