using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class HostAccountTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Windows_in_which_the_machine_was_busy_with_other_work_are_set_aside()
    {
        var finding = Judged.By(Clauses.Repeatability, Runs(Steady, Disturbed(slow: 5, busy: 5), Steady));

        Judged.Passes(finding);
        Assert.Contains(finding.Figures, figure => figure.Name.StartsWith("windows set aside", StringComparison.Ordinal) && figure.ValueMilli == 5_000);
    }

    [Fact]
    public void Too_few_undisturbed_windows_decide_nothing()
    {
        var finding = Judged.By(Clauses.Repeatability, Runs(Steady, Disturbed(slow: 6, busy: 6), Steady));

        Assert.Contains("only 19 of 25 windows were undisturbed, and 20 are needed", Judged.Reason(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void Slow_windows_on_a_quiet_machine_are_not_set_aside()
    {
        var finding = Judged.By(Clauses.Repeatability, Runs(Steady, Disturbed(slow: 25, busy: 0), Steady));

        Judged.Measured(finding);
    }

    [Theory]
    [InlineData("lengths")]
    [InlineData("order")]
    [InlineData("unit")]
    [InlineData("processors")]
    [InlineData("half")]
    public void An_account_that_contradicts_itself_does_not_pass(string flaw)
    {
        var good = Runs(Steady, Steady, Steady);
        Series Slices(ImmutableArray<long> samples, string unit = "ns") => new("run.2.slices", unit, samples);
        var bad = flaw switch
        {
            "lengths" => Replace(good, Slices([Second])),
            "order" => Replace(good, Slices([.. Enumerable.Range(1, 25).Select(at => (26 - at) * Second)])),
            "unit" => Replace(good, Slices([.. Enumerable.Range(1, 25).Select(at => at * Second)], "count")),
            "processors" => good with { Facts = good.Facts.Remove("processors") },
            _ => good with { Series = [.. good.Series.Where(series => series.Name != "run.2.slices")] },
        };

        Assert.IsType<Verdict.Inconclusive>(Judged.By(Clauses.Repeatability, bad).Verdict);
    }

    private static (ImmutableArray<long> Completed, ImmutableArray<long> Elsewhere) Steady => Disturbed(slow: 0, busy: 0);

    /// <summary>25 slices of a second at 100 samples each, the first few of them slow, the first few of them busy with other work.</summary>
    private static (ImmutableArray<long> Completed, ImmutableArray<long> Elsewhere) Disturbed(int slow, int busy) => (
        [.. Enumerable.Range(0, 25).SelectMany(second => Enumerable.Range(1, second < slow ? 60 : 100).Select(at => (second * Second) + (at * (Second / 101))))],
        [.. Enumerable.Range(0, 25).Select(second => second < busy ? Second : 0)]);

    private static Measurement Runs(params ReadOnlySpan<(ImmutableArray<long> Completed, ImmutableArray<long> Elsewhere)> runs)
    {
        var series = ImmutableArray.CreateBuilder<Series>();
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        facts["processors"] = "2";
        for (var at = 1; at <= runs.Length; at++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"run.{at}");
            series.AddRange(
                new Series(name, "ns", runs[at - 1].Completed),
                new Series($"{name}.slices", "ns", [.. Enumerable.Range(1, 25).Select(second => second * Second)]),
                new Series($"{name}.elsewhere", "ns", runs[at - 1].Elsewhere));
            facts[$"{name}.duration_ns"] = (25 * Second).ToString(CultureInfo.InvariantCulture);
            facts[$"{name}.container"] = name;
        }

        return new Measurement { Check = "PERF-12", Series = series.ToImmutable(), Facts = facts.ToImmutable() };
    }

    private static Measurement Replace(Measurement measurement, Series by) =>
        measurement with { Series = [.. measurement.Series.Select(series => series.Name == by.Name ? by : series)] };
}
