using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>What a catalogue of checks may say, and how it is told what is wrong with it.</summary>
public sealed class StandardReaderTests
{
    [Fact]
    public void Few_checks_of_the_shipped_standard_can_be_waived_and_no_others()
    {
        var file = Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml");

        var standard = StandardReader.TryRead(file, file, [])!;

        Assert.Equal(["PERF-12", "OPS-01"], standard.Clauses.Where(clause => clause.Waivable).Select(clause => clause.Id));
        Assert.Equal((90, 1, 1, 2, 3, 0), (
            standard.Waivers.DaysMax, standard.Waivers.Cap(Level.L1, 0), standard.Waivers.Cap(Level.L4, 199), standard.Waivers.Cap(Level.L2, 200),
            standard.Waivers.Cap(Level.L3, 1000), standard.Waivers.Cap(Level.L5, 1000)));
    }

    [Fact]
    public void The_suite_audit_is_the_suite_quick_and_the_audit()
    {
        var file = Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml");
        var standard = StandardReader.TryRead(file, file, [])!;

        var (quick, audit) = (standard.TryFindSuite("quick")!, standard.TryFindSuite("audit")!);

        Assert.Equal(quick.Checks, audit.Checks.Where(check => check != "PERF-11"));
        Assert.Contains("PERF-11", audit.Checks);
        Assert.Equal(quick.Cap, audit.Cap);
        Assert.All(quick.Checks, check => Assert.Equal(
            quick.Apply(standard.Clause(check)).Limits.OrderBy(limit => limit.Key, StringComparer.Ordinal), audit.Apply(standard.Clause(check)).Limits.OrderBy(limit => limit.Key, StringComparer.Ordinal)));
    }

    public static TheoryData<string, string, string> StandardMistakes => new()
    {
        { "procedure: latency", "procedure: magic", "checks[2].procedure" },
        { "streams_low: 1, ", "", "checks[2].limits" },
        { "{repeats: 1,", "{repeats: -1,", "checks[1].limits.repeats" },
        { "{repeats: 1,", "{repeats: 1.5,", "checks[1].limits.repeats" },
        { "- id: PERF-01", "- id: COR-18", "checks" },
        { "level: must", "level: may", "checks[0].level" },
        { "certificate_level: L2", "certificate_level: L9", "checks[0].certificate_level" },
        { "checks: [PERF-01, OPS-01]", "checks: [PERF-99, OPS-01]", "suites.starts.checks" },
        { "checks: [PERF-01, OPS-01]", "checks: [OPS-01, OPS-01]", "suites.starts.checks" },
        { "checks: [PERF-01, OPS-01]", "checks: []", "suites.starts.checks" },
        { "checks: [PERF-01, OPS-01]", "checks: [PERF-01]\n    overrides: {PERF-01: {speed: 1}}", "suites.starts.overrides" },
        { "cap: L5", "cap: L5\n    colour: red", "suites.short.colour" },
        { "  unit: count", "  unit: count\n  surprise: 1", "checks[0].surprise" },
        { "  procedure: latency", "  waivable: maybe\n  procedure: latency", "checks[2].waivable" },
        { "  procedure: tensor-agreement", "  waivable: true\n  procedure: tensor-agreement", "checks[0].waivable" },
        { "  procedure: throughput", "  waivable: true\n  procedure: throughput", "checks[3].waivable" },
        { "  procedure: version-capture", "  waivable: true\n  procedure: version-capture", "checks[6].waivable" },
        { "\nsuites:", "\nwaivers: {days_max: 0, caps: {}}\nsuites:", "waivers.days_max" },
        { "\nsuites:", "\nwaivers: {days_max: 90}\nsuites:", "waivers.caps" },
        { "\nsuites:", "\nwaivers: {days_max: 90, caps: {L9: {least: 0, most: 1, share_ppm: 1}}}\nsuites:", "waivers.caps.L9" },
        { "\nsuites:", "\nwaivers: {days_max: 90, caps: {L1: {least: 2, most: 1, share_ppm: 1}}}\nsuites:", "waivers.caps.L1.least" },
        { "\nsuites:", "\nwaivers: {days_max: 90, caps: {L1: {least: 0, most: 1}}}\nsuites:", "waivers.caps.L1.share_ppm" },
    };

    public static TheoryData<string, string, string> Nonsense => new()
    {
        { "resamples", "0", "1000 to 1000000" },
        { "resamples", "999", "1000 to 1000000" },
        { "resamples", "1000001", "1000 to 1000000" },
        { "confidence_ppm", "0", "500000 to 999999" },
        { "confidence_ppm", "499999", "500000 to 999999" },
        { "confidence_ppm", "1000000", "500000 to 999999" },
        { "confidence_ppm", "95000000", "500000 to 999999" },
        { "p_min_ppm", "0", "1 to 500000" },
        { "p_min_ppm", "500001", "1 to 500000" },
        { "expected_min", "0", "1 to 1000" },
        { "expected_min", "-5", "1 to 1000" },
        { "expected_min", "1001", "1 to 1000" },
    };

    [Theory, MemberData(nameof(Nonsense))]
    public void A_number_that_no_statistic_can_use_is_refused_with_its_place_and_the_range(string limit, string value, string range)
    {
        var problem = Assert.Single(WithLimit(limit, value));

        Assert.Equal(($"checks[1].limits.{limit}", $"is `{value}`; expected a whole number from {range}"), (problem.Key, problem.Message));
        Assert.True(problem.Line > 0 && problem.File == "s.yaml");
    }

    [Theory]
    [InlineData("resamples", "1000")]
    [InlineData("resamples", "1000000")]
    [InlineData("confidence_ppm", "500000")]
    [InlineData("confidence_ppm", "999999")]
    [InlineData("p_min_ppm", "1")]
    [InlineData("p_min_ppm", "500000")]
    [InlineData("expected_min", "1")]
    [InlineData("expected_min", "1000")]
    public void The_ends_of_a_range_are_in_it(string limit, string value) => Assert.Empty(WithLimit(limit, value));

    [Fact]
    public void A_suite_cannot_change_a_number_to_nonsense()
    {
        var problems = Standard("checks: [PERF-01, OPS-01]", "checks: [PERF-04, OPS-01]\n    overrides: {PERF-04: {confidence_ppm: 1000000}}");

        Assert.Contains(problems, problem => problem.Key == "suites.starts.overrides.PERF-04.confidence_ppm" && problem.Message.Contains("500000 to 999999", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(StandardMistakes))]
    public void Each_mistake_in_a_standard_is_named_with_file_line_and_key(string from, string to, string key) =>
        Assert.Contains(Standard(from, to), problem => problem.Key == key && problem.Line > 0);

    private static List<Problem> WithLimit(string limit, string value) => Standard("{repeats: 1,", $"{{repeats: 1, {limit}: {value},");

    private static List<Problem> Standard(string from, string to)
    {
        using var folder = new TempFolder();
        var text = File.ReadAllText(Path.Combine(Golden.Root, "tests/Runner.Tests/Given/standard.yaml"));
        var at = text.IndexOf(from, StringComparison.Ordinal);
        var problems = new List<Problem>();
        StandardReader.TryRead(folder.Write("s.yaml", text[..at] + to + text[(at + from.Length)..]), "s.yaml", problems);
        return problems;
    }
}
