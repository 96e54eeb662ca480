using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class RepeatabilityTests
{
    [Fact]
    public void A_constant_rate_passes()
    {
        var finding = Judged.By(Clauses.Repeatability, Runs(Loads.Steady(100, 60), Loads.Steady(100, 60), Loads.Steady(100, 60)));

        Judged.Passes(finding);
        Assert.Equal(new Figure("coefficient of variation", "%", 0, 0, 0, 5_000), finding.Figures[0]);
    }

    [Fact]
    public void A_constant_rate_passes_under_five_percent_of_noise_in_every_window() =>
        Assert.All(Enumerable.Range(0, 200), seed => Judged.Passes(Judged.By(Clauses.Repeatability, Noisy(1, 1, 1, seed))));

    [Fact]
    public void A_constant_rate_passes_under_the_worst_noise_of_five_percent()
    {
        ImmutableArray<long> run = Loads.Windows([.. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? 95.0 : 105.0)], 60);

        Judged.Passes(Judged.By(Clauses.Repeatability, Runs(run, run, run)));
    }

    [Fact]
    public void A_run_throttled_by_15_percent_fails()
    {
        var finding = Judged.By(Clauses.Repeatability, Runs(Loads.Steady(100, 60), Loads.Steady(85, 60), Loads.Steady(100, 60)));

        Assert.StartsWith("coefficient of variation 9.116 %", Judged.Measured(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_throttled_by_15_percent_fails_under_five_percent_of_noise() =>
        Assert.All(Enumerable.Range(0, 200), seed => Judged.Measured(Judged.By(Clauses.Repeatability, Noisy(1, 0.85, 1, seed))));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_stall_of_the_host_in_one_run_does_not_count(int stalled)
    {
        var rates = Enumerable.Repeat(100.0, 20).ToArray();
        rates.AsSpan(5, stalled).Clear();

        Judged.Passes(Judged.By(Clauses.Repeatability, Runs(Loads.Steady(100, 60), Loads.Windows([.. rates], 60), Loads.Steady(100, 60))));
    }

    [Fact]
    public void A_run_that_crawls_for_its_latter_half_does_not_pass()
    {
        ImmutableArray<double> half = [.. Enumerable.Repeat(100.0, 11), .. Enumerable.Repeat(50.0, 9)];

        Assert.IsNotType<Verdict.Pass>(Judged.By(Clauses.Repeatability, Runs(Loads.Steady(100, 60), Loads.Windows(half, 60), Loads.Steady(100, 60))).Verdict);
    }

    [Fact]
    public void Answers_in_batches_of_which_a_window_holds_few_do_not_fail_a_constant_rate()
    {
        // 18.5 and 18 batches of 8 a window: the count of a window jumps by a whole batch.
        var runs = Runs(Loads.Batches(49.3, 8, 60), Loads.Batches(48, 8, 60), Loads.Batches(49.3, 8, 60));

        Judged.Passes(Judged.By(Clauses.Repeatability, runs));
    }

    [Theory] // of the rates alone, the coefficient is 0 in the first case and 9.1 % in the second
    [InlineData(100)]
    [InlineData(85)]
    public void Windows_that_scatter_wildly_could_hide_or_feign_a_throttled_run_and_decide_nothing(double third)
    {
        var finding = Judged.By(Clauses.Repeatability, Runs(Alternating(100), Alternating(100), Alternating(third)));

        Assert.Contains("would decide it", Judged.Reason(finding), StringComparison.Ordinal);
        Assert.Equal(third == 100, finding.Figures[0].ValueMilli <= finding.Figures[0].LimitMilli);
    }

    [Theory] // rates 1, 1, x: the coefficient is (1 - x) / sqrt(3) / ((2 + x) / 3), 5 % at x = 0.91587
    [InlineData(91_600, "pass")]
    [InlineData(91_500, "fail")]
    public void Both_sides_of_the_limit(int third, string word)
    {
        var finding = Judged.By(Clauses.Repeatability, Runs(Loads.Steady(1000, 200), Loads.Steady(1000, 200), Loads.Steady(third / 100.0, 200)));

        Assert.Equal(word, finding.Verdict.Word);
    }

    [Fact]
    public void A_run_that_answered_nothing_fails() =>
        Assert.Equal("run 2 answered nothing", Judged.Measured(Judged.By(Clauses.Repeatability, Runs(Loads.Steady(100, 60), [], Loads.Steady(100, 60)))));

    [Fact]
    public void Runs_that_shared_a_container_decide_nothing()
    {
        var good = Runs(Loads.Steady(100, 60), Loads.Steady(100, 60), Loads.Steady(100, 60));

        Assert.Contains("shared a container", Judged.Reason(Judged.By(Clauses.Repeatability, good.WithFact("run.3.container", "c1"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_runs_where_three_are_asked_for_decide_nothing() =>
        Assert.Contains("run.1 to run.3", Judged.Reason(Judged.By(Clauses.Repeatability, Runs(Loads.Steady(100, 60), Loads.Steady(100, 60)))), StringComparison.Ordinal);

    [Fact]
    public void A_fourth_run_leaves_open_which_three_count() =>
        Judged.Reason(Judged.By(Clauses.Repeatability, Runs(Loads.Steady(100, 60), Loads.Steady(100, 60), Loads.Steady(100, 60), Loads.Steady(85, 60))));

    [Fact]
    public void Evidence_that_cannot_be_believed_decides_nothing()
    {
        var good = Runs(Loads.Steady(100, 60), Loads.Steady(100, 60), Loads.Steady(100, 60));

        Assert.All(
            new[]
            {
                good.WithoutFact("run.2.duration_ns"),
                good.WithoutFact("run.2.container"),
                good.WithFact("run.2.container", " "),
                good.WithFact("run.2.duration_ns", "1000"),
                good.WithSeries(Given.Nanos("run.2", 9, 8)),
                good.WithSeries(Given.Nanos("run.2", -9, 8)),
                good.WithSeries(Given.Counts("run.2", 8, 9)),
                good.WithSeries(Given.Nanos("run.x", 8, 9)),
            },
            measurement => Judged.Reason(Judged.By(Clauses.Repeatability, measurement)));
    }

    [Fact]
    public void The_coefficient_lies_within_its_bounds() =>
        Prop.ForAll<PositiveInt, PositiveInt>((seed, spread) =>
        {
            var finding = Judged.By(Clauses.Repeatability, Runs(
                Loads.Noisy(100, 60, 20, 0.1, seed.Get), Loads.Noisy(100 + (spread.Get % 50), 60, 20, 0.1, seed.Get + 1), Loads.Noisy(100, 60, 20, 0.1, seed.Get + 2)));

            var cv = finding.Figures[0];
            return cv.LowerMilli <= cv.ValueMilli && cv.ValueMilli <= cv.UpperMilli;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_slower_odd_run_never_helps() =>
        Prop.ForAll<PositiveInt, PositiveInt>((some, more) =>
        {
            var (slow, slower) = (1 - (some.Get % 30 / 100.0), 1 - (some.Get % 30 / 100.0) - (more.Get % 30 / 100.0));

            return Rank(Noisy(1, slower, 1, seed: 5)) <= Rank(Noisy(1, slow, 1, seed: 5));
        }).QuickCheckThrowOnFailure();

    // Every other window is half as fast again, the others half as fast.
    private static ImmutableArray<long> Alternating(double rate) =>
        Loads.Windows([.. Enumerable.Range(0, 20).Select(i => rate * (i % 2 == 0 ? 0.5 : 1.5))], 60);

    private static int Rank(Measurement m) => Judged.By(Clauses.Repeatability, m).Verdict switch { Verdict.Pass => 2, Verdict.Inconclusive => 1, _ => 0 };

    private static Measurement Noisy(double first, double second, double third, int seed) => Runs(
        Loads.Noisy(100 * first, 60, 20, 0.05, seed), Loads.Noisy(100 * second, 60, 20, 0.05, seed + 1000), Loads.Noisy(100 * third, 60, 20, 0.05, seed + 2000));

    private static Measurement Runs(params ImmutableArray<ImmutableArray<long>> runs)
    {
        var measurement = Given.Measurement("PERF-12", [.. runs.Select((run, i) => Given.Nanos($"run.{i + 1}", run))]);
        for (var i = 1; i <= runs.Length; i++)
            measurement = measurement.WithFact($"run.{i}.container", $"c{i}")
                .WithFact($"run.{i}.duration_ns", (Math.Max(60, runs[i - 1] is [.., var last] ? (last / Loads.Second) + 1 : 0) * Loads.Second).ToString(CultureInfo.InvariantCulture));
        return measurement;
    }
}
